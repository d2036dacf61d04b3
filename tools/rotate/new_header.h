/* SPDX-License-Identifier: Apache-2.0 */
/* The header that a message or a sealed key is to have today. */
#ifndef ENVELOPE_TOOL_NEW_HEADER_H
#define ENVELOPE_TOOL_NEW_HEADER_H

#include <stdbool.h>

#include "envelope/message/dek.h"

struct tool_tenant_keys;

/* How messages are given other KEKs. */
struct tool_rotation {
    const struct env_dek_context *dek;
    struct env_selector selector;           /* of the KEKs that are to be */
    struct env_span context;                /* the application's, of what has none of its own */
    const void *configured;                 /* where that lies if it is openssl.cnf's */
    const struct tool_tenant_keys *tenants; /* the named keys above tenant keys, of these alone */
    bool dry_run;                           /* find out all, change nothing */
    bool single;                            /* named keys may come to open in one place alone */
    bool trust_rsa; /* named keys that RSA KEKs alone open are taken for genuine */
};

/*
 * *new_der is NULL when der is today's already, which its MAC shows, else the caller's to free with
 * OPENSSL_free.
 */
ENV_RESULT tool_new_header(const struct tool_rotation *rotation, struct env_span der,
                           uint8_t **new_der, size_t *new_len);

/* Whether a key here opens the header; arg is the struct env_dek_context. See in_place.h. */
ENV_RESULT tool_header_opens(void *arg, struct env_span der);

#endif
