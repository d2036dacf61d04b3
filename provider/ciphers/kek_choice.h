/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which KEK a cipher context uses: the one from the kek parameter or an EVP_SKEY, or else from the
 * key bytes, or else the configured one. The same for the envelope ciphers and key wrap.
 */
#ifndef ENVELOPE_KEK_CHOICE_H
#define ENVELOPE_KEK_CHOICE_H

#include <openssl/params.h>

#include "provider/ciphers/cipher_edge.h"
#include "provider/common/selector_key.h"

struct env_kek_choice {
    char *kek;                                /* the kek parameter, or NULL */
    bool from_skey;                           /* kek is the URI of an EVP_SKEY */
    char key_label[ENV_SELECTOR_KEY_LEN + 1]; /* from the key bytes, or "" */
    bool key_refused; /* the last key bytes named no KEK: do not fall back to the configured KEK */
};

/* Reads key bytes: env_selector_from_key or env_selector_from_bytes. */
typedef ENV_RESULT env_read_key_fn(const uint8_t *key, size_t key_len,
                                   char label[ENV_SELECTOR_KEY_LEN + 1]);

void env_kek_choice_clear(struct env_kek_choice *choice);

/* Gives a bytewise copy its own text; false if there is no memory. */
bool env_kek_choice_separate(struct env_kek_choice *copy);

/* For the keyring; valid until the choice changes. */
struct env_selector env_kek_choice_selector(const struct env_kek_choice *choice);

/*
 * Takes the key bytes of an init. Without any, the previous choice stays. After refused key bytes
 * every init without key bytes is refused too.
 */
ENV_RESULT env_kek_choice_key(struct env_kek_choice *choice, const struct env_cipher_init *init,
                              env_read_key_fn *read);

/* Takes the kek parameter. Raises BAD_PARAMETER if it is empty or not text. */
ENV_RESULT env_kek_choice_param(struct env_kek_choice *choice, const OSSL_PARAM *p,
                                const struct env_errors *errors);

/*
 * Takes the EVP_SKEY of an init, after that init's parameters. Its URI replaces the kek parameter,
 * so the KEK is found and checked in the usual way. Without an EVP_SKEY the previous choice stays.
 * Fails with NO_KEY if it has no URI; that counts as a refused key.
 */
ENV_RESULT env_kek_choice_skey(struct env_kek_choice *choice, const struct env_cipher_init *init);

#endif
