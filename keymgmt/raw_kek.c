/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_kek.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>

#include "kek_operation.h"
#include "wrap_raw.h"

#define TEST_MAX 32u

static struct env_token_kek *from_base(struct env_kek *kek)
{
    return (struct env_token_kek *)kek;
}

/* Wraps a secret of that length and unwraps it again where the key may do both. */
static ENV_RESULT self_test(struct env_token_kek *kek, enum env_raw_wrap alg, size_t len,
                            struct env_fault *fault)
{
    uint8_t secret[TEST_MAX];
    uint8_t wrapped[TEST_MAX + ENV_RAW_SLACK];
    uint8_t back[sizeof(wrapped) + ENV_RAW_SLACK];
    struct env_raw_request wrap = {alg, secret, len, wrapped, 0};
    struct env_raw_request unwrap = {alg, wrapped, 0, back, 0};
    ENV_RESULT r;

    if (RAND_bytes(secret, sizeof(secret)) != 1)
        return env_fault(fault, ENV_R_RANDOM_FAILED, "%s", kek->where);
    ENV_TRY(env_kek_perform(kek, env_raw_wrap, &wrap, fault));
    if (!env_raw_can_unwrap(env_kek_place(kek).uses, alg))
        return ENV_OK;
    unwrap.in_len = wrap.out_len;
    r = env_kek_perform(kek, env_raw_unwrap, &unwrap, fault);
    if (r.reason == ENV_R_WRAP_LENGTH) /* it can not, which is no fault of the key */
        return ENV_OK;
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: %s", kek->where, env_ckr_name(fault->rv));
    if (env_ok(r) && (unwrap.out_len != len || CRYPTO_memcmp(secret, back, len) != 0))
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: other bytes came back", kek->where);
    return r;
}

/* With prepare_lock. */
static ENV_RESULT test_once(struct env_token_kek *kek, enum env_raw_wrap alg,
                            struct env_fault *fault)
{
    /* where zeros would be added in silence, when the token claims to do that length */
    ENV_RESULT r = self_test(kek, alg, alg == ENV_RAW_KW ? 32 : 20, fault);

    if (r.reason == ENV_R_WRAP_LENGTH)
        r = self_test(kek, alg, 32, fault);
    if (r.reason == ENV_R_WRAP_LENGTH)
        r = ENV_OK; /* the length that is wanted decides */
    if (env_ok(r))
        atomic_store(&kek->raw_tested[alg], true);
    return r;
}

/* At the first use in the process, so that nothing is wrapped by a key that can not unwrap it. */
static ENV_RESULT prepare(struct env_token_kek *kek, enum env_raw_wrap alg, struct env_fault *fault)
{
    ENV_RESULT r = ENV_OK;

    if (atomic_load(&kek->raw_tested[alg]))
        return r;
    (void)pthread_mutex_lock(&kek->prepare_lock);
    if (!atomic_load(&kek->raw_tested[alg]))
        r = test_once(kek, alg, fault);
    (void)pthread_mutex_unlock(&kek->prepare_lock);
    return r;
}

static ENV_RESULT finish(struct env_token_kek *kek, ENV_RESULT r, const struct env_fault *fault)
{
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        return ENV_FAIL(ENV_R_WRAPPED_KEY);
    return env_kek_finish(kek, r, fault);
}

ENV_RESULT env_kek_raw_wrap(struct env_kek *base, enum env_raw_wrap alg, const uint8_t *in,
                            size_t in_len, uint8_t *out, size_t *out_len)
{
    struct env_token_kek *kek = from_base(base);
    struct env_raw_request request = {alg, in, in_len, out, 0};
    struct env_fault fault;
    ENV_RESULT r;

    env_gate_enter();
    r = prepare(kek, alg, &fault);
    if (env_ok(r))
        r = env_kek_perform(kek, env_raw_wrap, &request, &fault);
    *out_len = request.out_len;
    r = finish(kek, r, &fault);
    env_gate_leave();
    return r;
}

ENV_RESULT env_kek_raw_unwrap(struct env_kek *base, enum env_raw_wrap alg, const uint8_t *in,
                              size_t in_len, uint8_t *out, size_t *out_len)
{
    struct env_token_kek *kek = from_base(base);
    struct env_raw_request request = {alg, in, in_len, out, 0};
    struct env_fault fault;
    ENV_RESULT r;

    *out_len = 0;
    env_gate_enter();
    if (kek->may_open)
        r = env_kek_perform(kek, env_raw_unwrap, &request, &fault);
    else
        r = env_fault(&fault, ENV_R_KEK_NOT_ALLOWED, "%s", kek->where);
    *out_len = request.out_len;
    r = finish(kek, r, &fault);
    env_gate_leave();
    return r;
}
