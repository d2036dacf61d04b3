/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists, besides kek, that say which keys may open: open-kek, open-only-kek, and the command's
 * options for one run. Parsed when first needed, and kept.
 */
#ifndef ENVELOPE_OPENERS_H
#define ENVELOPE_OPENERS_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/token/kek_names.h"

struct env_openers {
    struct env_kek_names *open;      /* NULL: open-kek is not set and restricts nothing */
    struct env_kek_names *open_only; /* empty if not set */
    struct env_kek_names *too;       /* empty if not set */
};

/* Works like env_kek_names_get. */
ENV_RESULT env_openers_get(_Atomic(struct env_openers *) *kept, const struct env_config *config,
                           const struct env_openers **out, struct env_error_detail *detail);

/* openers may be NULL. */
void env_openers_free(struct env_openers *openers);

/* A key, and what else identifies it. */
struct env_named_key {
    const struct env_key_attributes *key;
    const struct env_token *token;           /* NULL: the token is gone, and no URI matches ... */
    const struct env_token_name *token_name; /* ... unless this is set, whose match is enough */
    struct env_kek_id reference;             /* of an RSA key, from its public half; len 0: none */
};

/*
 * Whether a label, id or URI in a list names the key. *kind_too: the name includes the type of key;
 * an AES and an RSA key can have the same label or id. File names never match.
 */
bool env_kek_name_fits(const struct env_kek_name *name, const struct env_named_key *named,
                       bool *kind_too);

#endif
