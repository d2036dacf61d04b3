/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a person for a PIN during one call. OpenSSL gives a passphrase callback only to calls that
 * load keys, so such a call makes it available to its thread while it lasts.
 */
#ifndef ENVELOPE_PIN_PROMPT_H
#define ENVELOPE_PIN_PROMPT_H

#include <openssl/core.h>

struct env_pin_prompt {
    OSSL_PASSPHRASE_CALLBACK *cb;
    void *arg;
    const struct env_pin_prompt *outer;
};

/* They nest, and must be called by the same thread. cb may be NULL: nobody can be asked. */
void env_pin_prompt_begin(struct env_pin_prompt *prompt, OSSL_PASSPHRASE_CALLBACK *cb, void *arg);
void env_pin_prompt_end(const struct env_pin_prompt *prompt);

/* Asks for the PIN of `token`, and writes at most size bytes to pin. 0 if there is none. */
size_t env_pin_prompt_ask(const char *token, unsigned char *pin, size_t size);

#endif
