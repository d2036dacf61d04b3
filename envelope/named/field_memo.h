/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that a thread found last, for a second: finding one costs as much as sealing a short
 * value, and the store does not check for changes more often. Each thread has a place of its own
 * (envelope/base/thread_number.h). A thread that looks a key up again wipes older entries in all of
 * them, so that a revoked key does not stay with an idle thread.
 */
#ifndef ENVELOPE_FIELD_MEMO_H
#define ENVELOPE_FIELD_MEMO_H

#include "envelope/format/field.h"

#define ENV_FIELD_MEMO_MS 1000

struct env_field_memo;

/* What identifies a key. */
struct env_field_question {
    unsigned use;
    const char *name;         /* NULL: use the stand-in */
    struct env_span stand_in; /* if longer than 80 bytes, it is not cached */
    const uint8_t *id;        /* NULL: for sealing */
};

/* NULL: no memory. */
struct env_field_memo *env_field_memo_new(void);
void env_field_memo_free(struct env_field_memo *memo);

/* Copies the key to out, in secret memory; false: it must be looked up. */
bool env_field_memo_get(struct env_field_memo *memo, const struct env_field_question *question,
                        struct env_field_key *out);

/* Without memory it is not cached. */
void env_field_memo_put(struct env_field_memo *memo, const struct env_field_question *question,
                        const struct env_field_key *key);

#endif
