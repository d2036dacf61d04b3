/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/wrap_on_token.h"

#include <openssl/crypto.h>
#include <stdatomic.h>

#include "envelope/base/secret.h"
#include "keymgmt/kek/may_open.h"
#include "keymgmt/kek/seals_today.h"
#include "keymgmt/kek/self_test.h"
#include "keymgmt/kek/taken_away.h"
#include "keymgmt/kek/use_key.h"
#include "keymgmt/wrap/rsa_public.h"
#include "keymgmt/wrap/wrap_aes.h"
#include "keymgmt/wrap/wrap_rsa.h"

/* ---- data keys ---- */

ENV_RESULT env_token_kek_wrap(struct env_token_kek *kek, struct env_kek_operation *operation)
{
    const uint8_t *dek = operation->wrapping.dek;
    struct env_wrapped *out = operation->wrapping.out;
    struct env_aes_wrapping wrapping;
    enum env_iv_place place;

    ENV_TRY(env_kek_may_seal_now(kek, operation->detail));
    ENV_TRY(env_token_kek_prepare(kek, operation));
    if (kek->attributes.rsa)
        return env_rsa_public_wrap(kek->public_half, kek->rsa_alg, dek, kek->where, out,
                                   operation->detail);
    place = kek->iv_place;
    wrapping = (struct env_aes_wrapping){kek->sealing, dek, out, &kek->ivs, &place};
    return env_kek_use_key(kek, operation->patience, env_aes_wrap, &wrapping, operation->detail);
}

ENV_RESULT env_token_kek_unwrap(struct env_token_kek *kek, struct env_kek_operation *operation)
{
    bool rsa = kek->attributes.rsa;

    if (rsa && !env_rsa_may_be_wrapped(&kek->attributes, operation->unwrapping.wrapped)) {
        operation->does_not_fit = true;
        return env_error_detail(operation->detail, ENV_R_NOT_AUTHENTIC, "%s", "");
    }
    ENV_TRY(env_kek_taken_away(kek, false, operation->detail));
    ENV_TRY(env_may_open(kek, operation->detail));
    return env_kek_use_key(kek, operation->patience, rsa ? env_rsa_unwrap : env_aes_unwrap,
                           &operation->unwrapping, operation->detail);
}

/* ---- key wrap ---- */

/* A failure of the key itself is a failed self-test; other failures keep their reason. */
static ENV_RESULT judge(const struct env_token_kek *kek, ENV_RESULT r, bool same,
                        struct env_error_detail *detail)
{
    struct env_error_detail last;

    if (env_ok(r) && !same)
        return env_error_detail(detail, ENV_R_KEK_SELF_TEST, "%s: unwrapping returned other bytes",
                                kek->where);
    if (r.reason != ENV_R_NOT_AUTHENTIC && r.reason != ENV_R_UNWRAP_FAILED &&
        r.reason != ENV_R_KEK_USAGE)
        return r;
    last = *detail;
    return env_error_detail(detail, ENV_R_KEK_SELF_TEST, "%.*s", (int)sizeof(last.text) - 1,
                            last.text);
}

/*
 * Unwraps what was just wrapped, so that nothing is wrapped by a key that cannot unwrap it. Done at
 * the key's first use in the process, and for every new greatest length: tokens that take data as
 * keys have limits on it, which may differ between the two directions.
 */
static ENV_RESULT show(struct env_token_kek *kek, const struct env_kek_operation *operation)
{
    const struct env_key_wrap_request *wrapped = &operation->key_wrap;
    struct env_error_detail *detail = operation->detail;
    size_t room = wrapped->out_len + ENV_KEY_WRAP_SLACK;
    struct env_key_wrap_request unwrap = {wrapped->alg, wrapped->out, wrapped->out_len, NULL, 0};
    bool same;
    ENV_RESULT r;

    if (!env_key_wrap_can_unwrap(env_kek_place(kek).uses, wrapped->alg))
        return ENV_OK;
    unwrap.out = env_secret_alloc(room);
    if (unwrap.out == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", kek->where);
    r = env_kek_use_key(kek, operation->patience, env_aes_key_unwrap, &unwrap, detail);
    same = unwrap.out_len == wrapped->in_len &&
           CRYPTO_memcmp(unwrap.out, wrapped->in, wrapped->in_len) == 0;
    env_secret_free(unwrap.out, room);
    if (r.reason == ENV_R_WRAP_LENGTH) /* unsupported length; the key is not at fault */
        return ENV_OK;
    return judge(kek, r, same, detail);
}

ENV_RESULT env_token_kek_key_wrap(struct env_token_kek *kek, struct env_kek_operation *operation)
{
    struct env_key_wrap_request *request = &operation->key_wrap;
    _Atomic size_t *shown = &kek->key_wrap_shown[request->alg];
    size_t before = atomic_load(shown);

    ENV_TRY(env_kek_may_seal_now(kek, operation->detail));
    ENV_TRY(
        env_kek_use_key(kek, operation->patience, env_aes_key_wrap, request, operation->detail));
    if (request->in_len <= before)
        return ENV_OK;
    ENV_TRY(show(kek, operation));
    while (before < request->in_len &&
           !atomic_compare_exchange_weak(shown, &before, request->in_len))
        continue;
    return ENV_OK;
}

ENV_RESULT env_token_kek_key_unwrap(struct env_token_kek *kek, struct env_kek_operation *operation)
{
    ENV_TRY(env_kek_taken_away(kek, false, operation->detail));
    ENV_TRY(env_may_open(kek, operation->detail));
    return env_kek_use_key(kek, operation->patience, env_aes_key_unwrap, &operation->key_wrap,
                           operation->detail);
}
