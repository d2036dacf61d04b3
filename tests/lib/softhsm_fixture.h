/* SPDX-License-Identifier: Apache-2.0 */
/* SoftHSM tokens in a directory of the test's own, and a keyring on them. */
#ifndef TEST_SOFTHSM_FIXTURE_H
#define TEST_SOFTHSM_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keymgmt/token_keyring.h"

#define SOFTHSM_PIN "1234"

/* A key to be made. What is not set here is as in a KEK that the policy accepts. */
struct softhsm_key {
    const char *token; /* NULL: "kek" */
    const char *label;
    const char *id; /* hex; NULL: none */
    unsigned bits;  /* 0: 256 */
    bool extractable;
    bool not_sensitive;
    bool public_object;
    bool no_encrypt;
    bool no_decrypt;
    bool no_wrap;
    bool no_unwrap;
    unsigned long only_mechanism; /* CKA_ALLOWED_MECHANISMS; 0: none given */
    unsigned more_mechanisms;     /* so many others after that, of which nothing is known */
    const uint8_t *value;         /* imported instead of generated: bits / 8 bytes */
};

/* An empty directory with a token "kek" in it, SOFTHSM2_CONF naming it; and all gone again. */
void softhsm_setup(void);
void softhsm_teardown(void);

/* Private RSA keys as other programs make them: of a file in tests/vectors/rsa. */
struct softhsm_rsa {
    const char *token; /* NULL: "kek" */
    const char *label;
    const char *id; /* hex */
    const char *file;
    bool always_authenticate;
    unsigned more; /* so many more, each of another modulus, label and id, that open nothing */
};

void softhsm_make_rsa(const struct softhsm_rsa *rsa);

void softhsm_add_token(const char *label);
void softhsm_make_key(const struct softhsm_key *key);
void softhsm_delete_key(const char *token, const char *label);

const char *softhsm_module(void);
/* The directory, for files of the test's own. */
const char *softhsm_dir(void);
/* Takes the tokens away, and brings them back. */
void softhsm_hide_tokens(void);
void softhsm_restore_tokens(void);

/* The same with one of them. */
void softhsm_hide_token(const char *label);
void softhsm_restore_token(const char *label);

/* What was raised last; NULL-safe to ask for when nothing was. */
enum env_reason raised_reason(void);
const char *raised_text(void);
unsigned raised_count(void);
void raised_forget(void);
const struct env_errors *raised_errors(void);

/* The module, token "kek" and PIN; a test changes what it likes before keyring_new. */
void keyring_config_reset(void);
void keyring_config_clear(void);
struct env_config *keyring_config(void);
/* Puts a copy of value, or NULL, into one of its strings. */
void keyring_set(char **key, const char *value);
/* Of keyring_config(), after env_config_check. Freed with vtable->free. */
struct env_keyring *keyring_new(void);
void keyring_free(struct env_keyring *keyring);

/* What selecting by a name (NULL: the configured) gives. */
enum env_reason keyring_select_reason(struct env_keyring *keyring, const char *name);
/* The one KEK of that name; asserts success. */
struct env_kek *keyring_select_one(struct env_keyring *keyring, const char *name);
/* Looks the KEK up by its id and alg; asserts success. */
struct env_kek *keyring_lookup_one(struct env_keyring *keyring, const char *hex,
                                   enum env_wrap_alg alg);
enum env_reason keyring_lookup_reason(struct env_keyring *keyring, const char *hex,
                                      enum env_wrap_alg alg);
size_t bytes_from_hex(const char *hex, uint8_t *out, size_t size);
struct env_kek_id id_from_hex(const char *hex);

/* Wraps and unwraps a random DEK and asserts that it comes back. */
void assert_round_trip(struct env_kek *sealing, struct env_kek *opening);

#endif
