/* SPDX-License-Identifier: Apache-2.0 */
/* Converts the sealed part of a key file to and from DER. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/named_key.h"
#include "envelope/format/named_key_fields.h"

typedef STACK_OF(ENV_ASN1_HASH) hashes_stack;

static ENV_RESULT bad(void)
{
    return ENV_FAIL(ENV_R_KEY_FILE_BAD);
}

static bool read_hashes(const hashes_stack *hashes, struct env_named_sealed *out)
{
    int count = sk_ENV_ASN1_HASH_num(hashes);

    if (count > (int)ENV_NAMED_STAND_INS_MAX)
        return false;
    out->stand_in_count = count > 0 ? (size_t)count : 0;
    for (int i = 0; i < count; i++) {
        if (!env_field_read_octets(sk_ENV_ASN1_HASH_value(hashes, i), out->hashes[i],
                                   ENV_STAND_IN_HASH_LEN))
            return false;
    }
    return true;
}

static bool read_sealed(const ENV_ASN1_NAMED_SEALED *asn1, struct env_named_sealed *out)
{
    int key_len = ASN1_STRING_length(asn1->key);

    if (key_len < 1 || key_len > (int)ENV_NAMED_KEY_MAX)
        return false;
    out->key_len = (size_t)key_len;
    return env_field_is_version(asn1->version) && env_field_read_name(asn1->name, out->name) &&
           env_field_read_number(asn1->number, &out->number) &&
           env_field_read_octets(asn1->key, out->key, out->key_len) &&
           read_hashes(asn1->hashes, out);
}

/* again: room for ENV_NAMED_SEALED_MAX bytes, in secret memory. */
static ENV_RESULT decode(struct env_span der, uint8_t *again, struct env_named_sealed *out)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(ENV_ASN1_NAMED_SEALED);
    const unsigned char *p = der.data;
    ENV_ASN1_NAMED_SEALED *asn1;
    ENV_RESULT r = bad();

    asn1 = (ENV_ASN1_NAMED_SEALED *)ASN1_item_d2i(NULL, &p, (long)der.len, item);
    if (asn1 != NULL)
        r = env_field_same_again(asn1, item, der, again, ENV_NAMED_SEALED_MAX);
    if (r.reason == ENV_R_INTERNAL) /* it is longer when it is written again */
        r = bad();
    if (env_ok(r) && !read_sealed(asn1, out))
        r = bad();
    ASN1_item_free((ASN1_VALUE *)asn1, item);
    return r;
}

ENV_RESULT env_named_sealed_decode(struct env_span der, struct env_named_sealed *out)
{
    uint8_t *again;
    ENV_RESULT r;

    if (der.len > ENV_NAMED_SEALED_MAX)
        return bad();
    again = env_secret_alloc(ENV_NAMED_SEALED_MAX);
    if (again == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ERR_set_mark();
    r = decode(der, again, out);
    if (r.reason == ENV_R_KEY_FILE_BAD)
        r = env_field_memory_is_short(ASN1_ITEM_rptr(ENV_ASN1_NAMED_SEALED))
                ? ENV_FAIL(ENV_R_NO_MEMORY)
                : decode(der, again, out);
    ERR_pop_to_mark();
    env_secret_free(again, ENV_NAMED_SEALED_MAX);
    if (!env_ok(r))
        OPENSSL_cleanse(out, sizeof(*out));
    return r;
}

static bool add_hash(hashes_stack *hashes, const uint8_t *hash)
{
    ASN1_OCTET_STRING *one = ASN1_OCTET_STRING_new();

    if (one == NULL || ASN1_OCTET_STRING_set(one, hash, ENV_STAND_IN_HASH_LEN) != 1 ||
        sk_ENV_ASN1_HASH_push(hashes, one) <= 0) {
        ASN1_OCTET_STRING_free(one);
        return false;
    }
    return true;
}

static bool write_sealed(const struct env_named_sealed *in, ENV_ASN1_NAMED_SEALED *out)
{
    if (ASN1_INTEGER_set_int64(out->version, ENV_NAMED_VERSION) != 1 ||
        !env_field_write_text(out->name, in->name) ||
        ASN1_INTEGER_set_uint64(out->number, in->number) != 1 ||
        ASN1_OCTET_STRING_set(out->key, in->key, (int)in->key_len) != 1)
        return false;
    for (size_t i = 0; i < in->stand_in_count; i++) {
        if (!add_hash(out->hashes, in->hashes[i]))
            return false;
    }
    return true;
}

ENV_RESULT env_named_sealed_encode(const struct env_named_sealed *sealed, uint8_t *der,
                                   size_t *der_len)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(ENV_ASN1_NAMED_SEALED);
    ENV_ASN1_NAMED_SEALED *asn1;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (!env_named_name_is(sealed->name, strlen(sealed->name)) || sealed->number < 1 ||
        sealed->number > ENV_NAMED_NUMBER_MAX || sealed->key_len < 1 ||
        sealed->key_len > ENV_NAMED_KEY_MAX || sealed->stand_in_count > ENV_NAMED_STAND_INS_MAX)
        return bad();
    asn1 = (ENV_ASN1_NAMED_SEALED *)ASN1_item_new(item);
    if (asn1 != NULL && write_sealed(sealed, asn1))
        r = env_field_write_der(asn1, item, ENV_NAMED_SEALED_MAX, &der, der_len);
    ASN1_item_free((ASN1_VALUE *)asn1, item);
    return r;
}
