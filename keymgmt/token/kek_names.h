/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lists of KEKs in openssl.cnf name: read when they are first needed, and kept for all
 * messages. No PIN is in them: a URI's is taken out of it when it is parsed, and login asks the
 * configuration itself (pin.h).
 */
#ifndef ENVELOPE_KEK_NAMES_H
#define ENVELOPE_KEK_NAMES_H

#include "envelope/base/config.h"
#include "keymgmt/token/query.h"

/* One word of a list. */
struct env_kek_name {
    bool optional;          /* kek-optional has it as well */
    char *file;             /* file:PATH, decoded; NULL: what query looks for */
    struct env_query query; /* of a label or URI */
    struct env_kek_id id;   /* what the word is in hexadecimal, where a list has ids; len 0: none */
};

struct env_kek_names {
    size_t count; /* 0: no kek is configured */
    struct env_kek_name list[];
};

/* A list of the configuration. */
struct env_kek_list_text {
    const char *text; /* NULL: it is not set */
    const char *key;  /* what it is called there */
    bool ids;         /* a word may also be an id in hexadecimal */
    bool one;         /* it is one name, written as a program would */
};

/* True for text that begins with "file:". */
bool env_kek_name_is_file(const char *text);

/* CONFIG_VALUE, CONFIG_BAD_URI, KEK_NOT_FOUND (for an impossible label), NO_MEMORY. */
ENV_RESULT env_kek_names_of(const struct env_kek_list_text *list, struct env_kek_names **out,
                            struct env_error_detail *detail);

/* The same of kek, with kek-optional. */
ENV_RESULT env_kek_names_parse(const struct env_config *config, struct env_kek_names **out,
                               struct env_error_detail *detail);

/*
 * Those that are kept at *kept, which are read now if they have not been. Threads that come at the
 * same moment each read them, and one's are kept: there is no lock that a fork could leave locked.
 * Nothing is kept of a configuration that is wrong.
 */
ENV_RESULT env_kek_names_get(_Atomic(struct env_kek_names *) *kept, const struct env_config *config,
                             const struct env_kek_names **out, struct env_error_detail *detail);

/* Where a failure of one of the names is about what kek says, rather than about a token: says so.
 */
void env_kek_names_explain(const struct env_kek_names *names, const struct env_kek_name *name,
                           struct env_error_detail *detail);

/* names may be NULL. */
void env_kek_names_free(struct env_kek_names *names);

#endif
