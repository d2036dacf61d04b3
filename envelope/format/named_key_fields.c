/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/named_key_fields.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/utf8.h"

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/* UTF-8 that is safe on a terminal. */
bool env_field_is_text(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = env_utf8_char(text + at, len - at);

        if (n == 0 || is_control(env_utf8_code(text + at, n)))
            return false;
        at += n;
    }
    return true;
}

/* out must have room for most + 1 bytes. */
bool env_field_read_text(const ASN1_STRING *string, size_t least, size_t most, char *out)
{
    size_t len = (size_t)ASN1_STRING_length(string);
    const char *text = (const char *)ASN1_STRING_get0_data(string);

    if (len < least || len > most || !env_field_is_text(text, len))
        return false;
    if (len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

bool env_field_write_text(ASN1_STRING *string, const char *text)
{
    return ASN1_STRING_set(string, text, (int)strlen(text)) == 1;
}

bool env_field_read_octets(const ASN1_STRING *string, uint8_t *out, size_t len)
{
    if (ASN1_STRING_length(string) != (int)len)
        return false;
    memcpy(out, ASN1_STRING_get0_data(string), len);
    return true;
}

bool env_field_read_name(const ASN1_STRING *string, char out[ENV_NAMED_NAME_MAX + 1])
{
    return env_field_read_text(string, ENV_NAMED_NAME_MIN, ENV_NAMED_NAME_MAX, out) &&
           env_named_name_is(out, strlen(out));
}

bool env_field_read_number(const ASN1_INTEGER *integer, uint32_t *out)
{
    uint64_t value = 0;

    if (ASN1_INTEGER_get_uint64(&value, integer) != 1 || value < 1 || value > ENV_NAMED_NUMBER_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

bool env_field_is_version(const ASN1_INTEGER *integer)
{
    int64_t value = -1;

    return ASN1_INTEGER_get_int64(&value, integer) == 1 && value == ENV_NAMED_VERSION;
}

/*
 * If der is not NULL it must have room for `most` bytes; otherwise it is allocated. If memory ran
 * out, the end of the output shows what is missing.
 */
ENV_RESULT env_field_write_der(const void *value, const ASN1_ITEM *item, size_t most, uint8_t **der,
                               size_t *der_len)
{
    int len = ASN1_item_i2d(value, NULL, item);
    unsigned char *out;
    unsigned char *end;

    if (len <= 0)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if ((size_t)len > most)
        return ENV_FAIL(ENV_R_INTERNAL);
    out = *der != NULL ? *der : OPENSSL_malloc((size_t)len);
    end = out;
    if (out == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (ASN1_item_i2d(value, &end, item) != len || end != out + len) {
        if (out != *der)
            OPENSSL_free(out);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    *der = out;
    *der_len = (size_t)len;
    return ENV_OK;
}

/*
 * Only DER is accepted: what was read, written again, must give the same bytes. again: memory of
 * the same kind as der.
 */
ENV_RESULT env_field_same_again(const void *value, const ASN1_ITEM *item, struct env_span der,
                                uint8_t *again, size_t most)
{
    uint8_t *made = again;
    size_t len = 0;
    ENV_RESULT r = env_field_write_der(value, item, most, &made, &len);

    if (env_ok(r) && (len != der.len || CRYPTO_memcmp(made, der.data, len) != 0))
        r = ENV_FAIL(ENV_R_KEY_FILE_BAD);
    if (again == NULL)
        OPENSSL_free(made);
    return r;
}

bool env_field_memory_is_short(const ASN1_ITEM *item)
{
    ASN1_VALUE *probe = ASN1_item_new(item);

    ASN1_item_free(probe, item);
    return probe == NULL;
}
