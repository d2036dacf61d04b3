/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value in a cipher for fields: sealed in pieces, sealed at once, or opened. Every failure is
 * final for the value, as with streams (envelope/message/stream.h). A value must never have two
 * continuations: while it is being sealed it cannot be copied, and continues only in the process
 * that began it.
 */
#ifndef ENVELOPE_FIELD_VALUE_H
#define ENVELOPE_FIELD_VALUE_H

#include "envelope/message/stream.h"
#include "envelope/named/field_keys.h"

#define ENV_FIELD_BLOCK_SIZE 64u
#define ENV_FIELD_STRICT 32u /* the most that an update or final may add */

enum env_field_state {
    ENV_FIELD_NEW, /* no input yet */
    ENV_FIELD_BEGUN,
    ENV_FIELD_ENDED,
    ENV_FIELD_FAILED,
};

struct env_field_value {
    enum env_field_state state;
    EVP_CIPHER_CTX *gcm; /* while a value is being sealed in pieces */
    uint64_t generation; /* the process that began sealing */
    uint64_t done;       /* bytes of the value so far */
    size_t held_len;     /* of the field: bytes that wait for final */
    uint8_t held[ENV_FIELD_STRICT];
};

/* What else a step needs; keys must outlive the value. */
struct env_field_step {
    const struct env_field_keys *keys;
    const struct env_field_choice *choice;
};

typedef ENV_RESULT env_field_step_fn(struct env_field_value *value,
                                     const struct env_field_step *step, struct env_io *io);

env_field_step_fn env_field_seal_update;
env_field_step_fn env_field_seal_final;
env_field_step_fn env_field_seal_at_once; /* the update of deterministic sealing */
env_field_step_fn env_field_end_at_once;  /* its final */
env_field_step_fn env_field_open_update;
env_field_step_fn env_field_open_final;

/* Wipes the value. The next one begins, unless this one failed. */
void env_field_value_reset(const struct env_crypto *crypto, struct env_field_value *value);
void env_field_value_fail(const struct env_crypto *crypto, struct env_field_value *value);
void env_field_value_clear(const struct env_crypto *crypto, struct env_field_value *value);

/* Gives a bytewise copy its own memory. Fails with COPY_WHILE_SEALING. */
ENV_RESULT env_field_value_separate(struct env_field_value *copy);

#endif
