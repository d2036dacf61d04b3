/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which key a field is sealed or opened with: a version of a named key, or a tenant key under one.
 * It is looked up for each value, with results at most a second old (field_memo.h), so that a
 * reused context also notices rotated, disabled or revoked keys.
 */
#ifndef ENVELOPE_FIELD_KEYS_H
#define ENVELOPE_FIELD_KEYS_H

#include "envelope/base/error.h"
#include "envelope/format/field.h"
#include "envelope/named/named_keys.h"

struct env_field_memo;
struct env_tenant_cache;

/* What an instance of the provider has for this. */
struct env_field_keys {
    struct env_named_keys *named;
    const struct env_crypto *crypto;
    const struct env_errors *errors;
    struct env_tenant_cache *tenants;
    struct env_field_memo *memo;
};

/* What the program specified. */
struct env_field_choice {
    enum env_field_kind kind;
    const char *name;           /* NAME or NAME@N; NULL: use the stand-in */
    struct env_span stand_in;   /* without trailing NULs; length 0: none */
    struct env_span tenant_key; /* sealed; length 0: none */
    struct env_span tenant;
    struct env_span context;
};

/*
 * The key for a field with this id or, if id is NULL, for sealing one. out must be in secret
 * memory. The choice must have passed env_field_choice_check. Raises FIELD_NO_KEY,
 * FIELD_KEY_UNKNOWN or TENANT_KEY_CLOSED, or as named_keys.h does.
 */
ENV_RESULT env_field_keys_find(const struct env_field_keys *keys,
                               const struct env_field_choice *choice, const uint8_t *id,
                               struct env_field_key *out);

/*
 * Whether the parts of a choice go together. Raises TENANT_INCOMPLETE, TENANT_KEY_STAYS if a tenant
 * key would be opened, or TENANT_KEY_VALUE if one would be sealed in a useless form.
 */
ENV_RESULT env_field_choice_check(const struct env_field_choice *choice, bool sealing);

/* Whether the value is a tenant key, of ENV_TENANT_KEY_LEN bytes. */
bool env_field_choice_is_tenant_key(const struct env_field_choice *choice);

#endif
