/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/wrap_aes.h"

#include <stdatomic.h>
#include <string.h>

#include "keymgmt/wrap/vendor_mechanisms.h"

static struct env_wrap_call call_of(const struct env_aes_wrapping *wrapping,
                                    CK_MECHANISM *mechanism)
{
    return (struct env_wrap_call){.mechanism = mechanism,
                                  .in = wrapping->dek,
                                  .in_len = ENV_DEK_LEN,
                                  .out = wrapping->out->data,
                                  .len = sizeof(wrapping->out->data)};
}

/* ---- AES-KW and AES-KWP ---- */

static ENV_RESULT key_wrap(struct env_key_use *use, const struct env_aes_wrapping *wrapping,
                           size_t expected)
{
    const enum env_aes_family family = wrapping->method.family;
    CK_MECHANISM mechanism = {env_aes_type(use->token, family), NULL, 0};
    struct env_wrap_call call = call_of(wrapping, &mechanism);

    ENV_TRY(env_wrap_ways[wrapping->method.way](use, &call));
    wrapping->out->len = call.len;
    if (call.len == expected)
        return ENV_OK;
    return env_error_detail(use->detail, ENV_R_WRAP_FAILED, "%s: %s gave %zu bytes instead of %zu",
                            use->where, env_aes_family_info(family)->name, (size_t)call.len,
                            expected);
}

/* ---- AES-GCM ---- */

static ENV_RESULT gcm_in_one_way(struct env_key_use *use, const struct env_aes_wrapping *wrapping,
                                 enum env_gcm_iv_way way, size_t expected)
{
    struct env_gcm gcm;
    struct env_wrap_call call = call_of(wrapping, &gcm.m);

    ENV_TRY(env_gcm_to_wrap(use, way, &gcm, wrapping->out));
    ENV_TRY(env_wrap_ways[wrapping->method.way](use, &call));
    wrapping->out->len = call.len;
    return env_gcm_take_iv(use, way, &gcm, wrapping->ivs, wrapping->place, expected, wrapping->out);
}

/* Whether to try another way: the token refused this IV, or generated a bad one. */
static bool to_go_on(const struct env_key_use *use, ENV_RESULT r)
{
    return r.reason == ENV_R_TOKEN_IV ||
           (r.reason == ENV_R_WRAP_FAILED && env_gcm_iv_refused(use->detail->rv));
}

/*
 * A token that accepted an IV of ours is not asked to generate one until it refuses ours. The way
 * that worked is remembered. If the token refuses it later, all ways are tried again.
 */
static ENV_RESULT gcm(struct env_key_use *use, const struct env_aes_wrapping *wrapping,
                      size_t expected)
{
    _Atomic unsigned *known = &use->token->gcm_iv;
    const unsigned before = atomic_load(known);
    const bool in_front = env_vendor_gcm_in_front(use->token) != 0;
    unsigned way = before != ENV_IV_UNKNOWN ? before : ENV_IV_OURS;
    unsigned last = before != ENV_IV_UNKNOWN ? before : in_front ? ENV_IV_IN_FRONT : ENV_IV_ABSENT;
    struct env_error_detail first = {.reason = ENV_R_NONE};
    ENV_RESULT r;

    for (;; way++) {
        r = gcm_in_one_way(use, wrapping, way, expected);
        if (env_ok(r) || !to_go_on(use, r))
            break;
        if (first.reason != ENV_R_TOKEN_IV &&
            (first.reason == ENV_R_NONE || r.reason == ENV_R_TOKEN_IV))
            first = *use->detail; /* report the first refusal, unless a bad IV followed it */
        if (way == last) {
            *use->detail = first;
            r = ENV_FAIL(first.reason);
            way = ENV_IV_UNKNOWN;
            break;
        }
    }
    if (way != before && (env_ok(r) || way == ENV_IV_UNKNOWN))
        atomic_store(known, way);
    return r;
}

ENV_RESULT env_aes_wrap(struct env_key_use *use, void *arg)
{
    const struct env_aes_wrapping *wrapping = arg;
    const enum env_aes_family family = wrapping->method.family;
    const struct env_wrap_algorithm *algorithm =
        env_wrap_algorithm_of((enum env_wrap_family)family, use->bits);

    if (algorithm == NULL) /* the token now reports another key length */
        return env_error_detail(use->detail, ENV_R_KEK_USAGE, "%s: AES of %zu bits", use->where,
                                use->bits);
    memset(wrapping->out, 0, sizeof(*wrapping->out));
    wrapping->out->alg = algorithm->alg;
    return family == ENV_AES_GCM ? gcm(use, wrapping, algorithm->longest)
                                 : key_wrap(use, wrapping, algorithm->longest);
}

/* ---- opening ---- */

/* False if the key cannot open it. */
static bool opening_method(const struct env_key_use *use,
                           const struct env_wrap_algorithm *algorithm,
                           struct env_aes_method *method)
{
    if (algorithm->bits != use->bits)
        return false;
    method->family = (enum env_aes_family)algorithm->family;
    method->way = env_aes_can(use->uses, method->family, ENV_WAY_DECRYPT) ? ENV_WAY_DECRYPT
                                                                          : ENV_WAY_UNWRAP_KEY;
    return env_aes_can_open(use->uses, method->family);
}

/* Rebuilds what a token expects that puts its IVs in front of ciphertexts. */
static ENV_RESULT unwrap_in_front(struct env_key_use *use, enum env_wrap_way way,
                                  const struct env_unwrapping *unwrapping)
{
    struct env_wrapped joined = *unwrapping->wrapped;
    struct env_unwrapping of_joined = *unwrapping;
    struct env_gcm gcm;

    memcpy(joined.data, joined.nonce, joined.nonce_len);
    memcpy(joined.data + joined.nonce_len, unwrapping->wrapped->data, joined.len);
    joined.len += joined.nonce_len;
    of_joined.wrapped = &joined;
    env_gcm_to_unwrap(env_vendor_gcm_in_front(use->token), &joined, &gcm);
    gcm.params.pIv = NULL;
    gcm.params.ulIvLen = 0;
    gcm.params.ulIvBits = 0;
    return env_unwrap_dek(use, &gcm.m, way, &of_joined);
}

/* The vendor's mechanism is tried if the token refuses the standard one, or lacks it. */
static ENV_RESULT unwrap_gcm(struct env_key_use *use, enum env_wrap_way way,
                             const struct env_unwrapping *unwrapping)
{
    const bool has_front = env_vendor_gcm_in_front(use->token) != 0 &&
                           unwrapping->wrapped->nonce_len == ENV_GCM_NONCE_LEN;
    struct env_gcm gcm;
    ENV_RESULT r;

    if (has_front && atomic_load(&use->token->gcm_iv) == ENV_IV_IN_FRONT)
        return unwrap_in_front(use, way, unwrapping);
    env_gcm_to_unwrap(env_aes_type(use->token, ENV_AES_GCM), unwrapping->wrapped, &gcm);
    r = env_unwrap_dek(use, &gcm.m, way, unwrapping);
    if (!has_front || r.reason != ENV_R_UNWRAP_FAILED || !env_gcm_iv_refused(use->detail->rv))
        return r;
    r = unwrap_in_front(use, way, unwrapping);
    if (env_ok(r))
        atomic_store(&use->token->gcm_iv, ENV_IV_IN_FRONT);
    return r;
}

ENV_RESULT env_aes_unwrap(struct env_key_use *use, void *arg)
{
    const struct env_unwrapping *unwrapping = arg;
    const struct env_wrapped *wrapped = unwrapping->wrapped;
    const struct env_wrap_algorithm *algorithm = env_wrap_algorithm(wrapped->alg);
    struct env_aes_method method;
    CK_MECHANISM mechanism = {0, NULL, 0};

    if (algorithm == NULL || algorithm->family == ENV_WRAP_FAMILY_OAEP)
        return env_error_detail(use->detail, ENV_R_KEK_USAGE, "%s: not wrapped by AES", use->where);
    if (!opening_method(use, algorithm, &method))
        return env_aes_opening_refused(use->uses, (enum env_aes_family)algorithm->family,
                                       use->where, use->detail);
    if (wrapped->len != algorithm->longest)
        return env_error_detail(use->detail, ENV_R_NOT_AUTHENTIC, "%s", "");
    mechanism.mechanism = env_aes_type(use->token, method.family);
    if (method.family != ENV_AES_GCM)
        return env_unwrap_dek(use, &mechanism, method.way, unwrapping);
    return unwrap_gcm(use, method.way, unwrapping);
}
