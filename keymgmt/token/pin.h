/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a token's PIN comes from, first that has one: the URI that names the KEK, the
 * configuration's `token`, the URIs of its `kek`, `open-kek` and `open-only-kek` and those used
 * before as far as they match the token, its `pin-source`, and last whoever can ask a person.
 */
#ifndef ENVELOPE_PIN_H
#define ENVELOPE_PIN_H

#include <openssl/types.h>
#include <pthread.h>
#include <stdint.h>

#include "envelope/base/ask_pin.h"
#include "keymgmt/token/tokens.h"

#define ENV_PIN_MAX 256u

/* In secret memory; bytes is NULL where there is none. */
struct env_pin {
    uint8_t *bytes;
    size_t len;
};

#define ENV_PIN_URIS_MAX 8u

struct env_pin_sources {
    const struct env_config *config;
    OSSL_LIB_CTX *libctx; /* for the hash of one that was refused */
    env_ask_pin_fn *ask;  /* NULL: nobody to ask */
    void *ask_arg;
    /* URIs from callers that gave a PIN: the same is wanted when a token has to be logged in anew.
     */
    pthread_mutex_t lock;
    size_t uri_count;
    char *uris[ENV_PIN_URIS_MAX];
};

void env_pin_sources_init(struct env_pin_sources *sources, const struct env_config *config,
                          OSSL_LIB_CTX *libctx);
void env_pin_sources_clear(struct env_pin_sources *sources);

/* Keeps the URI when it has a pin-value or pin-source; the newest are kept. */
ENV_RESULT env_pin_remember_uri(struct env_pin_sources *sources, const char *text,
                                struct env_error_detail *detail);

/* PIN_MISSING, CONFIG_PIN_SOURCE. The caller wipes it with env_pin_clear, whatever came back. */
ENV_RESULT env_pin_get(struct env_pin_sources *sources, const struct env_token *token,
                       struct env_pin *pin, struct env_error_detail *detail);

void env_pin_clear(struct env_pin *pin);

#endif
