/* SPDX-License-Identifier: Apache-2.0 */
#include "unwrap_dek.h"

#include <openssl/crypto.h>
#include <string.h>

#include "aes_family.h"

static ENV_RESULT failed(const struct env_key_use *use, const char *function, CK_RV rv)
{
    return env_fault_ckr(use->fault, ENV_R_UNWRAP_FAILED, function, rv, use->where);
}

/* Leaves len bytes in the session's scratch memory. */
static ENV_RESULT unwrap_by_decrypt(struct env_key_use *use, CK_MECHANISM *mechanism,
                                    const struct env_wrapped *wrapped, CK_ULONG *len)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_RV rv = ENV_P11(fn->C_DecryptInit(use->session->handle, mechanism, use->key));

    if (rv != CKR_OK)
        return failed(use, "C_DecryptInit", rv);
    *len = ENV_SCRATCH_LEN;
    rv = ENV_P11(fn->C_Decrypt(use->session->handle, (CK_BYTE *)(uintptr_t)wrapped->data,
                               (CK_ULONG)wrapped->len, use->session->scratch, len));
    return rv == CKR_OK ? ENV_OK : env_aes_open_failed(use, "C_Decrypt", rv);
}

static ENV_RESULT unwrap_by_unwrap_key(struct env_key_use *use, CK_MECHANISM *mechanism,
                                       const struct env_wrapped *wrapped, CK_ULONG *len)
{
    CK_ATTRIBUTE value = {CKA_VALUE, use->session->scratch, ENV_SCRATCH_LEN};
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_aes_unwrap_key(use, mechanism, wrapped->data, wrapped->len, &object);

    if (rv != CKR_OK)
        return env_aes_open_failed(use, "C_UnwrapKey", rv);
    rv = ENV_P11(use->token->fn->C_GetAttributeValue(use->session->handle, object, &value, 1));
    env_aes_destroy(use, object);
    if (rv != CKR_OK)
        return failed(use, "C_GetAttributeValue(CKA_VALUE)", rv);
    *len = value.ulValueLen;
    return ENV_OK;
}

ENV_RESULT env_unwrap_dek(struct env_key_use *use, CK_MECHANISM *mechanism, bool by_decrypt,
                          const struct env_unwrapping *unwrapping)
{
    CK_ULONG len = 0;
    ENV_RESULT r = by_decrypt ? unwrap_by_decrypt(use, mechanism, unwrapping->wrapped, &len)
                              : unwrap_by_unwrap_key(use, mechanism, unwrapping->wrapped, &len);

    if (env_ok(r) && len != ENV_DEK_LEN)
        r = env_fault(use->fault, ENV_R_NOT_AUTHENTIC, "%s", "");
    if (env_ok(r))
        memcpy(unwrapping->dek, use->session->scratch, ENV_DEK_LEN);
    OPENSSL_cleanse(use->session->scratch, ENV_SCRATCH_LEN);
    return r;
}
