/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/wrap_raw.h"

#include <string.h>

#include "keymgmt/wrap/aes_family.h"
#include "keymgmt/wrap/prove_raw.h"

#define METHODS_MAX 4u

static ENV_RESULT failed(const struct env_key_use *use, enum env_reason reason,
                         const char *function, CK_RV rv)
{
    return env_fault_ckr(use->fault, reason, function, rv, use->where);
}

/* ---- one mechanism in one way ---- */

static ENV_RESULT by_encrypt(struct env_key_use *use, CK_MECHANISM *mechanism,
                             struct env_raw_request *request, CK_ULONG *len)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_RV rv = ENV_P11(fn->C_EncryptInit(use->session->handle, mechanism, use->key));

    if (rv != CKR_OK)
        return failed(use, ENV_R_WRAP_FAILED, "C_EncryptInit", rv);
    rv = ENV_P11(fn->C_Encrypt(use->session->handle, (CK_BYTE *)(uintptr_t)request->in,
                               (CK_ULONG)request->in_len, request->out, len));
    return rv == CKR_OK ? ENV_OK : failed(use, ENV_R_WRAP_FAILED, "C_Encrypt", rv);
}

static ENV_RESULT by_wrap_key(struct env_key_use *use, CK_MECHANISM *mechanism,
                              struct env_raw_request *request, CK_ULONG *len)
{
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_aes_create_secret(use, request->in, request->in_len, &object);

    if (rv != CKR_OK)
        return failed(use, ENV_R_WRAP_FAILED, "C_CreateObject", rv);
    rv = ENV_P11(use->token->fn->C_WrapKey(use->session->handle, mechanism, use->key, object,
                                           request->out, len));
    env_aes_destroy(use, object);
    return rv == CKR_OK ? ENV_OK : failed(use, ENV_R_WRAP_FAILED, "C_WrapKey", rv);
}

static ENV_RESULT by_decrypt(struct env_key_use *use, CK_MECHANISM *mechanism,
                             struct env_raw_request *request, CK_ULONG *len)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_RV rv = ENV_P11(fn->C_DecryptInit(use->session->handle, mechanism, use->key));

    if (rv != CKR_OK)
        return failed(use, ENV_R_UNWRAP_FAILED, "C_DecryptInit", rv);
    rv = ENV_P11(fn->C_Decrypt(use->session->handle, (CK_BYTE *)(uintptr_t)request->in,
                               (CK_ULONG)request->in_len, request->out, len));
    return rv == CKR_OK ? ENV_OK : env_aes_open_failed(use, "C_Decrypt", rv);
}

static ENV_RESULT by_unwrap_key(struct env_key_use *use, CK_MECHANISM *mechanism,
                                struct env_raw_request *request, CK_ULONG *len)
{
    CK_ATTRIBUTE value = {CKA_VALUE, request->out, *len};
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_aes_unwrap_key(use, mechanism, request->in, request->in_len, &object);

    if (rv != CKR_OK)
        return env_aes_open_failed(use, "C_UnwrapKey", rv);
    rv = ENV_P11(use->token->fn->C_GetAttributeValue(use->session->handle, object, &value, 1));
    env_aes_destroy(use, object);
    if (rv != CKR_OK)
        return failed(use, ENV_R_UNWRAP_FAILED, "C_GetAttributeValue(CKA_VALUE)", rv);
    *len = value.ulValueLen;
    return ENV_OK;
}

ENV_RESULT env_raw_once(struct env_key_use *use, struct env_aes_method method,
                        struct env_raw_request *request)
{
    CK_MECHANISM mechanism = {env_aes_family_info(method.family)->type, NULL, 0};
    CK_ULONG room = (CK_ULONG)(request->in_len + ENV_RAW_SLACK);
    CK_ULONG len = room;
    ENV_RESULT r;

    switch (method.way) {
    case ENV_AES_ENCRYPT:
        r = by_encrypt(use, &mechanism, request, &len);
        break;
    case ENV_AES_WRAP_KEY:
        r = by_wrap_key(use, &mechanism, request, &len);
        break;
    case ENV_AES_DECRYPT:
        r = by_decrypt(use, &mechanism, request, &len);
        break;
    case ENV_AES_UNWRAP_KEY:
    default:
        r = by_unwrap_key(use, &mechanism, request, &len);
        break;
    }
    if (env_ok(r) && len > room)
        r = failed(use, ENV_R_TOKEN_FAILED, "more bytes than there is room for", CKR_OK);
    request->out_len = env_ok(r) ? len : 0;
    return r;
}

/* ---- which mechanism, which way ---- */

static size_t methods_for(unsigned uses, enum env_raw_wrap alg, const enum env_aes_way ways[2],
                          struct env_aes_method out[METHODS_MAX])
{
    static const enum env_aes_family kw[] = {ENV_AES_KW};
    static const enum env_aes_family kwp[] = {ENV_AES_KWP, ENV_AES_PAD};
    const enum env_aes_family *families = alg == ENV_RAW_KW ? kw : kwp;
    size_t count = alg == ENV_RAW_KW ? 1 : 2;
    size_t n = 0;

    for (size_t f = 0; f < count; f++) {
        for (size_t w = 0; w < 2; w++) {
            if (env_aes_can(uses, families[f], ways[w]))
                out[n++] = (struct env_aes_method){families[f], ways[w]};
        }
    }
    return n;
}

static const enum env_aes_way wrapping[2] = {ENV_AES_ENCRYPT, ENV_AES_WRAP_KEY};
static const enum env_aes_way unwrapping[2] = {ENV_AES_DECRYPT, ENV_AES_UNWRAP_KEY};

bool env_raw_can_unwrap(unsigned uses, enum env_raw_wrap alg)
{
    struct env_aes_method methods[METHODS_MAX];

    return methods_for(uses, alg, unwrapping, methods) > 0;
}

static ENV_RESULT no_way(const struct env_key_use *use, enum env_raw_wrap alg, const char *what)
{
    return env_fault(use->fault, ENV_R_KEK_USAGE, "%s: it can not %s with %s", use->where, what,
                     alg == ENV_RAW_KW ? "CKM_AES_KEY_WRAP"
                                       : "CKM_AES_KEY_WRAP_KWP or CKM_AES_KEY_WRAP_PAD");
}

static ENV_RESULT not_proven(const struct env_key_use *use, const char *what, size_t len)
{
    return env_fault(use->fault, ENV_R_WRAP_LENGTH, "%s: to %s %zu bytes", use->where, what, len);
}

/* Tries the ways that are proven for these kinds of lengths. */
static ENV_RESULT run(struct env_key_use *use, struct env_raw_request *request,
                      const enum env_aes_way ways[2], unsigned kinds, const char *what)
{
    struct env_aes_method methods[METHODS_MAX];
    size_t count = methods_for(use->uses, request->alg, ways, methods);
    bool tried = false;

    for (size_t i = 0; i < count; i++) {
        unsigned proven = kinds;
        ENV_RESULT r;

        if (request->alg == ENV_RAW_KWP)
            ENV_TRY(env_raw_proven(use, methods[i], &proven));
        if ((proven & kinds) != kinds)
            continue;
        r = env_raw_once(use, methods[i], request);
        if (env_ok(r) || !env_ckr_mechanism_unusable(use->fault->rv))
            return r;
        tried = true;
    }
    if (count == 0)
        return no_way(use, request->alg, what);
    if (!tried)
        return not_proven(use, what, request->in_len);
    use->fault->reason = ENV_R_KEK_USAGE; /* the token does not do it with this key after all */
    return ENV_FAIL(ENV_R_KEK_USAGE);
}

ENV_RESULT env_raw_wrap(struct env_key_use *use, void *arg)
{
    struct env_raw_request *request = arg;
    size_t expected = (request->in_len + 7) / 8 * 8 + 8;

    ENV_TRY(run(use, request, wrapping, env_raw_kind_of(request->in_len), "wrap"));
    if (request->out_len == expected)
        return ENV_OK;
    return env_fault(use->fault, ENV_R_WRAP_FAILED, "%s gave %zu bytes instead of %zu", use->where,
                     request->out_len, expected);
}

ENV_RESULT env_raw_unwrap(struct env_key_use *use, void *arg)
{
    struct env_raw_request *request = arg;
    size_t most = request->in_len - 8;
    size_t least = request->alg == ENV_RAW_KW ? most : most - 7;

    ENV_TRY(run(use, request, unwrapping, env_raw_kinds_within(request->in_len), "unwrap"));
    if (request->out_len >= least && request->out_len <= most)
        return ENV_OK;
    return env_fault(use->fault, ENV_R_UNWRAP_FAILED, "%s gave %zu bytes out of %zu", use->where,
                     request->out_len, request->in_len);
}
