/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KEKs that the lists in openssl.cnf name: parsed when first needed, and kept for all messages.
 * They contain no PIN: parsing takes it out of a URI, and login reads the configuration itself
 * (pin.h).
 */
#ifndef ENVELOPE_KEK_NAMES_H
#define ENVELOPE_KEK_NAMES_H

#include "envelope/base/config.h"
#include "keymgmt/token/query.h"

/* One word of a list. */
struct env_kek_name {
    bool optional;          /* it is also in kek-optional */
    char *file;             /* file:PATH, decoded; NULL: `query` is used */
    struct env_query query; /* for a label or URI */
    struct env_kek_id id;   /* the word as hexadecimal, in lists with ids; len 0: no id */
};

struct env_kek_names {
    size_t count; /* 0: no kek is configured */
    struct env_kek_name list[];
};

/* A list in the configuration. */
struct env_kek_list_text {
    const char *text; /* NULL: not set */
    const char *key;  /* the name of its configuration key */
    bool ids;         /* a word may also be an id in hexadecimal */
    bool one;         /* a single name, in the form that programs use */
};

/* True if text begins with "file:". */
bool env_kek_name_is_file(const char *text);

/* Fails with CONFIG_VALUE, CONFIG_BAD_URI, KEK_NOT_FOUND (for an impossible label) or NO_MEMORY. */
ENV_RESULT env_kek_names_of(const struct env_kek_list_text *list, struct env_kek_names **out,
                            struct env_error_detail *detail);

/* The same for kek, together with kek-optional. */
ENV_RESULT env_kek_names_parse(const struct env_config *config, struct env_kek_names **out,
                               struct env_error_detail *detail);

/*
 * The names cached at *kept, parsed now if they are not there yet. Threads that arrive at the same
 * time each parse them, and one result is kept: a lock could stay locked in a forked child. An
 * invalid configuration is not cached.
 */
ENV_RESULT env_kek_names_get(_Atomic(struct env_kek_names *) *kept, const struct env_config *config,
                             const struct env_kek_names **out, struct env_error_detail *detail);

/* If a name's failure comes from the value of kek and not from a token, adds that to the detail. */
void env_kek_names_explain(const struct env_kek_names *names, const struct env_kek_name *name,
                           struct env_error_detail *detail);

/* names may be NULL. */
void env_kek_names_free(struct env_kek_names *names);

#endif
