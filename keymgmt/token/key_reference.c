/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/key_reference.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "keymgmt/token/rsa_public_asn1.h"

static ASN1_INTEGER *to_integer(struct env_span number)
{
    BIGNUM *bn = BN_bin2bn(number.data, (int)number.len, NULL);
    ASN1_INTEGER *integer = bn != NULL ? BN_to_ASN1_INTEGER(bn, NULL) : NULL;

    BN_free(bn);
    return integer;
}

bool env_rsa_reference(const struct env_rsa_source *source, struct env_span modulus,
                       struct env_span exponent, struct env_kek_id *id)
{
    ENV_ASN1_RSA_PUBLIC key = {to_integer(modulus), to_integer(exponent)};
    unsigned char *der = NULL;
    int len = -1;
    bool ok;

    if (key.modulus != NULL && key.exponent != NULL)
        len = ASN1_item_i2d((const ASN1_VALUE *)&key, &der, ASN1_ITEM_rptr(ENV_ASN1_RSA_PUBLIC));
    id->len = 0;
    ok = len > 0 && EVP_Q_digest(source->libctx, "SHA1", source->propquery, der, (size_t)len,
                                 id->bytes, &id->len) == 1;
    OPENSSL_free(der);
    ASN1_INTEGER_free(key.modulus);
    ASN1_INTEGER_free(key.exponent);
    return ok && id->len == ENV_RSA_REFERENCE_LEN;
}

bool env_long_id_reference(const struct env_rsa_source *source, struct env_span cka_id,
                           struct env_kek_id *id)
{
    id->len = 0;
    return EVP_Q_digest(source->libctx, "SHA256", source->propquery, cka_id.data, cka_id.len,
                        id->bytes, &id->len) == 1 &&
           id->len == ENV_LONG_REFERENCE_LEN;
}
