/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a token's PIN comes from. The first source that has one is used: the URI that names the
 * KEK; `token` in the configuration; the URIs in `kek`, `open-kek` and `open-only-kek`, and those
 * used before, if they match the token; `pin-source`; and a prompt, if a person can be asked.
 */
#ifndef ENVELOPE_PIN_H
#define ENVELOPE_PIN_H

#include <openssl/types.h>
#include <pthread.h>
#include <stdint.h>

#include "envelope/base/ask_pin.h"
#include "keymgmt/token/tokens.h"

#define ENV_PIN_MAX 256u

/* In secret memory; bytes is NULL if there is none. */
struct env_pin {
    uint8_t *bytes;
    size_t len;
};

#define ENV_PIN_URIS_MAX 8u

struct env_pin_sources {
    const struct env_config *config;
    OSSL_LIB_CTX *libctx; /* for hashing a refused PIN */
    env_ask_pin_fn *ask;  /* NULL: nobody can be asked */
    void *ask_arg;
    /* URIs from callers that gave a PIN: it is needed again when we log in again. */
    pthread_mutex_t lock;
    size_t uri_count;
    char *uris[ENV_PIN_URIS_MAX];
};

void env_pin_sources_init(struct env_pin_sources *sources, const struct env_config *config,
                          OSSL_LIB_CTX *libctx);
void env_pin_sources_clear(struct env_pin_sources *sources);

/* Keeps the URI if it has a pin-value or pin-source. The oldest are dropped. */
ENV_RESULT env_pin_remember_uri(struct env_pin_sources *sources, const char *text,
                                struct env_error_detail *detail);

/* Fails with PIN_MISSING or CONFIG_PIN_SOURCE. The caller always wipes *out with env_pin_clear. */
ENV_RESULT env_pin_get(struct env_pin_sources *sources, const struct env_token *token,
                       struct env_pin *pin, struct env_error_detail *detail);

void env_pin_clear(struct env_pin *pin);

#endif
