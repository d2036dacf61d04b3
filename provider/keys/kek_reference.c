/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_reference.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/uri_text.h"
#include "keymgmt/token/uri_content.h"
#include "provider/keys/kek_reference_asn1.h"

static const char magic[] = "ENVELOPE KEK REFERENCE 1";

#define MAGIC_LEN (sizeof(magic) - 1)

ENV_RESULT env_kek_reference_encode(const char *uri, uint8_t **der, size_t *der_len)
{
    ENV_ASN1_KEK_REFERENCE value = {ASN1_PRINTABLESTRING_new(), ASN1_UTF8STRING_new()};
    int len = -1;

    *der = NULL;
    if (value.magic != NULL && value.uri != NULL &&
        ASN1_STRING_set(value.magic, magic, (int)MAGIC_LEN) == 1 &&
        ASN1_STRING_set(value.uri, uri, (int)strlen(uri)) == 1)
        len =
            ASN1_item_i2d((const ASN1_VALUE *)&value, der, ASN1_ITEM_rptr(ENV_ASN1_KEK_REFERENCE));
    ASN1_STRING_free(value.magic);
    ASN1_STRING_free(value.uri);
    if (len <= 0)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    *der_len = (size_t)len;
    return ENV_OK;
}

/* A SEQUENCE of up to 65535 bytes, whose first element is the magic string. */
bool env_kek_reference_is(const uint8_t *der, size_t len)
{
    size_t head = 2;

    if (len < head || der[0] != 0x30)
        return false;
    if (der[1] == 0x81 || der[1] == 0x82)
        head += (size_t)(der[1] & 0x0F);
    return len >= head + 2 + MAGIC_LEN && der[head] == V_ASN1_PRINTABLESTRING &&
           der[head + 1] == MAGIC_LEN && memcmp(der + head + 2, magic, MAGIC_LEN) == 0;
}

static ENV_RESULT check_uri(const struct env_errors *errors, const char *text)
{
    struct env_error_detail detail;
    struct env_uri_content content;
    const char *why = NULL;

    if (!env_uri_is(text))
        return ENV_RAISE(errors, ENV_R_BAD_REFERENCE, "its URI is not a pkcs11: URI");
    if (!env_ok(env_uri_content(text, "reference", &content, &detail)))
        return ENV_RAISE(errors,
                         detail.reason == ENV_R_NO_MEMORY ? ENV_R_NO_MEMORY : ENV_R_BAD_REFERENCE,
                         "%s", detail.text);
    if (content.pin)
        why = "its URI names a PIN";
    else if (!content.key)
        why = "its URI names no key";
    return why == NULL ? ENV_OK : ENV_RAISE(errors, ENV_R_BAD_REFERENCE, "%s", why);
}

/* A reference has only one encoding: encoded again, it must give the same bytes. */
static ENV_RESULT check_der(const struct env_errors *errors, const char *uri, const uint8_t *der,
                            size_t len)
{
    uint8_t *again = NULL;
    size_t again_len = 0;
    bool same;

    ENV_TRY(env_kek_reference_encode(uri, &again, &again_len));
    same = again_len == len && memcmp(again, der, len) == 0;
    OPENSSL_free(again);
    return same ? ENV_OK : ENV_RAISE(errors, ENV_R_BAD_REFERENCE, "not DER");
}

static bool take_uri(const ENV_ASN1_KEK_REFERENCE *value, char uri[ENV_KEK_URI])
{
    const unsigned char *text = ASN1_STRING_get0_data(value->uri);
    size_t len = (size_t)ASN1_STRING_length(value->uri);
    unsigned char *utf8 = NULL;
    int utf8_len;

    if (len < 1 || len >= ENV_KEK_URI || memchr(text, '\0', len) != NULL)
        return false;
    utf8_len = ASN1_STRING_to_UTF8(&utf8, value->uri); /* fails if it is not valid text */
    OPENSSL_free(utf8);
    if (utf8_len < 0)
        return false;
    memcpy(uri, text, len);
    uri[len] = '\0';
    return true;
}

static bool decode(const uint8_t *der, size_t len, char uri[ENV_KEK_URI])
{
    const unsigned char *at = der;
    ENV_ASN1_KEK_REFERENCE *value = (ENV_ASN1_KEK_REFERENCE *)ASN1_item_d2i(
        NULL, &at, (long)len, ASN1_ITEM_rptr(ENV_ASN1_KEK_REFERENCE));
    bool good = value != NULL && at == der + len && take_uri(value, uri);

    ASN1_item_free((ASN1_VALUE *)value, ASN1_ITEM_rptr(ENV_ASN1_KEK_REFERENCE));
    return good;
}

/* The ASN.1 reader does not distinguish bad input from a lack of memory. */
static bool memory_is_short(void)
{
    uint8_t *der = NULL;
    size_t len = 0;
    bool is_short = !env_ok(env_kek_reference_encode("pkcs11:object=x", &der, &len));

    OPENSSL_free(der);
    return is_short;
}

ENV_RESULT env_kek_reference_decode(const struct env_errors *errors, const uint8_t *der, size_t len,
                                    char uri[ENV_KEK_URI])
{
    bool good = false;
    bool is_short = false;

    if (len <= ENV_KEK_REFERENCE_MAX && env_kek_reference_is(der, len)) {
        env_errors_mark(errors);
        good = decode(der, len, uri);
        is_short = !good && memory_is_short();
        good = good || (!is_short && decode(der, len, uri));
        env_errors_unmark(errors, true);
    }
    if (is_short)
        return ENV_RAISE(errors, ENV_R_NO_MEMORY, "%s", "");
    if (!good)
        return ENV_RAISE(errors, ENV_R_BAD_REFERENCE, "%s", "");
    ENV_TRY(check_der(errors, uri, der, len));
    return check_uri(errors, uri);
}
