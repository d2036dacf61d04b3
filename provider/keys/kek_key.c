/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <string.h>

ENV_RESULT env_key_new(struct env_provctx *provctx, struct env_kek *kek, struct env_key **out)
{
    struct env_key *key = OPENSSL_zalloc(sizeof(*key));

    if (key == NULL) {
        env_kek_free(kek);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    atomic_init(&key->refs, 1);
    key->provctx = provctx;
    key->kek = kek;
    if (kek != NULL)
        kek->vtable->describe(kek, &key->info);
    *out = key;
    return ENV_OK;
}

struct env_key *env_key_up_ref(struct env_key *key)
{
    (void)atomic_fetch_add(&key->refs, 1);
    return key;
}

void env_key_free(struct env_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->refs, 1) > 1)
        return;
    env_kek_free(key->kek);
    OPENSSL_free(key);
}

struct env_key *env_key_load(const void *reference, size_t reference_len)
{
    void *key;

    if (reference == NULL || reference_len != sizeof(key))
        return NULL;
    memcpy(&key, reference, sizeof(key));
    memset((void *)(uintptr_t)reference, 0, sizeof(key)); /* the loader owns it now */
    return key;
}

int env_key_hand_over(struct env_key *key, int object_type, OSSL_CALLBACK *object_cb,
                      void *object_arg)
{
    static char type[] = ENV_KEK_KEY_TYPE;
    void *reference = key;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, type, sizeof(type) - 1),
        OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &reference, sizeof(reference)),
        OSSL_PARAM_END,
    };
    int ok = object_cb(params, object_arg);

    env_key_free(reference); /* NULL if it was loaded */
    return ok;
}

OSSL_PARAM *env_key_public_params(const struct env_key *key)
{
    const struct env_kek_info *info = &key->info;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(info->modulus, (int)info->modulus_len, NULL);
    BIGNUM *e = BN_bin2bn(info->exponent, (int)info->exponent_len, NULL);
    OSSL_PARAM *params = NULL;

    if (bld != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(bld);
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);
    return params;
}
