/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a person for a PIN during one call: OpenSSL gives a passphrase callback to loading calls
 * alone, so whoever is such a call says so for its thread and its time.
 */
#ifndef ENVELOPE_PIN_PROMPT_H
#define ENVELOPE_PIN_PROMPT_H

#include <openssl/core.h>

struct env_pin_prompt {
    OSSL_PASSPHRASE_CALLBACK *cb;
    void *arg;
    const struct env_pin_prompt *outer;
};

/* They nest; both are called by the same thread. cb may be NULL: nobody to ask. */
void env_pin_prompt_begin(struct env_pin_prompt *prompt, OSSL_PASSPHRASE_CALLBACK *cb, void *arg);
void env_pin_prompt_end(const struct env_pin_prompt *prompt);

/* Asks for the PIN of `token`; 0 when there is none. At most size bytes go to pin. */
size_t env_pin_prompt_ask(const char *token, unsigned char *pin, size_t size);

#endif
