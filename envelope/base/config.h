/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider's section of openssl.cnf says. Values are read when the module is loaded (the
 * core hands them out then) and judged at the first operation, since a provider that fails to load
 * is passed over in silence.
 */
#ifndef ENVELOPE_CONFIG_H
#define ENVELOPE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope/base/error.h"

enum env_wrap_choice {
    ENV_WRAP_CHOICE_AUTO, /* AES-KW, then AES-KWP, then AES-GCM: the first that token and key do */
    ENV_WRAP_CHOICE_AES_KW,
    ENV_WRAP_CHOICE_AES_KWP,
    ENV_WRAP_CHOICE_AES_GCM,
    ENV_WRAP_CHOICE_RSA_OAEP, /* RSA KEKs alone */
};

/* The choices above that name AES are about AES KEKs: for RSA ones there is only OAEP. */

enum env_oaep_hash {
    ENV_OAEP_AUTO, /* what the token opens, SHA-256 first; SHA-1 for a KEK from a file */
    ENV_OAEP_SHA256,
    ENV_OAEP_SHA1,
};

/* Strings are NULL where the key is absent; they belong to the struct. */
struct env_config {
    char *module_path;        /* pkcs11-module-path: paths; default, what p11-kit knows */
    char *module_init_args;   /* pkcs11-module-init-args: CK_C_INITIALIZE_ARGS.pReserved */
    char *token;              /* token: pkcs11: URIs that narrow the tokens */
    char *pin_source;         /* pin-source: file:PATH or env:NAME */
    char *pin_final_try;      /* pin-final-try: yes or no */
    char *kek;                /* kek: labels, pkcs11: URIs or file:s, separated by spaces */
    char *kek_optional;       /* kek-optional: those of them that sealing can go without */
    char *wrap;               /* wrap: auto, aes-kw, aes-kwp, aes-gcm, rsa-oaep */
    char *oaep_hash;          /* oaep-hash: auto, sha256, sha1 */
    char *context;            /* context: the default application context, UTF-8 */
    char *open_kek;           /* open-kek: labels or ids (hex) that may open, separated by spaces */
    char *propquery;          /* propquery: for the algorithms that we fetch */
    char *allow_weak_kek;     /* allow-weak-kek: yes or no */
    char *allow_imported_kek; /* allow-imported-kek: yes or no */
    char *standard_names;     /* standard-names: yes or no */
    char *pkcs11_scheme;      /* pkcs11-scheme: yes or no */
    char *session_wait;       /* session-wait: seconds */
    char *audit_log;          /* audit-log: file:/PATH or syslog */
    char *audit_required;     /* audit-required: yes or no */
    char *unknown;            /* a likely misspelling that the section has, or NULL */

    /* Set by env_config_check */
    enum env_wrap_choice wrap_choice;
    enum env_oaep_hash oaep_hash_choice;
    bool weak_allowed;
    bool imported_allowed;
    bool pin_final_try_on;         /* a try of the PIN after which the token locks is taken */
    unsigned session_wait_seconds; /* for a session of a token that has no more */
    bool audit_required_on;

    /* Set when the section is read: the names are there even when the value is neither yes nor no,
     * so that a slip is an error and never makes stock OpenSSL wrap under a selector. */
    bool standard_names_on;
};

/*
 * Hands out one key of the section: *value becomes a copy (OPENSSL_free), or stays NULL where the
 * section does not have it. False when there is no memory.
 */
typedef bool env_config_ask_fn(void *arg, const char *key, char **value);

/* Asks for every key that there is, and for likely slips. False as from ask. */
bool env_config_read(struct env_config *config, env_config_ask_fn *ask, void *arg);

/* The name of the i-th key; NULL behind the last. */
const char *env_config_key(size_t i);

/*
 * Judges every value and fills the fields above. Each failure names its key: CONFIG_VALUE,
 * CONFIG_UNKNOWN_KEY. URIs and PIN sources are judged by keymgmt/.
 */
ENV_RESULT env_config_check(struct env_config *config, const struct env_errors *errors);

/* Whether a key that is yes or no is yes, before it has been judged. */
bool env_config_is_yes(const char *value);

void env_config_clear(struct env_config *config);

#endif
