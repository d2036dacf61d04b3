/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's section of openssl.cnf. Values are read when the module is loaded, which is when
 * the core gives them out. They are checked at the first operation, because libcrypto silently
 * skips a provider that fails to load.
 */
#ifndef ENVELOPE_CONFIG_H
#define ENVELOPE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope/base/config_keys.h"
#include "envelope/base/error.h"

enum env_wrap_choice {
    ENV_WRAP_CHOICE_AUTO, /* the first of AES-KW, AES-KWP, AES-GCM that is supported */
    ENV_WRAP_CHOICE_AES_KW,
    ENV_WRAP_CHOICE_AES_KWP,
    ENV_WRAP_CHOICE_AES_GCM,
    ENV_WRAP_CHOICE_RSA_OAEP, /* RSA KEKs only */
};

enum env_oaep_hash {
    ENV_OAEP_AUTO, /* what the token opens, SHA-256 first; SHA-1 for a KEK from a file */
    ENV_OAEP_SHA256,
    ENV_OAEP_SHA1,
};

/*
 * The text of each key, or NULL if it is absent; owned by the struct. Next to it is its meaning,
 * valid after env_config_check; for yes and no, valid since it was read.
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
    char *opens_too;   /* a KEK that may also open in this run: the command's --from; or NULL */
    char *only_tokens; /* narrows `token` in this run: pkcs11: URIs from kek; or NULL */
    char *unknown;     /* a probable misspelling found in the section, or NULL ... */
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
    size_t field;      /* offset of its text in struct env_config */
    size_t value;      /* offset of its meaning; not for TEXT */
    const char *words; /* for CHOICE */
    unsigned least;    /* for NUMBER */
    unsigned most;
    unsigned usual;
    const char *unit;
    const char *text; /* for TEXT: the default, or NULL */
    env_config_judge_fn *judge;
    const char *slips;
};

/* The i-th key; NULL after the last. */
const struct env_config_key *env_config_key(size_t i);

/* The key with this name, and the key that this misspelling probably means; NULL: none. */
const struct env_config_key *env_config_key_named(const char *name);
const struct env_config_key *env_config_key_meant(const char *slip);

/* Checks the text of one row and sets its meaning. */
ENV_RESULT env_config_judge(const struct env_config_key *key, struct env_config *config,
                            const struct env_errors *errors);

/* ---- the whole section ---- */

/*
 * Returns one key of the section: *value becomes a copy (OPENSSL_free), or stays NULL if the
 * section does not have it. False if there is no memory.
 */
typedef bool env_config_ask_fn(void *arg, const char *key, char **value);

/* Asks for every existing key, and for probable misspellings. False if ask is. */
bool env_config_read(struct env_config *config, env_config_ask_fn *ask, void *arg);

/*
 * Checks every value and fills in the fields above. Each failure names its key: CONFIG_VALUE,
 * CONFIG_UNKNOWN_KEY. keymgmt/ checks URIs and PIN sources.
 */
ENV_RESULT env_config_check(struct env_config *config, const struct env_errors *errors);

void env_config_clear(struct env_config *config);

#endif
