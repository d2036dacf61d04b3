/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/raw_kek.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/fork_gate.h"
#include "envelope/base/secret.h"

static struct env_token_kek *from_base(struct env_kek *kek)
{
    return (struct env_token_kek *)kek;
}

/* That it did not come back as it was is a fault of the key; all else is told as it is. */
static ENV_RESULT judge(const struct env_token_kek *kek, ENV_RESULT r, bool same,
                        struct env_fault *fault)
{
    struct env_fault last;

    if (env_ok(r) && !same)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: other bytes came back", kek->where);
    if (r.reason != ENV_R_NOT_AUTHENTIC && r.reason != ENV_R_UNWRAP_FAILED &&
        r.reason != ENV_R_KEK_USAGE)
        return r;
    last = *fault;
    return env_fault(fault, ENV_R_KEK_SELF_TEST, "%.*s", (int)sizeof(last.text) - 1, last.text);
}

/*
 * Unwraps what has been wrapped, so that nothing is wrapped by a key that can not unwrap it: at its
 * first use in the process, and whenever something is longer than all before (tokens that take data
 * as keys have limits of their own, and not the same for both directions).
 */
static ENV_RESULT show(struct env_token_kek *kek, const struct env_raw_request *wrapped,
                       enum env_patience patience, struct env_fault *fault)
{
    size_t room = wrapped->out_len + ENV_RAW_SLACK;
    struct env_raw_request unwrap = {wrapped->alg, wrapped->out, wrapped->out_len, NULL, 0};
    bool same;
    ENV_RESULT r;

    if (!env_raw_can_unwrap(env_kek_place(kek).uses, wrapped->alg))
        return ENV_OK;
    unwrap.out = env_secret_alloc(room);
    if (unwrap.out == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", kek->where);
    r = env_kek_perform(kek, patience, env_raw_unwrap, &unwrap, fault);
    same = unwrap.out_len == wrapped->in_len &&
           CRYPTO_memcmp(unwrap.out, wrapped->in, wrapped->in_len) == 0;
    env_secret_free(unwrap.out, room);
    if (r.reason == ENV_R_WRAP_LENGTH) /* it can not, which is no fault of the key */
        return ENV_OK;
    return judge(kek, r, same, fault);
}

ENV_RESULT env_token_kek_raw_wrap(struct env_token_kek *kek, struct env_raw_request *request,
                                  enum env_patience patience, struct env_fault *fault)
{
    _Atomic size_t *shown = &kek->raw_shown[request->alg];
    size_t before = atomic_load(shown);

    ENV_TRY(env_kek_perform(kek, patience, env_raw_wrap, request, fault));
    if (request->in_len <= before)
        return ENV_OK;
    ENV_TRY(show(kek, request, patience, fault));
    while (before < request->in_len &&
           !atomic_compare_exchange_weak(shown, &before, request->in_len))
        continue;
    return ENV_OK;
}

ENV_RESULT env_token_kek_raw_unwrap(struct env_token_kek *kek, struct env_raw_request *request,
                                    enum env_patience patience, struct env_fault *fault)
{
    if (!kek->may_open)
        return env_fault(fault, ENV_R_KEK_NOT_ALLOWED, "%s", kek->where);
    return env_kek_perform(kek, patience, env_raw_unwrap, request, fault);
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

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_token_kek_raw_wrap(kek, &request, ENV_PATIENCE_ALL, &fault);
    *out_len = env_ok(r) ? request.out_len : 0;
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
    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_token_kek_raw_unwrap(kek, &request, ENV_PATIENCE_ALL, &fault);
    *out_len = env_ok(r) ? request.out_len : 0;
    r = finish(kek, r, &fault);
    env_gate_leave();
    return r;
}
