/* SPDX-License-Identifier: Apache-2.0 */
/* The keyring of PKCS#11 tokens. */
#ifndef ENVELOPE_TOKEN_KEYRING_H
#define ENVELOPE_TOKEN_KEYRING_H

#include <openssl/types.h>
#include <stdbool.h>

#include "envelope/base/config.h"
#include "envelope/message/kek.h"

/*
 * Makes a keyring; touches no module and no token until it is first used. config and errors and
 * libctx (NULL: the default one) must outlive it and every KEK that came from it; config has passed
 * env_config_check before the first select or lookup.
 */
ENV_RESULT env_token_keyring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                 const struct env_errors *errors, struct env_keyring **out);

/*
 * Asks a person for the PIN of the token described by `token`, when nothing in the configuration
 * gives one: writes at most size bytes to pin and their number to *len. False: there is none.
 */
typedef bool env_ask_pin_fn(void *arg, const char *token, unsigned char *pin, size_t size,
                            size_t *len);

/* Before the keyring is first used. */
void env_token_keyring_ask_pin(struct env_keyring *ring, env_ask_pin_fn *ask, void *arg);

/*
 * Says that the process is ending (exit handlers run): from then on no PKCS#11 function is called,
 * since a module's own state may be gone already. Waits for the threads that are inside one.
 */
void env_token_process_is_ending(void);

/* True while the calling thread is inside a PKCS#11 call of ours. */
bool env_token_inside_call(void);

#endif
