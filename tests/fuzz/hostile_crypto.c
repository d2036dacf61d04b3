/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile_crypto.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define TAG 16

static EVP_PKEY *rsa;
static EVP_CIPHER *wraps[3]; /* AES-128, 192 and 256 */
static EVP_CIPHER *pads[3];
static EVP_CIPHER *gcm;

void hostile_crypto_prepare(void)
{
    static const char *const bits[] = {"128", "192", "256"};
    FILE *in = fopen(TEST_VECTORS "/rsa/kek-2048.pem", "r");
    char name[32];

    FUZZ_DEMAND(in != NULL);
    rsa = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    (void)fclose(in);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof(name), "AES-%s-WRAP", bits[i]);
        wraps[i] = EVP_CIPHER_fetch(NULL, name, NULL);
        (void)snprintf(name, sizeof(name), "AES-%s-WRAP-PAD", bits[i]);
        pads[i] = EVP_CIPHER_fetch(NULL, name, NULL);
        FUZZ_DEMAND(wraps[i] != NULL && pads[i] != NULL);
    }
    gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    FUZZ_DEMAND(rsa != NULL && gcm != NULL);
}

EVP_PKEY *hostile_rsa(void)
{
    return rsa;
}

static CK_RV key_wrap(EVP_CIPHER *const ciphers[3], const struct hostile_key *key, bool encrypt,
                      const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    EVP_CIPHER_CTX *ctx;
    int n = 0;
    bool ok;

    if ((key->len != 16 && key->len != 24 && key->len != 32) || in_len == 0 ||
        in_len > HOSTILE_VALUE_MAX - 64)
        return CKR_KEY_SIZE_RANGE;
    ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ok = EVP_CipherInit_ex2(ctx, ciphers[(key->len - 16) / 8], key->value, NULL, encrypt ? 1 : 0,
                            NULL) == 1 &&
         EVP_CipherUpdate(ctx, out, &n, in, (int)in_len) == 1 && n > 0;
    EVP_CIPHER_CTX_free(ctx);
    *out_len = ok ? (size_t)n : 0;
    if (ok)
        return CKR_OK;
    return encrypt ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_INVALID;
}

static CK_RV by_gcm(const struct hostile_key *key, const CK_MECHANISM *mechanism, bool encrypt,
                    const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    const CK_GCM_PARAMS *params = mechanism->pParameter;
    size_t text_len = encrypt ? in_len : in_len - TAG;
    EVP_CIPHER_CTX *ctx;
    uint8_t tag[TAG];
    int n = 0;
    int last = 0;
    bool ok;

    if (key->len != 32 || (!encrypt && in_len < TAG) || in_len > HOSTILE_VALUE_MAX - TAG)
        return CKR_KEY_SIZE_RANGE;
    FUZZ_DEMAND(mechanism->ulParameterLen == sizeof(*params) && params->ulTagBits == 128);
    if (params->ulIvLen != 12) /* a lie of its own */
        return CKR_MECHANISM_PARAM_INVALID;
    ctx = EVP_CIPHER_CTX_new();
    ok = EVP_CipherInit_ex2(ctx, gcm, key->value, params->pIv, encrypt ? 1 : 0, NULL) == 1;
    if (!encrypt) {
        memcpy(tag, in + text_len, TAG);
        ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1;
    }
    ok = ok && EVP_CipherUpdate(ctx, out, &n, in, (int)text_len) == 1 &&
         EVP_CipherFinal_ex(ctx, out + n, &last) == 1;
    if (ok && encrypt) {
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + n) == 1;
        last = TAG;
    }
    EVP_CIPHER_CTX_free(ctx);
    *out_len = ok ? (size_t)(n + last) : 0;
    return ok ? CKR_OK : CKR_ENCRYPTED_DATA_INVALID;
}

static CK_RV by_oaep(const CK_MECHANISM *mechanism, const uint8_t *in, size_t in_len, uint8_t *out,
                     size_t *out_len)
{
    const CK_RSA_PKCS_OAEP_PARAMS *params = mechanism->pParameter;
    EVP_PKEY_CTX *ctx;
    const EVP_MD *md;
    bool ok;

    FUZZ_DEMAND(mechanism->ulParameterLen == sizeof(*params));
    md = params->hashAlg == CKM_SHA256 ? EVP_sha256() : EVP_sha1();
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, rsa, NULL);
    *out_len = HOSTILE_VALUE_MAX;
    ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
         EVP_PKEY_decrypt(ctx, out, out_len, in, in_len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? CKR_OK : CKR_ENCRYPTED_DATA_INVALID;
}

CK_RV hostile_crypt(const struct hostile_key *key, const CK_MECHANISM *mechanism, bool encrypt,
                    const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    CK_RV rv = CKR_MECHANISM_INVALID;

    *out_len = 0;
    (void)ERR_set_mark();
    if (key->rsa != (mechanism->mechanism == CKM_RSA_PKCS_OAEP))
        rv = CKR_KEY_TYPE_INCONSISTENT;
    else if (mechanism->mechanism == CKM_AES_KEY_WRAP)
        rv = key_wrap(wraps, key, encrypt, in, in_len, out, out_len);
    else if (mechanism->mechanism == ENV_CKM_AES_KEY_WRAP_KWP ||
             mechanism->mechanism == CKM_AES_KEY_WRAP_PAD)
        rv = key_wrap(pads, key, encrypt, in, in_len, out, out_len);
    else if (mechanism->mechanism == CKM_AES_GCM)
        rv = by_gcm(key, mechanism, encrypt, in, in_len, out, out_len);
    else if (mechanism->mechanism == CKM_RSA_PKCS_OAEP && !encrypt)
        rv = by_oaep(mechanism, in, in_len, out, out_len);
    (void)ERR_pop_to_mark();
    return rv;
}
