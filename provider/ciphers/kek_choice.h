/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which KEK a cipher's context is to use: the kek parameter or an EVP_SKEY, else the key bytes of
 * EVP_CipherInit, else the configured one. The same for the envelope and the key-wrap ciphers.
 */
#ifndef ENVELOPE_KEK_CHOICE_H
#define ENVELOPE_KEK_CHOICE_H

#include <openssl/params.h>

#include "envelope/format/crypto.h"
#include "envelope/base/error.h"
#include "envelope/message/kek.h"
#include "provider/ciphers/selector_key.h"

struct env_kek_choice {
    char *kek;                                /* the kek parameter, or NULL */
    bool from_skey;                           /* it stands for an EVP_SKEY */
    char key_label[ENV_SELECTOR_KEY_LEN + 1]; /* from the key bytes, or "" */
    bool key_refused; /* the last key was no selector: that must not end in the default KEK */
};

/* How the key bytes are read: env_selector_from_key or env_selector_from_bytes. */
typedef ENV_RESULT env_read_key_fn(const uint8_t *key, size_t key_len,
                                   char label[ENV_SELECTOR_KEY_LEN + 1]);

void env_kek_choice_clear(struct env_kek_choice *choice);

/* Gives a copy that was made byte by byte a text of its own; false when there is no memory. */
bool env_kek_choice_separate(struct env_kek_choice *copy);

/* For the keyring; valid as long as the choice stays as it is. */
struct env_selector env_kek_choice_selector(const struct env_kek_choice *choice);

/*
 * The key of an init, key.data = NULL for none: then the last choice stays, but after a key that
 * was refused every init without one is refused as well.
 */
ENV_RESULT env_kek_choice_key(struct env_kek_choice *choice, struct env_span key,
                              env_read_key_fn *read);

/* The kek parameter: BAD_PARAMETER, raised, when it is empty or no text. */
ENV_RESULT env_kek_choice_param(struct env_kek_choice *choice, const OSSL_PARAM *p,
                                const struct env_errors *errors);

/* An EVP_SKEY by its URI; NO_KEY when it has none, and then as after a key that was refused. */
ENV_RESULT env_kek_choice_skey(struct env_kek_choice *choice, const char *uri);

#endif
