/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration says of who opens, beside kek: open-kek, open-only-kek and what the
 * command was told for one run. Read when it is first needed, and kept.
 */
#ifndef ENVELOPE_OPENERS_H
#define ENVELOPE_OPENERS_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/token/kek_names.h"

struct env_openers {
    struct env_kek_names *open;      /* NULL: open-kek is not set, and restricts nothing */
    struct env_kek_names *open_only; /* empty where it is not set */
    struct env_kek_names *too;       /* the same */
};

/* As env_kek_names_get. */
ENV_RESULT env_openers_get(_Atomic(struct env_openers *) *kept, const struct env_config *config,
                           const struct env_openers **out, struct env_error_detail *detail);

/* openers may be NULL. */
void env_openers_free(struct env_openers *openers);

/* A key, and what else it goes by. */
struct env_named_key {
    const struct env_key_attributes *key;
    const struct env_token *token; /* NULL: it is gone, and no name says anything of it ... */
    const struct env_token_name *token_name; /* ... unless this is set, and the name is enough */
    struct env_kek_id reference;             /* of an RSA key, by its public half; len 0: none */
};

/*
 * Whether a label, an id or a URI of a list is one of the key's. *kind_too: it says of itself that
 * it is for a key of this type; an AES and an RSA key may share the others. Files name none.
 */
bool env_kek_name_fits(const struct env_kek_name *name, const struct env_named_key *named,
                       bool *kind_too);

#endif
