/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider's section of openssl.cnf says. Values are read when the module is loaded (the
 * core hands them out then) and judged at the first operation, since libcrypto silently skips a
 * provider that fails to load.
 */
#ifndef ENVELOPE_CONFIG_H
#define ENVELOPE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope/base/config_keys.h"
#include "envelope/base/error.h"

enum env_wrap_choice {
    ENV_WRAP_CHOICE_AUTO, /* AES-KW, then AES-KWP, then AES-GCM: the first that token and key do */
    ENV_WRAP_CHOICE_AES_KW,
    ENV_WRAP_CHOICE_AES_KWP,
    ENV_WRAP_CHOICE_AES_GCM,
    ENV_WRAP_CHOICE_RSA_OAEP, /* RSA KEKs alone */
};

enum env_oaep_hash {
    ENV_OAEP_AUTO, /* what the token opens, SHA-256 first; SHA-1 for a KEK from a file */
    ENV_OAEP_SHA256,
    ENV_OAEP_SHA1,
};

/*
 * The text of each key, NULL where it is absent; it belongs to the struct. Beside it what it means,
 * since env_config_check; for yes and no since it was read.
 */
struct env_config {
#define ENV_CONFIG_TEXT_FIELD(field, name, usual, judge, slips) char *field;
#define ENV_CONFIG_CHOICE_FIELD(field, name, type, value, words, slips)                            \
    char *field;                                                                                   \
    type value;
#define ENV_CONFIG_YES_NO_FIELD(field, name, value, slips)                                         \
    char *field;                                                                                   \
    bool value;
#define ENV_CONFIG_SPLICE_FIELD(field, name, value, judge, slips)                                  \
    char *field;                                                                                   \
    bool value;
#define ENV_CONFIG_NUMBER_FIELD(field, name, value, least, most, usual, unit, slips)               \
    char *field;                                                                                   \
    unsigned value;
    ENV_CONFIG_KEYS(ENV_CONFIG_TEXT_FIELD, ENV_CONFIG_CHOICE_FIELD, ENV_CONFIG_YES_NO_FIELD,
                    ENV_CONFIG_YES_NO_FIELD, ENV_CONFIG_SPLICE_FIELD, ENV_CONFIG_NUMBER_FIELD)
    char *opens_too; /* a KEK that opens as well while this lasts: the command's --from; or NULL */
    char *unknown;   /* a likely misspelling that the section has, or NULL ... */
    const char *meant; /* ... and the key that was meant */
#undef ENV_CONFIG_TEXT_FIELD
#undef ENV_CONFIG_CHOICE_FIELD
#undef ENV_CONFIG_YES_NO_FIELD
#undef ENV_CONFIG_SPLICE_FIELD
#undef ENV_CONFIG_NUMBER_FIELD
};

/* ---- the rows of config_keys.h ---- */

enum env_config_kind {
    ENV_CONFIG_TEXT,
    ENV_CONFIG_CHOICE,
    ENV_CONFIG_YES_NO,
    ENV_CONFIG_UNLESS_NO,
    ENV_CONFIG_SPLICE,
    ENV_CONFIG_NUMBER,
};

typedef ENV_RESULT env_config_judge_fn(const char *value, const struct env_errors *errors);

struct env_config_key {
    const char *name;
    enum env_config_kind kind;
    size_t field;      /* where in struct env_config its text is */
    size_t value;      /* where what it means is; not of TEXT */
    const char *words; /* of CHOICE */
    unsigned least;    /* of NUMBER */
    unsigned most;
    unsigned usual;
    const char *unit;
    const char *text; /* of TEXT: what it is when it is left out, or NULL */
    env_config_judge_fn *judge;
    const char *slips;
};

/* The i-th; NULL behind the last. */
const struct env_config_key *env_config_key(size_t i);

/* The one of that name, and the one that is likely meant by such a misspelling; NULL: none. */
const struct env_config_key *env_config_key_named(const char *name);
const struct env_config_key *env_config_key_meant(const char *slip);

/* Judges the text of one row and sets what it means. */
ENV_RESULT env_config_judge(const struct env_config_key *key, struct env_config *config,
                            const struct env_errors *errors);

/* ---- the whole section ---- */

/*
 * Hands out one key of the section: *value becomes a copy (OPENSSL_free), or stays NULL where the
 * section does not have it. False when there is no memory.
 */
typedef bool env_config_ask_fn(void *arg, const char *key, char **value);

/* Asks for every existing key, and for likely slips. False as from ask. */
bool env_config_read(struct env_config *config, env_config_ask_fn *ask, void *arg);

/*
 * Judges every value and fills the fields above. Each failure names its key: CONFIG_VALUE,
 * CONFIG_UNKNOWN_KEY. URIs and PIN sources are judged by keymgmt/.
 */
ENV_RESULT env_config_check(struct env_config *config, const struct env_errors *errors);

void env_config_clear(struct env_config *config);

#endif
