/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/trial.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>

#include "keymgmt/kek/use_key.h"
#include "keymgmt/wrap/wrap_aes.h"

struct trial {
    struct env_token_kek *kek;
    struct env_aes_method method;
    enum env_patience patience;
    struct env_sample *sample;
    struct env_error_detail *detail;
    enum env_iv_place place;
    bool other_bytes; /* the token answered, and wrongly */
};

static ENV_RESULT failed(struct trial *t, const char *what)
{
    t->other_bytes = true;
    return env_error_detail(t->detail, ENV_R_KEK_SELF_TEST, "%s: %s", t->kek->where, what);
}

static ENV_RESULT wrap(struct trial *t, struct env_wrapped *out)
{
    struct env_aes_wrapping wrapping = {t->method, t->sample->secret, out, &t->kek->ivs, &t->place};

    return env_kek_use_key(t->kek, t->patience, env_aes_wrap, &wrapping, t->detail);
}

/* One IV alone cannot be seen to repeat; a second wrap lets the check of IVs compare two. */
static ENV_RESULT wrap_again(struct trial *t)
{
    struct env_wrapped second = {.len = 0};
    const struct env_wrapped *first = &t->sample->wrapped;

    if (t->method.family != ENV_AES_GCM || !atomic_load(&t->kek->ivs.made))
        return ENV_OK;
    ENV_TRY(wrap(t, &second));
    if (second.len == first->len && CRYPTO_memcmp(second.data, first->data, first->len) == 0)
        return env_error_detail(t->detail, ENV_R_TOKEN_IV, "%s: two wraps gave the same result",
                                t->kek->where);
    return ENV_OK;
}

static ENV_RESULT unwrap(struct trial *t, const struct env_wrapped *wrapped,
                         uint8_t back[ENV_DEK_LEN])
{
    struct env_unwrapping unwrapping = {.wrapped = wrapped, .dek = back};

    return env_kek_use_key(t->kek, t->patience, env_aes_unwrap, &unwrapping, t->detail);
}

static ENV_RESULT open_it(struct trial *t)
{
    uint8_t back[ENV_DEK_LEN] = {0};
    ENV_RESULT r = unwrap(t, &t->sample->wrapped, back);

    if (r.reason == ENV_R_NOT_AUTHENTIC) {
        CK_RV rv = t->detail->rv;

        (void)failed(t, env_ckr_name(rv));
        t->other_bytes = !env_ckr_ambiguous(rv); /* this may be the device's failure */
        t->detail->rv = rv;
        return ENV_FAIL(ENV_R_KEK_SELF_TEST);
    }
    if (env_ok(r) && CRYPTO_memcmp(t->sample->secret, back, sizeof(back)) != 0)
        return failed(t, "unwrapping returned other bytes");
    return r;
}

/*
 * The last byte belongs to the tag, or to the last block of a key wrap, on which all others depend.
 */
static ENV_RESULT open_altered(struct trial *t)
{
    struct env_wrapped altered = t->sample->wrapped;
    uint8_t back[ENV_DEK_LEN];
    ENV_RESULT r;

    altered.data[altered.len - 1] ^= 1;
    r = unwrap(t, &altered, back);
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        return ENV_OK;
    return env_ok(r) ? failed(t, "it opens an altered ciphertext") : r;
}

ENV_RESULT env_trial(struct env_token_kek *kek, struct env_aes_method method,
                     enum env_patience patience, struct env_sample *sample,
                     enum env_iv_place *place, bool *cannot, struct env_error_detail *detail)
{
    struct trial t = {kek, method, patience, sample, detail, ENV_IV_NOT_LEARNT, false};
    bool opens = env_aes_can_open(env_kek_place(kek).uses, method.family);
    ENV_RESULT r;

    *cannot = false;
    if (RAND_bytes(sample->secret, sizeof(sample->secret)) != 1)
        return env_error_detail(detail, ENV_R_RANDOM_FAILED, "%s", kek->where);
    r = wrap(&t, &sample->wrapped);
    if (env_ok(r))
        r = wrap_again(&t);
    if (env_ok(r) && opens)
        r = open_it(&t);
    if (env_ok(r) && opens)
        r = open_altered(&t);
    *place = t.place;
    *cannot = !env_ok(r) && (t.other_bytes || env_gcm_iv_bad(r.reason) ||
                             (detail->loss == ENV_LOSS_NONE && env_ckr_says_cannot(detail->rv)));
    return r;
}
