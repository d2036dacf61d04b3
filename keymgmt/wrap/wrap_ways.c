/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/wrap_ways.h"

#include "keymgmt/token/login.h"
#include "keymgmt/wrap/session_object.h"

static CK_BYTE *input(const struct env_wrap_call *call)
{
    return (CK_BYTE *)(uintptr_t)call->in;
}

static ENV_RESULT encrypt(struct env_key_use *use, struct env_wrap_call *call)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_RV rv = ENV_P11(fn->C_EncryptInit(use->session->handle, call->mechanism, use->key));

    if (rv != CKR_OK)
        return env_key_use_failed(use, ENV_R_WRAP_FAILED, "C_EncryptInit", rv);
    rv = ENV_P11(fn->C_Encrypt(use->session->handle, input(call), (CK_ULONG)call->in_len, call->out,
                               &call->len));
    return rv == CKR_OK ? ENV_OK : env_key_use_failed(use, ENV_R_WRAP_FAILED, "C_Encrypt", rv);
}

/* Runs the calls of one way as one module call. Not if a PIN may have to be asked for. */
static ENV_RESULT as_one_call(env_wrap_way_fn *way, struct env_key_use *use,
                              struct env_wrap_call *call)
{
    ENV_RESULT r;

    env_call_begin();
    r = way(use, call);
    env_call_end();
    return r;
}

static ENV_RESULT wrap_object(struct env_key_use *use, struct env_wrap_call *call)
{
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_session_object_secret(use, call->in, call->in_len, &object);

    if (rv != CKR_OK)
        return env_key_use_failed(use, ENV_R_WRAP_FAILED, "C_CreateObject", rv);
    rv = ENV_P11(use->token->fn->C_WrapKey(use->session->handle, call->mechanism, use->key, object,
                                           call->out, &call->len));
    env_session_object_destroy(use, object);
    return rv == CKR_OK ? ENV_OK : env_key_use_failed(use, ENV_R_WRAP_FAILED, "C_WrapKey", rv);
}

static ENV_RESULT wrap_key(struct env_key_use *use, struct env_wrap_call *call)
{
    return as_one_call(wrap_object, use, call);
}

/* The call that processed the ciphertext failed. */
static ENV_RESULT refused(const struct env_key_use *use, struct env_wrap_call *call,
                          const char *function, CK_RV rv)
{
    call->input_refused = true;
    return env_key_use_failed(
        use, env_ckr_bad_ciphertext(rv) ? ENV_R_NOT_AUTHENTIC : ENV_R_UNWRAP_FAILED, function, rv);
}

/* PIV and eID cards require the PIN for every use of some keys. */
static ENV_RESULT log_in_for_it(struct env_key_use *use)
{
    ENV_RESULT r = ENV_OK;

    if (use->always != NULL)
        r = env_login_for_use(use->token, use->session, use->always, use->detail);
    if (!env_ok(r))
        use->session_spoiled = true; /* the operation is still open in it */
    return r;
}

static ENV_RESULT decrypt(struct env_key_use *use, struct env_wrap_call *call)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_RV rv = ENV_P11(fn->C_DecryptInit(use->session->handle, call->mechanism, use->key));

    if (rv != CKR_OK)
        return env_key_use_failed(use, ENV_R_UNWRAP_FAILED, "C_DecryptInit", rv);
    ENV_TRY(log_in_for_it(use));
    rv = ENV_P11(fn->C_Decrypt(use->session->handle, input(call), (CK_ULONG)call->in_len, call->out,
                               &call->len));
    return rv == CKR_OK ? ENV_OK : refused(use, call, "C_Decrypt", rv);
}

static ENV_RESULT unwrap_object(struct env_key_use *use, struct env_wrap_call *call)
{
    CK_ATTRIBUTE value = {CKA_VALUE, call->out, call->len};
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_session_object_unwrap(use, call->mechanism, input(call), (CK_ULONG)call->in_len,
                                         call->value_len, &object);

    if (rv != CKR_OK)
        return refused(use, call, "C_UnwrapKey", rv);
    rv = ENV_P11(use->token->fn->C_GetAttributeValue(use->session->handle, object, &value, 1));
    env_session_object_destroy(use, object);
    if (rv != CKR_OK)
        return env_key_use_failed(use, ENV_R_UNWRAP_FAILED, "C_GetAttributeValue(CKA_VALUE)", rv);
    call->len = value.ulValueLen;
    return ENV_OK;
}

static ENV_RESULT unwrap_key(struct env_key_use *use, struct env_wrap_call *call)
{
    return as_one_call(unwrap_object, use, call);
}

env_wrap_way_fn *const env_wrap_ways[ENV_WAYS] = {
    [ENV_WAY_ENCRYPT] = encrypt,
    [ENV_WAY_WRAP_KEY] = wrap_key,
    [ENV_WAY_DECRYPT] = decrypt,
    [ENV_WAY_UNWRAP_KEY] = unwrap_key,
};
