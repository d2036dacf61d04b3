/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/kek_calls.h"

#include <stdatomic.h>

#include "envelope/base/fork_gate.h"
#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/kek/wrap_on_token.h"

static struct env_kek_head *head_of(struct env_kek *kek)
{
    return (struct env_kek_head *)kek;
}

void env_kek_calls_up_ref(struct env_kek *kek)
{
    (void)atomic_fetch_add(&head_of(kek)->refs, 1);
}

static ENV_RESULT ask_token(struct env_kek_head *head, struct env_kek_operation *operation)
{
    ENV_RESULT r;

    if (head->seals_without_token && operation->purpose == ENV_KEK_SEALS)
        return head->perform(head, operation);
    if (!env_back_off_may_ask(&head->back_off, operation->detail))
        return ENV_FAIL(operation->detail->reason);
    r = head->perform(head, operation);
    env_back_off_settle(&head->back_off, r, operation->detail);
    return r;
}

/* A ciphertext that does not verify is reported as one error without detail, and is not raised. */
static ENV_RESULT perform(struct env_kek *kek, struct env_kek_operation *operation)
{
    struct env_kek_head *head = head_of(kek);
    ENV_RESULT r = env_token_set_enter_fork_gate(operation->detail);

    if (env_ok(r))
        r = ask_token(head, operation);
    if (env_kek_is_outdated(r, operation->detail) ||
        (operation->does_not_fit && env_token_set_may_doubt(head->token_set)))
        env_kek_cache_remove(&head->token_set->cache, kek);
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        r = ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    else if (!env_ok(r))
        r = env_error_detail_raise(head->token_set->errors, operation->detail);
    env_fork_gate_leave();
    return r;
}

ENV_RESULT env_kek_calls_wrap(struct env_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                              struct env_wrapped *out)
{
    struct env_error_detail detail;
    struct env_kek_operation operation = {.purpose = ENV_KEK_SEALS,
                                          .run = env_token_kek_wrap,
                                          .wrapping = {dek, out},
                                          .detail = &detail};

    return perform(kek, &operation);
}

ENV_RESULT env_kek_calls_unwrap(struct env_kek *kek, const struct env_wrapped *wrapped,
                                const struct env_dek_check *check, uint8_t dek[ENV_DEK_LEN])
{
    struct env_error_detail detail;
    struct env_kek_operation operation = {.purpose = ENV_KEK_OPENS,
                                          .run = env_token_kek_unwrap,
                                          .unwrapping = {wrapped, check, dek},
                                          .detail = &detail};

    return perform(kek, &operation);
}

/* Clears the output on failure. In key wrap a bad ciphertext has a reason of its own. */
static ENV_RESULT key_wrap_result(ENV_RESULT r, const struct env_key_wrap_request *request,
                                  size_t *out_len)
{
    *out_len = env_ok(r) ? request->out_len : 0;
    return r.reason == ENV_R_NOT_AUTHENTIC ? ENV_FAIL(ENV_R_WRAPPED_KEY) : r;
}

ENV_RESULT env_kek_calls_key_wrap(struct env_kek *kek, enum env_key_wrap_kind alg,
                                  const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    struct env_error_detail detail;
    struct env_kek_operation operation = {.purpose = ENV_KEK_KEY_WRAPS,
                                          .run = env_token_kek_key_wrap,
                                          .key_wrap = {alg, in, in_len, out, 0},
                                          .detail = &detail};

    return key_wrap_result(perform(kek, &operation), &operation.key_wrap, out_len);
}

ENV_RESULT env_kek_calls_key_unwrap(struct env_kek *kek, enum env_key_wrap_kind alg,
                                    const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    struct env_error_detail detail;
    struct env_kek_operation operation = {.purpose = ENV_KEK_OPENS,
                                          .run = env_token_kek_key_unwrap,
                                          .key_wrap = {alg, in, in_len, out, 0},
                                          .detail = &detail};

    return key_wrap_result(perform(kek, &operation), &operation.key_wrap, out_len);
}
