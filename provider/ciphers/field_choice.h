/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program has specified about the key for fields: key bytes, which are a stand-in, of the
 * form ENVF or zeros; and the parameters "field-key", "tenant-key", "tenant" and "context", which
 * take precedence. It applies to all values of a context until it is changed.
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
    struct env_field_param name; /* followed by a NUL that len does not count */
    struct env_field_param tenant_key;
    struct env_field_param tenant;
    struct env_field_param context;
    uint8_t *key; /* the key bytes, in secret memory; NULL: none, or zeros */
    size_t key_len;
    struct env_field_key_bytes parts; /* parsed from key */
    enum env_reason key_refused;      /* key bytes were invalid: do not use field-key */
};

/*
 * Takes the key bytes of an init, or none. Raises FIELD_KEY_LENGTH, FIELD_KEY_BYTES or
 * FIELD_KEY_FORM, and does so again until valid ones follow.
 */
ENV_RESULT env_field_said_key(struct env_field_said *said, const struct env_errors *errors,
                              struct env_span key);

/* Takes our parameters from params. Raises BAD_PARAMETER, CONTEXT_TOO_LONG or TENANT_INCOMPLETE. */
ENV_RESULT env_field_said_params(struct env_field_said *said, const struct env_errors *errors,
                                 const OSSL_PARAM params[]);

/* Whether params contains any of ours. */
bool env_field_params_has(const OSSL_PARAM params[]);

/* Combines everything; the spans point into said and the configuration. */
void env_field_said_choice(const struct env_field_said *said, const struct env_config *config,
                           struct env_field_choice *choice);

/*
 * Gives a bytewise copy its own memory; on failure the copy may be cleared. Fails with NO_MEMORY.
 */
ENV_RESULT env_field_said_separate(struct env_field_said *copy, const struct env_field_said *from);
void env_field_said_clear(struct env_field_said *said);

#endif
