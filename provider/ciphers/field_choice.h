/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program has specified about the key of a field: by key bytes, which are a stand-in, of the
 * form ENVF or zeros, and by the parameters "field-key", "tenant-key", "tenant" and "context",
 * which count before them. It holds for all values of a context, until something else is said.
 */
#ifndef ENVELOPE_FIELD_CHOICE_H
#define ENVELOPE_FIELD_CHOICE_H

#include <openssl/params.h>

#include "envelope/format/field_key_bytes.h"
#include "envelope/named/field_keys.h"
#include "provider/common/provctx.h"

/* Bytes of a parameter. */
struct env_field_param {
    bool given;
    uint8_t *data;
    size_t len;
};

struct env_field_said {
    struct env_field_param name; /* with a NUL behind it, which len does not count */
    struct env_field_param tenant_key;
    struct env_field_param tenant;
    struct env_field_param context;
    uint8_t *key; /* the key bytes, in secret memory; NULL: none, or zeros */
    size_t key_len;
    struct env_field_key_bytes parts; /* of them */
    enum env_reason key_refused;      /* the last ones were nothing: field-key does not take over */
};

/*
 * The key bytes of an init, or none: FIELD_KEY_LENGTH, FIELD_KEY_BYTES, FIELD_KEY_FORM (raised),
 * and again while none follow that are good.
 */
ENV_RESULT env_field_said_key(struct env_field_said *said, const struct env_errors *errors,
                              struct env_span key);

/* What is in params of ours: BAD_PARAMETER (raised), CONTEXT_TOO_LONG, TENANT_INCOMPLETE. */
ENV_RESULT env_field_said_params(struct env_field_said *said, const struct env_errors *errors,
                                 const OSSL_PARAM params[]);

/* Whether params have anything of ours. */
bool env_field_params_has(const OSSL_PARAM params[]);

/* All of it together; the spans point into said and the configuration. */
void env_field_said_choice(const struct env_field_said *said, const struct env_config *config,
                           struct env_field_choice *choice);

/* Gives a bytewise copy its own; on failure the copy may be cleared. NO_MEMORY. */
ENV_RESULT env_field_said_separate(struct env_field_said *copy, const struct env_field_said *from);
void env_field_said_clear(struct env_field_said *said);

#endif
