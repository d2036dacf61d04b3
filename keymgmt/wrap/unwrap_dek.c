/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/unwrap_dek.h"

#include <openssl/crypto.h>
#include <string.h>

#include "keymgmt/wrap/aes_family.h"

static ENV_RESULT failed(const struct env_key_use *use, const char *function, CK_RV rv)
{
    return env_fault_ckr(use->fault, ENV_R_UNWRAP_FAILED, function, rv, use->where);
}

/*
 * Tokens have many codes for a bad ciphertext. Of an RSA one, which whoever has the public half can
 * make, every code that can mean it does, lest it be told from a good one.
 */
static ENV_RESULT open_failed(const struct env_key_use *use,
                              const struct env_unwrapping *unwrapping, const char *function,
                              CK_RV rv)
{
    if (unwrapping->check != NULL && env_wrap_is_rsa(unwrapping->wrapped->alg) &&
        env_ckr_may_be_the_data(rv))
        return env_fault(use->fault, ENV_R_NOT_AUTHENTIC, "%s", "");
    return env_aes_open_failed(use, function, rv);
}

/* Leaves len bytes in the session's scratch memory. */
static ENV_RESULT unwrap_by_decrypt(struct env_key_use *use, CK_MECHANISM *mechanism,
                                    const struct env_unwrapping *unwrapping, CK_ULONG *len)
{
    const struct env_wrapped *wrapped = unwrapping->wrapped;
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_RV rv = ENV_P11(fn->C_DecryptInit(use->session->handle, mechanism, use->key));

    if (rv != CKR_OK)
        return failed(use, "C_DecryptInit", rv);
    *len = ENV_SCRATCH_LEN;
    rv = ENV_P11(fn->C_Decrypt(use->session->handle, (CK_BYTE *)(uintptr_t)wrapped->data,
                               (CK_ULONG)wrapped->len, use->session->scratch, len));
    return rv == CKR_OK ? ENV_OK : open_failed(use, unwrapping, "C_Decrypt", rv);
}

/* What a good ciphertext would go on with, for an RSA one that is bad: on no object. */
static void pretend_to_read(const struct env_key_use *use, CK_ATTRIBUTE *value)
{
    CK_FUNCTION_LIST *fn = use->token->fn;

    (void)ENV_P11(fn->C_GetAttributeValue(use->session->handle, CK_INVALID_HANDLE, value, 1));
    (void)ENV_P11(fn->C_DestroyObject(use->session->handle, CK_INVALID_HANDLE));
}

static ENV_RESULT unwrap_by_unwrap_key(struct env_key_use *use, CK_MECHANISM *mechanism,
                                       const struct env_unwrapping *unwrapping, CK_ULONG *len)
{
    const struct env_wrapped *wrapped = unwrapping->wrapped;
    CK_ATTRIBUTE value = {CKA_VALUE, use->session->scratch, ENV_SCRATCH_LEN};
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_aes_unwrap_key(use, mechanism, wrapped->data, wrapped->len, &object);
    ENV_RESULT r;

    if (rv != CKR_OK) {
        r = open_failed(use, unwrapping, "C_UnwrapKey", rv);
        if (r.reason == ENV_R_NOT_AUTHENTIC && env_wrap_is_rsa(wrapped->alg))
            pretend_to_read(use, &value);
        return r;
    }
    rv = ENV_P11(use->token->fn->C_GetAttributeValue(use->session->handle, object, &value, 1));
    env_aes_destroy(use, object);
    if (rv != CKR_OK)
        return failed(use, "C_GetAttributeValue(CKA_VALUE)", rv);
    *len = value.ulValueLen;
    return ENV_OK;
}

/* After it, nothing tells a bad ciphertext from a data key that does not hold. */
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
    return env_fault(use->fault, ENV_R_NOT_AUTHENTIC, "%s", "");
}

ENV_RESULT env_unwrap_dek(struct env_key_use *use, CK_MECHANISM *mechanism, bool by_decrypt,
                          const struct env_unwrapping *unwrapping)
{
    CK_ULONG len = 0;
    ENV_RESULT r = by_decrypt ? unwrap_by_decrypt(use, mechanism, unwrapping, &len)
                              : unwrap_by_unwrap_key(use, mechanism, unwrapping, &len);

    if (env_ok(r) && len != ENV_DEK_LEN)
        r = env_fault(use->fault, ENV_R_NOT_AUTHENTIC, "%s", "");
    r = judge(use, unwrapping, r);
    if (env_ok(r))
        memcpy(unwrapping->dek, use->session->scratch, ENV_DEK_LEN);
    OPENSSL_cleanse(use->session->scratch, ENV_SCRATCH_LEN);
    return r;
}
