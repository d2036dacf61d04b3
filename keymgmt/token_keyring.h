/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring of PKCS#11 tokens. */
#ifndef ENVELOPE_TOKEN_KEYRING_H
#define ENVELOPE_TOKEN_KEYRING_H

#include <openssl/types.h>
#include <stdbool.h>

#include "envelope/base/ask_pin.h"
#include "envelope/base/config.h"
#include "envelope/message/kek.h"

/*
 * Makes a keyring, without calling a module or token before its first use. config, errors and
 * libctx (NULL: the default one) must outlive it and every KEK from it. config must have passed
 * env_config_check before the first select or lookup.
 */
ENV_RESULT env_token_keyring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                 const struct env_errors *errors, struct env_keyring **out);

/* To be called before the keyring's first use. */
void env_token_keyring_ask_pin(struct env_keyring *keyring, env_ask_pin_fn *ask, void *arg);

#endif
