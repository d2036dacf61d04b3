/* SPDX-License-Identifier: Apache-2.0 */
/* The header that a message or a sealed key should have today. */
#ifndef ENVELOPE_TOOL_NEW_HEADER_H
#define ENVELOPE_TOOL_NEW_HEADER_H

#include <stdbool.h>

#include "envelope/message/dek.h"

struct tool_tenant_keys;

/* The settings of a run that changes KEKs. */
struct tool_rotation {
    const struct env_dek_context *dek;
    struct env_selector selector;           /* selects the new KEKs */
    struct env_span context;                /* for messages without a context of their own */
    const void *configured;                 /* its memory, if it comes from openssl.cnf */
    const struct tool_tenant_keys *tenants; /* NULL: tenant keys are not processed */
    bool dry_run;                           /* find everything out, change nothing */
    bool single;                            /* allow named keys that only one place can open */
    bool trust_rsa;                         /* trust named keys that only RSA KEKs open */
};

/*
 * *new_der is NULL if der is up to date, which its MAC shows; otherwise it is freed with
 * OPENSSL_free.
 */
ENV_RESULT tool_new_header(const struct tool_rotation *rotation, struct env_span der,
                           uint8_t **new_der, size_t *new_len);

/* Whether a key here opens the header; arg is a struct env_dek_context. See in_place.h. */
ENV_RESULT tool_header_opens(void *arg, struct env_span der);

#endif
