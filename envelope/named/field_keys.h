/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which key a field is sealed or opened with: a version of a named key, or the tenant key that
 * stands under one. Looked up for each value, at most a second old (field_memo.h), so that a reused
 * context also notices rotated, disabled or revoked keys.
 */
#ifndef ENVELOPE_FIELD_KEYS_H
#define ENVELOPE_FIELD_KEYS_H

#include "envelope/base/error.h"
#include "envelope/format/field.h"
#include "envelope/named/named_keys.h"

struct env_field_memo;
struct env_tenant_cache;

/* What an instance of the provider has for it. */
struct env_field_keys {
    struct env_named_keys *named;
    const struct env_crypto *crypto;
    const struct env_errors *errors;
    struct env_tenant_cache *tenants;
    struct env_field_memo *memo;
};

/* What the program has said. */
struct env_field_choice {
    enum env_field_kind kind;
    const char *name;           /* NAME or NAME@N; NULL: the stand-in counts */
    struct env_span stand_in;   /* without NULs behind it; of length 0: none */
    struct env_span tenant_key; /* as it is sealed; of length 0: none */
    struct env_span tenant;
    struct env_span context;
};

/*
 * The key for a field of this id, or, where id is NULL, for one that is to be sealed. out lies in
 * secret memory. Whether the choice makes sense is asked before: env_field_choice_check. Raised:
 * FIELD_NO_KEY, FIELD_KEY_UNKNOWN, TENANT_KEY_CLOSED, and named_keys.h's.
 */
ENV_RESULT env_field_keys_find(const struct env_field_keys *keys,
                               const struct env_field_choice *choice, const uint8_t *id,
                               struct env_field_key *out);

/*
 * Whether the parts of a choice go together: TENANT_INCOMPLETE; TENANT_KEY_STAYS when a tenant key
 * would be opened; TENANT_KEY_VALUE when one would be sealed in a way in which it is of no use.
 */
ENV_RESULT env_field_choice_check(const struct env_field_choice *choice, bool sealing);

/* Whether the value is a tenant key, of ENV_TENANT_KEY_LEN bytes. */
bool env_field_choice_is_tenant_key(const struct env_field_choice *choice);

#endif
