/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/rsa_public.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "keymgmt/token/rsa_public_asn1.h"

struct env_rsa_public {
    struct env_rsa_source source; /* its propquery belongs to the configuration */
    EVP_PKEY *pkey;
};

/* ---- from numbers to a key ---- */

static OSSL_PARAM *public_params(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;

    if (bld != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(bld);
    OSSL_PARAM_BLD_free(bld);
    return params;
}

static EVP_PKEY *make_pkey(const struct env_rsa_source *source, const BIGNUM *n, const BIGNUM *e)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(source->libctx, "RSA", source->propquery);
    OSSL_PARAM *params = public_params(n, e);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* With an exponent of 1, or an even modulus, anyone could compute the DEK from the ciphertext. */
static bool is_rsa(const BIGNUM *n, const BIGNUM *e)
{
    return BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e);
}

ENV_RESULT env_rsa_public_new(const struct env_rsa_source *source, struct env_span modulus,
                              struct env_span exponent, const char *where,
                              struct env_rsa_public **out, struct env_error_detail *detail)
{
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    struct env_rsa_public *key = OPENSSL_zalloc(sizeof(*key));
    int bits = n != NULL ? BN_num_bits(n) : 0;
    ENV_RESULT r = ENV_OK;

    if (n == NULL || e == NULL || key == NULL)
        r = env_error_detail(detail, ENV_R_NO_MEMORY, "%s", where);
    else if (bits < (int)ENV_RSA_BITS_MIN || bits > (int)ENV_RSA_BITS_MAX)
        r = env_error_detail(detail, ENV_R_KEK_KIND, "%s: RSA of %d bits", where, bits);
    else if (!is_rsa(n, e))
        r = env_error_detail(detail, ENV_R_KEK_KIND, "%s: not a usable RSA key", where);
    else if ((key->pkey = make_pkey(source, n, e)) == NULL)
        r = env_error_detail(detail, ENV_R_CRYPTO_FAILED, "%s: no provider offers RSA", where);
    else if (EVP_PKEY_get_bits(key->pkey) != bits) /* libcrypto does not report that failure */
        r = env_error_detail(detail, ENV_R_NO_MEMORY, "%s: its length", where);
    BN_free(n);
    BN_free(e);
    if (!env_ok(r)) {
        env_rsa_public_free(key);
        return r;
    }
    key->source = *source;
    *out = key;
    return r;
}

void env_rsa_public_free(struct env_rsa_public *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key);
}

size_t env_rsa_public_bits(const struct env_rsa_public *key)
{
    return (size_t)EVP_PKEY_get_bits(key->pkey);
}

/* ---- wrapping ---- */

static bool encrypt(const struct env_rsa_public *key, const char *hash,
                    const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out)
{
    const char *query = key->source.propquery;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(key->source.libctx, key->pkey, query);
    bool ok;

    out->len = sizeof(out->data);
    ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, query) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, query) == 1 &&
         EVP_PKEY_encrypt(ctx, out->data, &out->len, dek, ENV_DEK_LEN) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

ENV_RESULT env_rsa_public_wrap(const struct env_rsa_public *key, enum env_wrap_alg alg,
                               const uint8_t dek[ENV_DEK_LEN], const char *where,
                               struct env_wrapped *out, struct env_error_detail *detail)
{
    const char *hash = alg == ENV_WRAP_RSA_OAEP_SHA256 ? "SHA2-256" : "SHA1";

    memset(out, 0, sizeof(*out));
    out->alg = alg;
    out->nonce_len = 0;
    if (!encrypt(key, hash, dek, out))
        return env_error_detail(detail, ENV_R_CRYPTO_FAILED, "%s: RSA-OAEP with %s", where, hash);
    return ENV_OK;
}

/* ---- its reference ---- */

/* False for a negative number, or one that does not fit. */
static bool from_integer(const ASN1_INTEGER *integer, uint8_t *out, size_t size, size_t *len)
{
    BIGNUM *bn = ASN1_INTEGER_to_BN(integer, NULL);
    bool ok = bn != NULL && !BN_is_negative(bn) && (size_t)BN_num_bytes(bn) <= size;

    *len = ok ? (size_t)BN_bn2bin(bn, out) : 0;
    BN_free(bn);
    return ok;
}

bool env_rsa_numbers_read(struct env_span bit_string, struct env_rsa_numbers *out)
{
    const unsigned char *p = bit_string.data;
    ENV_ASN1_RSA_PUBLIC *key;
    bool ok;

    ERR_set_mark();
    key = (ENV_ASN1_RSA_PUBLIC *)ASN1_item_d2i(NULL, &p, (long)bit_string.len,
                                               ASN1_ITEM_rptr(ENV_ASN1_RSA_PUBLIC));
    ERR_pop_to_mark();
    ok = key != NULL && p == bit_string.data + bit_string.len &&
         from_integer(key->modulus, out->modulus, sizeof(out->modulus), &out->modulus_len) &&
         from_integer(key->exponent, out->exponent, sizeof(out->exponent), &out->exponent_len);
    ASN1_item_free((ASN1_VALUE *)key, ASN1_ITEM_rptr(ENV_ASN1_RSA_PUBLIC));
    return ok;
}
