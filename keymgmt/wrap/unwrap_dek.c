/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/unwrap_dek.h"

#include <openssl/crypto.h>
#include <string.h>

/*
 * Makes the calls that follow a good ciphertext, without an object, so that a bad RSA one takes as
 * long.
 */
static void pretend_to_read(const struct env_key_use *use)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_ATTRIBUTE value = {CKA_VALUE, use->session->scratch, ENV_SCRATCH_LEN};

    (void)ENV_P11(fn->C_GetAttributeValue(use->session->handle, CK_INVALID_HANDLE, &value, 1));
    (void)ENV_P11(fn->C_DestroyObject(use->session->handle, CK_INVALID_HANDLE));
}

/*
 * Tokens have many codes for a bad ciphertext. For RSA, where anyone with the public half can make
 * ciphertexts, every code that may mean a bad one is treated as such, so that the error tells
 * nothing about it.
 */
static ENV_RESULT rsa_refused(const struct env_key_use *use, enum env_wrap_way way,
                              const struct env_unwrapping *unwrapping, ENV_RESULT r)
{
    if (unwrapping->check != NULL && env_ckr_may_be_the_data(use->detail->rv))
        r = env_error_detail(use->detail, ENV_R_NOT_AUTHENTIC, "%s", "");
    if (way == ENV_WAY_UNWRAP_KEY && r.reason == ENV_R_NOT_AUTHENTIC)
        pretend_to_read(use);
    return r;
}

/* After this, a bad ciphertext and a data key that fails the check look the same. */
static ENV_RESULT judge(const struct env_key_use *use, const struct env_unwrapping *unwrapping,
                        ENV_RESULT r)
{
    const struct env_dek_check *check = unwrapping->check;

    if (check == NULL || (!env_ok(r) && r.reason != ENV_R_NOT_AUTHENTIC))
        return r;
    if (env_ok(r) && check->holds(check->arg, use->session->scratch))
        return r;
    if (!env_ok(r) && env_wrap_is_rsa(unwrapping->wrapped->alg))
        (void)check->holds(check->arg, NULL);
    return env_error_detail(use->detail, ENV_R_NOT_AUTHENTIC, "%s", "");
}

ENV_RESULT env_unwrap_dek(struct env_key_use *use, CK_MECHANISM *mechanism, enum env_wrap_way way,
                          const struct env_unwrapping *unwrapping)
{
    struct env_wrap_call call = {.mechanism = mechanism,
                                 .in = unwrapping->wrapped->data,
                                 .in_len = unwrapping->wrapped->len,
                                 .out = use->session->scratch,
                                 .len = ENV_SCRATCH_LEN,
                                 .value_len = ENV_DEK_LEN};
    ENV_RESULT r = env_wrap_ways[way](use, &call);

    if (call.input_refused && env_wrap_is_rsa(unwrapping->wrapped->alg))
        r = rsa_refused(use, way, unwrapping, r);
    if (env_ok(r) && call.len != ENV_DEK_LEN)
        r = env_error_detail(use->detail, ENV_R_NOT_AUTHENTIC, "%s", "");
    r = judge(use, unwrapping, r);
    if (env_ok(r))
        memcpy(unwrapping->dek, use->session->scratch, ENV_DEK_LEN);
    /* OPENSSL_cleanse takes six times as long for this many bytes */
    explicit_bzero(use->session->scratch, ENV_SCRATCH_LEN);
    return r;
}
