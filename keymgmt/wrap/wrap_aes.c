/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/wrap_aes.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>

#include "keymgmt/wrap/aes_family.h"

#define GCM_TAG_BITS 128u

/* A mechanism with its parameters, which point into it. */
struct mechanism {
    CK_MECHANISM m;
    CK_GCM_PARAMS gcm;
    uint8_t iv[ENV_GCM_NONCE_LEN];
};

static void set_mechanism(struct mechanism *mechanism, enum env_aes_family family,
                          const uint8_t nonce[ENV_GCM_NONCE_LEN])
{
    memset(mechanism, 0, sizeof(*mechanism));
    mechanism->m.mechanism = env_aes_family_info(family)->type;
    if (family != ENV_AES_GCM)
        return;
    memcpy(mechanism->iv, nonce, sizeof(mechanism->iv));
    mechanism->gcm.pIv = mechanism->iv;
    mechanism->gcm.ulIvLen = sizeof(mechanism->iv);
    mechanism->gcm.ulIvBits = sizeof(mechanism->iv) * 8;
    mechanism->gcm.ulTagBits = GCM_TAG_BITS;
    mechanism->m.pParameter = &mechanism->gcm;
    mechanism->m.ulParameterLen = sizeof(mechanism->gcm);
}

static ENV_RESULT failed(const struct env_key_use *use, enum env_reason reason,
                         const char *function, CK_RV rv)
{
    return env_fault_ckr(use->fault, reason, function, rv, use->where);
}

static ENV_RESULT make_nonce(const struct env_key_use *use, uint8_t nonce[ENV_GCM_NONCE_LEN])
{
    const struct env_token *token = use->token;

    if ((token->info.flags & CKF_RNG) != 0 &&
        ENV_P11(token->fn->C_GenerateRandom(use->session->handle, nonce, ENV_GCM_NONCE_LEN)) ==
            CKR_OK)
        return ENV_OK;
    if (RAND_bytes(nonce, ENV_GCM_NONCE_LEN) == 1)
        return ENV_OK;
    return env_fault(use->fault, ENV_R_RANDOM_FAILED, "%s", use->where);
}

void env_aes_destroy(struct env_key_use *use, CK_OBJECT_HANDLE object)
{
    /* It dies with its session, so that goes when the object does not. */
    if (ENV_P11(use->token->fn->C_DestroyObject(use->session->handle, object)) != CKR_OK)
        use->session_spoiled = true;
}

static ENV_RESULT wrap_by_encrypt(struct env_key_use *use, CK_MECHANISM *mechanism,
                                  const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out)
{
    CK_FUNCTION_LIST *fn = use->token->fn;
    CK_ULONG len = sizeof(out->data);
    CK_RV rv = ENV_P11(fn->C_EncryptInit(use->session->handle, mechanism, use->key));

    if (rv != CKR_OK)
        return failed(use, ENV_R_WRAP_FAILED, "C_EncryptInit", rv);
    rv = ENV_P11(fn->C_Encrypt(use->session->handle, (CK_BYTE *)(uintptr_t)dek, ENV_DEK_LEN,
                               out->data, &len));
    if (rv != CKR_OK)
        return failed(use, ENV_R_WRAP_FAILED, "C_Encrypt", rv);
    out->len = len;
    return ENV_OK;
}

CK_RV env_aes_create_secret(struct env_key_use *use, const uint8_t *value, size_t len,
                            CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_BBOOL private_object = (use->token->info.flags & CKF_LOGIN_REQUIRED) != 0;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_PRIVATE, &private_object, sizeof(private_object)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},
        {CKA_VALUE, (void *)(uintptr_t)value, (CK_ULONG)len},
    };
    CK_RV rv = ENV_P11(use->token->fn->C_CreateObject(
        use->session->handle, template, sizeof(template) / sizeof(template[0]), object));

    if (rv != CKR_OK) /* who knows: the answer alone may have been lost */
        use->session_spoiled = true;
    return rv;
}

static ENV_RESULT wrap_by_wrap_key(struct env_key_use *use, CK_MECHANISM *mechanism,
                                   const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out)
{
    CK_ULONG len = sizeof(out->data);
    CK_OBJECT_HANDLE object;
    CK_RV rv = env_aes_create_secret(use, dek, ENV_DEK_LEN, &object);

    if (rv != CKR_OK)
        return failed(use, ENV_R_WRAP_FAILED, "C_CreateObject", rv);
    rv = ENV_P11(use->token->fn->C_WrapKey(use->session->handle, mechanism, use->key, object,
                                           out->data, &len));
    env_aes_destroy(use, object);
    if (rv != CKR_OK)
        return failed(use, ENV_R_WRAP_FAILED, "C_WrapKey", rv);
    out->len = len;
    return ENV_OK;
}

ENV_RESULT env_aes_wrap(struct env_key_use *use, struct env_aes_method method,
                        const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out)
{
    const struct env_aes_family_info *info = env_aes_family_info(method.family);
    struct mechanism mechanism;

    memset(out, 0, sizeof(*out));
    out->alg = (enum env_wrap_alg)((unsigned)info->alg128 + (unsigned)(use->bits - 128) / 64);
    if (method.family == ENV_AES_GCM)
        ENV_TRY(make_nonce(use, out->nonce));
    set_mechanism(&mechanism, method.family, out->nonce);
    if (method.way == ENV_AES_ENCRYPT)
        ENV_TRY(wrap_by_encrypt(use, &mechanism.m, dek, out));
    else
        ENV_TRY(wrap_by_wrap_key(use, &mechanism.m, dek, out));
    if (method.family == ENV_AES_GCM) { /* a FIPS token chose its own nonce */
        use->token_nonce = memcmp(out->nonce, mechanism.iv, sizeof(out->nonce)) != 0;
        memcpy(out->nonce, mechanism.iv, sizeof(out->nonce));
    }
    if (out->len != info->wrapped_len ||
        (method.family == ENV_AES_GCM &&
         (mechanism.gcm.pIv != mechanism.iv || mechanism.gcm.ulIvLen != sizeof(mechanism.iv))))
        return env_fault(use->fault, ENV_R_WRAP_FAILED, "%s: %s gave %zu bytes instead of %zu",
                         use->where, info->name, out->len, info->wrapped_len);
    return ENV_OK;
}

ENV_RESULT env_aes_open_failed(const struct env_key_use *use, const char *function, CK_RV rv)
{
    enum env_reason reason = env_ckr_bad_ciphertext(rv) ? ENV_R_NOT_AUTHENTIC : ENV_R_UNWRAP_FAILED;

    return failed(use, reason, function, rv);
}

static CK_RV unwrap_key(const struct env_key_use *use, CK_MECHANISM *mechanism,
                        const uint8_t *wrapped, size_t len, bool full, CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_BBOOL private_object = (use->token->info.flags & CKF_LOGIN_REQUIRED) != 0;
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},
        {CKA_PRIVATE, &private_object, sizeof(private_object)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &no, sizeof(no)},
    };

    return ENV_P11(use->token->fn->C_UnwrapKey(use->session->handle, mechanism, use->key,
                                               (CK_BYTE *)(uintptr_t)wrapped, (CK_ULONG)len,
                                               template, full ? 6 : 4, object));
}

static bool is_template_code(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT ||
           rv == CKR_TEMPLATE_INCOMPLETE;
}

/* Some tokens need to be told that the key may be read; others refuse to be told. */
static CK_RV unwrap_in_one_way(const struct env_key_use *use, CK_MECHANISM *mechanism,
                               const uint8_t *wrapped, size_t len, CK_OBJECT_HANDLE *object)
{
    bool full = !atomic_load(&use->token->short_unwrap_template);
    CK_RV rv = unwrap_key(use, mechanism, wrapped, len, full, object);

    if (!full || !is_template_code(rv))
        return rv;
    rv = unwrap_key(use, mechanism, wrapped, len, false, object);
    if (rv == CKR_OK)
        atomic_store(&use->token->short_unwrap_template, true);
    return rv;
}

CK_RV env_aes_unwrap_key(struct env_key_use *use, CK_MECHANISM *mechanism, const uint8_t *wrapped,
                         size_t len, CK_OBJECT_HANDLE *object)
{
    CK_RV rv = unwrap_in_one_way(use, mechanism, wrapped, len, object);

    /*
     * A key may be there all the same, until its session ends. Bad ciphertexts, which anybody can
     * send, must not cost a session each.
     */
    if (env_ckr_says_nothing(rv))
        use->session_spoiled = true;
    return rv;
}

static enum env_aes_family family_of(enum env_wrap_alg alg)
{
    return (enum env_aes_family)(((unsigned)alg - 1u) / 3u);
}

enum env_wrap_choice env_aes_choice_of(enum env_wrap_alg alg)
{
    return env_aes_family_info(family_of(alg))->choice;
}

/* False when alg is none of AES, or the key can not open it. */
static bool opening_method(const struct env_key_use *use, enum env_wrap_alg alg,
                           struct env_aes_method *method)
{
    if (alg == ENV_WRAP_NONE || alg > ENV_WRAP_AES256_GCM || env_aes_alg_bits(alg) != use->bits)
        return false;
    method->family = family_of(alg);
    method->way = env_aes_can(use->uses, method->family, ENV_AES_DECRYPT) ? ENV_AES_DECRYPT
                                                                          : ENV_AES_UNWRAP_KEY;
    return env_aes_can_open(use->uses, method->family);
}

ENV_RESULT env_aes_unwrap(struct env_key_use *use, void *arg)
{
    const struct env_unwrapping *unwrapping = arg;
    const struct env_wrapped *wrapped = unwrapping->wrapped;
    struct env_aes_method method;
    struct mechanism mechanism;

    if (!opening_method(use, wrapped->alg, &method))
        return env_fault(use->fault, ENV_R_KEK_USAGE,
                         "%s: neither C_Decrypt nor C_UnwrapKey can open what it wrapped so",
                         use->where);
    if (wrapped->len != env_aes_family_info(method.family)->wrapped_len)
        return env_fault(use->fault, ENV_R_NOT_AUTHENTIC, "%s", "");
    set_mechanism(&mechanism, method.family, wrapped->nonce);
    return env_unwrap_dek(use, &mechanism.m, method.way == ENV_AES_DECRYPT, unwrapping);
}
