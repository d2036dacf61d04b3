/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/field_value.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/fork_generation.h"
#include "envelope/base/secret.h"

/* ---- coming and going ---- */

static void wipe(const struct env_crypto *crypto, struct env_field_value *value)
{
    if (value->gcm != NULL)
        env_gcm_once_give(crypto, value->gcm);
    value->gcm = NULL;
    value->held_len = 0;
    value->done = 0;
}

void env_field_value_reset(const struct env_crypto *crypto, struct env_field_value *value)
{
    wipe(crypto, value);
    value->state = ENV_FIELD_NEW;
}

void env_field_value_fail(const struct env_crypto *crypto, struct env_field_value *value)
{
    wipe(crypto, value);
    value->state = ENV_FIELD_FAILED;
}

void env_field_value_clear(const struct env_crypto *crypto, struct env_field_value *value)
{
    wipe(crypto, value);
}

ENV_RESULT env_field_value_separate(struct env_field_value *copy)
{
    const bool sealing = copy->gcm != NULL;

    copy->gcm = NULL;
    return sealing ? ENV_FAIL(ENV_R_COPY_WHILE_SEALING) : ENV_OK;
}

static ENV_RESULT check_state(const struct env_field_value *value)
{
    switch (value->state) {
    case ENV_FIELD_ENDED:
        return ENV_FAIL(ENV_R_MESSAGE_FINISHED);
    case ENV_FIELD_FAILED:
        return ENV_FAIL(ENV_R_CONTEXT_FAILED);
    case ENV_FIELD_NEW:
    case ENV_FIELD_BEGUN:
        break;
    }
    return ENV_OK;
}

static bool overlap(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return (uintptr_t)a < (uintptr_t)b + b_len && (uintptr_t)b < (uintptr_t)a + a_len;
}

/* ---- sealing in pieces ---- */

/* What a call outputs before the ciphertext of its own bytes. */
struct front {
    uint8_t bytes[ENV_FIELD_HEAD_LEN];
    size_t len;
};

/* Now there is a nonce: from here on it cannot be copied, and no other process may continue. */
static ENV_RESULT begin_with(struct env_field_value *value, const struct env_field_step *step,
                             const struct env_field_key *key, struct front *front)
{
    const struct env_crypto *crypto = step->keys->crypto;

    value->generation = env_fork_generation();
    value->state = ENV_FIELD_BEGUN;
    value->gcm = env_gcm_once_take(crypto);
    if (value->gcm == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    front->len = sizeof(front->bytes);
    return env_field_seal_begin(crypto, value->gcm, key, step->choice->context, front->bytes);
}

static ENV_RESULT begin(struct env_field_value *value, const struct env_field_step *step,
                        struct front *front)
{
    struct env_field_key key;
    ENV_RESULT r = env_field_keys_find(step->keys, step->choice, NULL, &key);

    if (env_ok(r))
        r = begin_with(value, step, &key, front);
    OPENSSL_cleanse(&key, sizeof(key));
    return r;
}

static ENV_RESULT enter(struct env_field_value *value, const struct env_field_step *step,
                        struct front *front)
{
    ENV_TRY(check_state(value));
    if (value->state == ENV_FIELD_NEW)
        return begin(value, step, front);
    if (value->generation != env_fork_generation())
        return ENV_FAIL(ENV_R_FORKED_WHILE_SEALING);
    memcpy(front->bytes, value->held, value->held_len);
    front->len = value->held_len;
    value->held_len = 0;
    return ENV_OK;
}

/* A signal handler may have forked meanwhile: output sealed since then is not released. */
static ENV_RESULT leave(const struct env_field_value *value, struct env_io *io, ENV_RESULT r)
{
    if (value->state != ENV_FIELD_BEGUN || value->generation == env_fork_generation())
        return r;
    OPENSSL_cleanse(io->out, io->written);
    io->written = 0;
    return ENV_FAIL(ENV_R_FORKED_WHILE_SEALING);
}

static ENV_RESULT check_length(const struct env_field_value *value,
                               const struct env_field_step *step, const struct env_io *io)
{
    if (io->in_len > ENV_FIELD_VALUE_MAX || value->done + io->in_len > ENV_FIELD_VALUE_MAX)
        return ENV_FAIL(ENV_R_FIELD_TOO_LONG);
    if (env_field_choice_is_tenant_key(step->choice) &&
        value->done + io->in_len > ENV_TENANT_KEY_LEN)
        return ENV_FAIL(ENV_R_TENANT_KEY_VALUE);
    return ENV_OK;
}

/* A short piece is encrypted as a whole, and its ciphertext then divided. */
#define SHORT_PIECE 512u

/* How a piece is divided: what may be written of it, and the rest, which is held. */
struct division {
    size_t now;
    size_t held;
};

static ENV_RESULT seal_short(struct env_field_value *value, const struct front *front,
                             const struct division *by, struct env_io *io)
{
    uint8_t ciphertext[SHORT_PIECE];

    ENV_TRY(env_xaes_feed(value->gcm, (struct env_span){io->in, io->in_len}, ciphertext));
    memcpy(io->out, front->bytes, front->len);
    memcpy(io->out + front->len, ciphertext, by->now);
    memcpy(value->held, ciphertext + by->now, by->held);
    return ENV_OK;
}

/* The output may overlap the input, which is then moved to where its ciphertext goes. */
static ENV_RESULT seal_long(struct env_field_value *value, const struct front *front,
                            const struct division *by, struct env_io *io)
{
    struct env_span from = {io->in, by->now};
    uint8_t *to = io->out + front->len;
    uint8_t last[ENV_FIELD_STRICT];
    ENV_RESULT r;

    memcpy(last, io->in + by->now, by->held);
    if (overlap(io->out, front->len + by->now, io->in, io->in_len)) {
        memmove(to, io->in, by->now);
        from.data = to;
    }
    memcpy(io->out, front->bytes, front->len);
    r = env_xaes_feed(value->gcm, from, to);
    if (env_ok(r))
        r = env_xaes_feed(value->gcm, (struct env_span){last, by->held}, value->held);
    OPENSSL_cleanse(last, sizeof(last));
    if (!env_ok(r))
        OPENSSL_cleanse(io->out, front->len + by->now);
    return r;
}

static ENV_RESULT seal_piece(struct env_field_value *value, const struct front *front,
                             struct env_io *io)
{
    const size_t most = io->in_len + ENV_FIELD_STRICT - front->len;
    const size_t now = io->in_len < most ? io->in_len : most;
    const struct division by = {now, io->in_len - now};

    if (front->len + now > io->out_size)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    if (io->in_len <= SHORT_PIECE)
        ENV_TRY(seal_short(value, front, &by, io));
    else
        ENV_TRY(seal_long(value, front, &by, io));
    value->held_len = by.held;
    value->done += io->in_len;
    io->written = front->len + now;
    return ENV_OK;
}

ENV_RESULT env_field_seal_update(struct env_field_value *value, const struct env_field_step *step,
                                 struct env_io *io)
{
    struct front front = {.len = 0};

    ENV_TRY(check_state(value));
    ENV_TRY(check_length(value, step, io));
    ENV_TRY(enter(value, step, &front));
    return leave(value, io, seal_piece(value, &front, io));
}

ENV_RESULT env_field_seal_final(struct env_field_value *value, const struct env_field_step *step,
                                struct env_io *io)
{
    struct front front = {.len = 0};
    ENV_RESULT r;

    ENV_TRY(check_state(value));
    if (env_field_choice_is_tenant_key(step->choice) && value->done != ENV_TENANT_KEY_LEN)
        return ENV_FAIL(ENV_R_TENANT_KEY_VALUE);
    ENV_TRY(enter(value, step, &front));
    if (front.len + ENV_XAES_TAG_LEN > io->out_size || io->out == NULL)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    memcpy(io->out, front.bytes, front.len);
    io->written = front.len;
    r = env_xaes_seal_end(value->gcm, io->out + front.len);
    if (env_ok(r))
        io->written += ENV_XAES_TAG_LEN;
    r = leave(value, io, r);
    if (env_ok(r)) {
        wipe(step->keys->crypto, value);
        value->state = ENV_FIELD_ENDED;
    }
    return r;
}

/* ---- sealing at once ---- */

/* Keeps the end of the field for final, so a field whose second update was refused never opens. */
static ENV_RESULT give_out(struct env_field_value *value, const uint8_t *field, size_t len,
                           struct env_io *io)
{
    const size_t held = len < sizeof(value->held) ? len : sizeof(value->held);

    if (len - held > io->out_size)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    memcpy(io->out, field, len - held);
    memcpy(value->held, field + len - held, held);
    value->held_len = held;
    io->written = len - held;
    return ENV_OK;
}

static ENV_RESULT seal_to(struct env_field_value *value, const struct env_field_step *step,
                          uint8_t *field, size_t len, struct env_io *io)
{
    const struct env_field_choice *choice = step->choice;
    struct env_field_key key;
    ENV_RESULT r = env_field_keys_find(step->keys, choice, NULL, &key);

    if (env_ok(r))
        r = env_field_seal(step->keys->crypto, choice->kind, &key, choice->context,
                           (struct env_span){io->in, io->in_len}, field);
    if (env_ok(r))
        r = give_out(value, field, len, io);
    OPENSSL_cleanse(&key, sizeof(key));
    return r;
}

#define SHORT_FIELD 256u /* is sealed on the stack: it is no longer secret then */

static ENV_RESULT seal_whole(struct env_field_value *value, const struct env_field_step *step,
                             struct env_io *io)
{
    const size_t len = io->in_len + ENV_FIELD_DETERMINISTIC_OVERHEAD;
    uint8_t short_one[SHORT_FIELD];
    uint8_t *field;
    ENV_RESULT r;

    if (len <= sizeof(short_one))
        return seal_to(value, step, short_one, len, io);
    field = env_secret_alloc(len);
    if (field == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = seal_to(value, step, field, len, io);
    env_secret_free(field, len);
    return r;
}

ENV_RESULT env_field_seal_at_once(struct env_field_value *value, const struct env_field_step *step,
                                  struct env_io *io)
{
    ENV_TRY(check_state(value));
    if (value->state == ENV_FIELD_BEGUN)
        return ENV_FAIL(ENV_R_FIELD_SECOND_UPDATE);
    ENV_TRY(check_length(value, step, io));
    value->state = ENV_FIELD_BEGUN;
    return seal_whole(value, step, io);
}

ENV_RESULT env_field_end_at_once(struct env_field_value *value, const struct env_field_step *step,
                                 struct env_io *io)
{
    (void)step;
    ENV_TRY(check_state(value));
    if (value->state == ENV_FIELD_NEW)
        return ENV_FAIL(ENV_R_FIELD_NO_UPDATE);
    if (value->held_len > io->out_size || io->out == NULL)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    memcpy(io->out, value->held, value->held_len);
    io->written = value->held_len;
    value->held_len = 0;
    value->state = ENV_FIELD_ENDED;
    return ENV_OK;
}

/* ---- opening ---- */

/* plain must have room for the value; nothing is released before it is verified. */
static ENV_RESULT open_to(const struct env_field_step *step, const uint8_t *id, uint8_t *plain,
                          size_t len, struct env_io *io)
{
    const struct env_field_choice *choice = step->choice;
    struct env_field_key key;
    ENV_RESULT r = env_field_keys_find(step->keys, choice, id, &key);

    if (env_ok(r))
        r = env_field_open(step->keys->crypto, choice->kind, &key, choice->context,
                           (struct env_span){io->in, io->in_len}, plain);
    OPENSSL_cleanse(&key, sizeof(key));
    if (!env_ok(r))
        return r;
    memcpy(io->out, plain, len);
    io->written = len;
    return ENV_OK;
}

#define SHORT_VALUE 256u /* is opened on the stack, during this call only */

static ENV_RESULT open_whole(const struct env_field_step *step, const uint8_t *id, size_t len,
                             struct env_io *io)
{
    uint8_t short_one[SHORT_VALUE];
    uint8_t *plain;
    ENV_RESULT r;

    if (len <= sizeof(short_one)) {
        r = open_to(step, id, short_one, len, io);
        OPENSSL_cleanse(short_one, len);
        return r;
    }
    plain = env_secret_alloc(len);
    if (plain == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = open_to(step, id, plain, len, io);
    env_secret_free(plain, len);
    return r;
}

ENV_RESULT env_field_open_update(struct env_field_value *value, const struct env_field_step *step,
                                 struct env_io *io)
{
    const enum env_field_kind kind = step->choice->kind;
    const uint8_t *id = NULL;
    size_t len;

    ENV_TRY(check_state(value));
    if (value->state == ENV_FIELD_BEGUN)
        return ENV_FAIL(ENV_R_FIELD_SECOND_UPDATE);
    ENV_TRY(env_field_read_id(kind, (struct env_span){io->in, io->in_len}, &id));
    len = io->in_len - env_field_overhead(kind);
    if (len > ENV_FIELD_VALUE_MAX)
        return ENV_FAIL(ENV_R_FIELD_TOO_LONG);
    if (len > io->out_size)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    ENV_TRY(open_whole(step, id, len, io));
    value->state = ENV_FIELD_BEGUN;
    return ENV_OK;
}

ENV_RESULT env_field_open_final(struct env_field_value *value, const struct env_field_step *step,
                                struct env_io *io)
{
    (void)step;
    (void)io;
    ENV_TRY(check_state(value));
    if (value->state == ENV_FIELD_NEW)
        return ENV_FAIL(ENV_R_FIELD_NO_UPDATE);
    value->state = ENV_FIELD_ENDED;
    return ENV_OK;
}
