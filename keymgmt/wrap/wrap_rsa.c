/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/wrap_rsa.h"

#include <string.h>

#include "keymgmt/token/mechanism_info.h"

ENV_RESULT env_rsa_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail)
{
    CK_FLAGS flags;
    CK_RV rv = env_mechanism_flags(token, ENV_MECHANISM_RSA_OAEP, CKM_RSA_PKCS_OAEP, &flags);

    *uses = 0;
    if (rv != CKR_OK)
        return env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_GetMechanismInfo", rv,
                                    token->where);
    if (!env_key_allows(key, CKM_RSA_PKCS_OAEP))
        return ENV_OK;
    if (key->decrypt && (flags & CKF_DECRYPT) != 0)
        *uses |= ENV_RSA_DECRYPT;
    if (key->unwrap && (flags & CKF_UNWRAP) != 0)
        *uses |= ENV_RSA_UNWRAP_KEY;
    return ENV_OK;
}

bool env_rsa_may_be_wrapped(const struct env_key_attributes *key, const struct env_wrapped *wrapped)
{
    size_t zeros = 0;

    while (zeros < key->modulus_len && key->modulus[zeros] == 0)
        zeros++;
    return wrapped->len == key->modulus_len - zeros &&
           memcmp(wrapped->data, key->modulus + zeros, wrapped->len) < 0;
}

ENV_RESULT env_rsa_usage_refused(const struct env_key_attributes *key, const char *where,
                                 struct env_error_detail *detail)
{
    return env_error_detail(detail, ENV_R_KEK_USAGE,
                            "%s: it has CKA_DECRYPT %d, CKA_UNWRAP %d%s; the token has to open "
                            "CKM_RSA_PKCS_OAEP in one of these ways",
                            where, key->decrypt, key->unwrap,
                            key->restricted ? " and a list of allowed mechanisms" : "");
}

ENV_RESULT env_rsa_unwrap(struct env_key_use *use, void *arg)
{
    const struct env_unwrapping *unwrapping = arg;
    bool sha256 = unwrapping->wrapped->alg == ENV_WRAP_RSA_OAEP_SHA256;
    CK_RSA_PKCS_OAEP_PARAMS params = {
        .hashAlg = sha256 ? CKM_SHA256 : CKM_SHA_1,
        .mgf = sha256 ? CKG_MGF1_SHA256 : CKG_MGF1_SHA1,
        .source = CKZ_DATA_SPECIFIED, /* required even without a label */
    };
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &params, sizeof(params)};

    if (!env_wrap_is_rsa(unwrapping->wrapped->alg) || use->uses == 0)
        return env_error_detail(
            use->detail, ENV_R_KEK_USAGE,
            "%s: neither C_Decrypt nor C_UnwrapKey can open what it wrapped in this way",
            use->where);
    return env_unwrap_dek(use, &mechanism,
                          (use->uses & ENV_RSA_DECRYPT) != 0 ? ENV_WAY_DECRYPT : ENV_WAY_UNWRAP_KEY,
                          unwrapping);
}
