/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/named_key_asn1.h"

#include <openssl/crypto.h>

/* libcrypto frees a string without wiping it, even one that it had read before the bad byte. */
static int wipe_key(int operation, ASN1_VALUE **value, const ASN1_ITEM *item, void *arg)
{
    const ENV_ASN1_NAMED_SEALED *sealed;

    (void)item;
    (void)arg;
    if (operation != ASN1_OP_FREE_PRE)
        return 1;
    sealed = (const ENV_ASN1_NAMED_SEALED *)*value;
    if (sealed->key != NULL)
        OPENSSL_cleanse((void *)ASN1_STRING_get0_data(sealed->key),
                        (size_t)ASN1_STRING_length(sealed->key));
    return 1;
}

/* clang-format off */
ASN1_SEQUENCE(ENV_ASN1_STAND_IN) = {
    ASN1_SIMPLE(ENV_ASN1_STAND_IN, application, ASN1_UTF8STRING),
    ASN1_SIMPLE(ENV_ASN1_STAND_IN, hint, ASN1_OCTET_STRING)
} ASN1_SEQUENCE_END(ENV_ASN1_STAND_IN)

ASN1_SEQUENCE(ENV_ASN1_NAMED_CLEAR) = {
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, version, ASN1_INTEGER),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, name, ASN1_UTF8STRING),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, number, ASN1_INTEGER),
    ASN1_SEQUENCE_OF(ENV_ASN1_NAMED_CLEAR, uses, ASN1_UTF8STRING),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, mixed, ASN1_BOOLEAN),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, no_export, ASN1_BOOLEAN),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, origin, ASN1_ENUMERATED),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, owner, ASN1_UTF8STRING),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, created, ASN1_GENERALIZEDTIME),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, seal_from, ASN1_GENERALIZEDTIME),
    ASN1_IMP_OPT(ENV_ASN1_NAMED_CLEAR, not_after, ASN1_GENERALIZEDTIME, 0),
    ASN1_SIMPLE(ENV_ASN1_NAMED_CLEAR, key_id, ASN1_OCTET_STRING),
    ASN1_SEQUENCE_OF(ENV_ASN1_NAMED_CLEAR, stand_ins, ENV_ASN1_STAND_IN)
} ASN1_SEQUENCE_END(ENV_ASN1_NAMED_CLEAR)

ASN1_SEQUENCE_cb(ENV_ASN1_NAMED_SEALED, wipe_key) = {
    ASN1_SIMPLE(ENV_ASN1_NAMED_SEALED, version, ASN1_INTEGER),
    ASN1_SIMPLE(ENV_ASN1_NAMED_SEALED, name, ASN1_UTF8STRING),
    ASN1_SIMPLE(ENV_ASN1_NAMED_SEALED, number, ASN1_INTEGER),
    ASN1_SIMPLE(ENV_ASN1_NAMED_SEALED, key, ASN1_OCTET_STRING),
    ASN1_SEQUENCE_OF(ENV_ASN1_NAMED_SEALED, hashes, ASN1_OCTET_STRING)
} ASN1_SEQUENCE_END_cb(ENV_ASN1_NAMED_SEALED, ENV_ASN1_NAMED_SEALED)
    /* clang-format on */
