/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which KEK a cipher context uses: the one of the kek parameter or of an EVP_SKEY, else of the key
 * bytes, else the configured one. The envelope ciphers and key wrap choose alike.
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
    bool key_refused; /* the last key was no selector: do not fall back to the default KEK */
};

/* Reads key bytes: env_selector_from_key or env_selector_from_bytes. */
typedef ENV_RESULT env_read_key_fn(const uint8_t *key, size_t key_len,
                                   char label[ENV_SELECTOR_KEY_LEN + 1]);

void env_kek_choice_clear(struct env_kek_choice *choice);

/* Gives a bytewise copy its own text; false when there is no memory. */
bool env_kek_choice_separate(struct env_kek_choice *copy);

/* For the keyring; valid until the choice changes. */
struct env_selector env_kek_choice_selector(const struct env_kek_choice *choice);

/*
 * Takes the key bytes of an init. Without any the last choice stays. After a refused key every
 * init without a key is refused too.
 */
ENV_RESULT env_kek_choice_key(struct env_kek_choice *choice, const struct env_cipher_init *init,
                              env_read_key_fn *read);

/* Takes the kek parameter. BAD_PARAMETER, raised, when it is empty or not text. */
ENV_RESULT env_kek_choice_param(struct env_kek_choice *choice, const OSSL_PARAM *p,
                                const struct env_errors *errors);

/*
 * Takes the EVP_SKEY of an init, after the parameters of that init. Its URI replaces the kek
 * parameter, so the KEK is found and judged in the usual way. Without an EVP_SKEY the last choice
 * stays. NO_KEY when it has no URI; that counts as a refused key.
 */
ENV_RESULT env_kek_choice_skey(struct env_kek_choice *choice, const struct env_cipher_init *init);

#endif
