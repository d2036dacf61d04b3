/* SPDX-License-Identifier: Apache-2.0 */
/* Converts the clear part of a key file to and from DER. */
#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "envelope/format/named_key.h"
#include "envelope/format/named_key_fields.h"

#define TIME_LEN 15 /* YYYYMMDDhhmmssZ */
#define BOOLEAN_TRUE 0xFF
#define LATEST 253402300799 /* the end of the year 9999 */

typedef STACK_OF(ASN1_UTF8STRING) uses_stack;

static ENV_RESULT bad(void)
{
    return ENV_FAIL(ENV_R_KEY_FILE_BAD);
}

/* ---- validity ---- */

static bool is_use_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_use(const char *text)
{
    if (*text == '\0' || strlen(text) > ENV_NAMED_USE_MAX)
        return false;
    for (; *text != '\0'; text++) {
        if (!is_use_char(*text))
            return false;
    }
    return true;
}

static bool has_use(const struct env_named_clear *clear, size_t count, const char *use)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(clear->uses[i], use) == 0)
            return true;
    }
    return false;
}

static bool has_hint(const struct env_named_clear *clear, size_t count, const uint8_t *hint)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(clear->stand_ins[i].hint, hint, ENV_STAND_IN_HINT_LEN) == 0)
            return true;
    }
    return false;
}

/* Checks that apply to reading and writing. */
static bool is_sound(const struct env_named_clear *clear)
{
    if (!env_named_name_is(clear->name, strlen(clear->name)) || clear->number < 1 ||
        clear->number > ENV_NAMED_NUMBER_MAX || clear->use_count < 1 ||
        clear->use_count > ENV_NAMED_USES_MAX || clear->stand_in_count > ENV_NAMED_STAND_INS_MAX ||
        !env_field_is_text(clear->owner, strlen(clear->owner)) || clear->created < 0 ||
        clear->created > LATEST || clear->seal_from < 0 || clear->seal_from > LATEST ||
        clear->not_after < 0 || clear->not_after > LATEST)
        return false;
    for (size_t i = 0; i < clear->use_count; i++) {
        if (!is_use(clear->uses[i]) || has_use(clear, i, clear->uses[i]))
            return false;
    }
    for (size_t i = 0; i < clear->stand_in_count; i++) {
        const struct env_named_stand_in *one = &clear->stand_ins[i];

        if (one->application[0] == '\0' ||
            !env_field_is_text(one->application, strlen(one->application)) ||
            has_hint(clear, i, one->hint))
            return false;
    }
    return true;
}

/* ---- reading ---- */

static bool read_time(const ASN1_GENERALIZEDTIME *time, int64_t *out)
{
    struct tm tm = {0};

    if (ASN1_STRING_length(time) != TIME_LEN || ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *out = (int64_t)timegm(&tm);
    return *out >= 0 && *out <= LATEST;
}

static bool read_boolean(ASN1_BOOLEAN boolean, bool *out)
{
    *out = boolean != 0;
    return boolean == 0 || boolean == BOOLEAN_TRUE;
}

static bool read_origin(const ASN1_ENUMERATED *origin, enum env_named_origin *out)
{
    int64_t value = -1;

    if (ASN1_ENUMERATED_get_int64(&value, origin) != 1 ||
        (value != ENV_NAMED_GENERATED && value != ENV_NAMED_IMPORTED))
        return false;
    *out = (enum env_named_origin)value;
    return true;
}

static bool read_uses(const uses_stack *uses, struct env_named_clear *out)
{
    int count = sk_ASN1_UTF8STRING_num(uses);

    if (count < 1 || count > (int)ENV_NAMED_USES_MAX)
        return false;
    out->use_count = (size_t)count;
    for (int i = 0; i < count; i++) {
        if (!env_field_read_text(sk_ASN1_UTF8STRING_value(uses, i), 1, ENV_NAMED_USE_MAX,
                                 out->uses[i]))
            return false;
    }
    return true;
}

static bool read_stand_ins(const STACK_OF(ENV_ASN1_STAND_IN) * stand_ins,
                           struct env_named_clear *out)
{
    int count = sk_ENV_ASN1_STAND_IN_num(stand_ins);

    if (count > (int)ENV_NAMED_STAND_INS_MAX)
        return false;
    out->stand_in_count = count > 0 ? (size_t)count : 0;
    for (int i = 0; i < count; i++) {
        const ENV_ASN1_STAND_IN *one = sk_ENV_ASN1_STAND_IN_value(stand_ins, i);

        if (!env_field_read_text(one->application, 1, ENV_NAMED_APPLICATION_MAX,
                                 out->stand_ins[i].application) ||
            !env_field_read_octets(one->hint, out->stand_ins[i].hint, ENV_STAND_IN_HINT_LEN))
            return false;
    }
    return true;
}

static bool read_clear(const ENV_ASN1_NAMED_CLEAR *asn1, struct env_named_clear *out)
{
    out->not_after = 0;
    return env_field_is_version(asn1->version) && env_field_read_name(asn1->name, out->name) &&
           env_field_read_number(asn1->number, &out->number) && read_uses(asn1->uses, out) &&
           read_boolean(asn1->mixed, &out->mixed) &&
           read_boolean(asn1->no_export, &out->no_export) &&
           read_origin(asn1->origin, &out->origin) &&
           env_field_read_text(asn1->owner, 0, ENV_NAMED_TEXT_MAX, out->owner) &&
           read_time(asn1->created, &out->created) && read_time(asn1->seal_from, &out->seal_from) &&
           (asn1->not_after == NULL ||
            (read_time(asn1->not_after, &out->not_after) && out->not_after > 0)) &&
           env_field_read_octets(asn1->key_id, out->id, ENV_NAMED_ID_LEN) &&
           read_stand_ins(asn1->stand_ins, out) && is_sound(out);
}

static ENV_RESULT decode(struct env_span der, struct env_named_clear *out)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(ENV_ASN1_NAMED_CLEAR);
    const unsigned char *p = der.data;
    ENV_ASN1_NAMED_CLEAR *asn1;
    ENV_RESULT r = bad();

    memset(out, 0, sizeof(*out));
    asn1 = (ENV_ASN1_NAMED_CLEAR *)ASN1_item_d2i(NULL, &p, (long)der.len, item);
    if (asn1 != NULL)
        r = env_field_same_again(asn1, item, der, NULL, der.len);
    if (r.reason == ENV_R_INTERNAL) /* it is longer when it is written again */
        r = bad();
    if (env_ok(r) && !read_clear(asn1, out))
        r = bad();
    ASN1_item_free((ASN1_VALUE *)asn1, item);
    return r;
}

ENV_RESULT env_named_clear_decode(struct env_span der, struct env_named_clear *out)
{
    ENV_RESULT r;

    if (der.len > ENV_NAMED_PARAMETERS_MAX)
        return bad();
    ERR_set_mark();
    r = decode(der, out);
    if (r.reason == ENV_R_KEY_FILE_BAD)
        r = env_field_memory_is_short(ASN1_ITEM_rptr(ENV_ASN1_NAMED_CLEAR))
                ? ENV_FAIL(ENV_R_NO_MEMORY)
                : decode(der, out);
    ERR_pop_to_mark();
    return r;
}

/* ---- writing ---- */

static bool add_use(uses_stack *uses, const char *text)
{
    ASN1_UTF8STRING *use = ASN1_UTF8STRING_new();

    if (use == NULL || !env_field_write_text(use, text) ||
        sk_ASN1_UTF8STRING_push(uses, use) <= 0) {
        ASN1_UTF8STRING_free(use);
        return false;
    }
    return true;
}

static bool add_stand_in(STACK_OF(ENV_ASN1_STAND_IN) * stand_ins,
                         const struct env_named_stand_in *in)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(ENV_ASN1_STAND_IN);
    ENV_ASN1_STAND_IN *one = (ENV_ASN1_STAND_IN *)ASN1_item_new(item);

    if (one == NULL || !env_field_write_text(one->application, in->application) ||
        ASN1_OCTET_STRING_set(one->hint, in->hint, ENV_STAND_IN_HINT_LEN) != 1 ||
        sk_ENV_ASN1_STAND_IN_push(stand_ins, one) <= 0) {
        ASN1_item_free((ASN1_VALUE *)one, item);
        return false;
    }
    return true;
}

static bool write_times(const struct env_named_clear *in, ENV_ASN1_NAMED_CLEAR *out)
{
    if (ASN1_GENERALIZEDTIME_set(out->created, (time_t)in->created) == NULL ||
        ASN1_GENERALIZEDTIME_set(out->seal_from, (time_t)in->seal_from) == NULL)
        return false;
    if (in->not_after == 0)
        return true;
    out->not_after = ASN1_GENERALIZEDTIME_set(NULL, (time_t)in->not_after);
    return out->not_after != NULL;
}

static bool write_clear(const struct env_named_clear *in, ENV_ASN1_NAMED_CLEAR *out)
{
    out->mixed = in->mixed ? BOOLEAN_TRUE : 0;
    out->no_export = in->no_export ? BOOLEAN_TRUE : 0;
    if (ASN1_INTEGER_set_int64(out->version, ENV_NAMED_VERSION) != 1 ||
        !env_field_write_text(out->name, in->name) ||
        ASN1_INTEGER_set_uint64(out->number, in->number) != 1 ||
        ASN1_ENUMERATED_set_int64(out->origin, in->origin) != 1 ||
        !env_field_write_text(out->owner, in->owner) || !write_times(in, out) ||
        ASN1_OCTET_STRING_set(out->key_id, in->id, ENV_NAMED_ID_LEN) != 1)
        return false;
    for (size_t i = 0; i < in->use_count; i++) {
        if (!add_use(out->uses, in->uses[i]))
            return false;
    }
    for (size_t i = 0; i < in->stand_in_count; i++) {
        if (!add_stand_in(out->stand_ins, &in->stand_ins[i]))
            return false;
    }
    return true;
}

ENV_RESULT env_named_clear_encode(const struct env_named_clear *clear, uint8_t **der,
                                  size_t *der_len)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(ENV_ASN1_NAMED_CLEAR);
    ENV_ASN1_NAMED_CLEAR *asn1;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (!is_sound(clear))
        return bad();
    *der = NULL;
    asn1 = (ENV_ASN1_NAMED_CLEAR *)ASN1_item_new(item);
    if (asn1 != NULL && write_clear(clear, asn1))
        r = env_field_write_der(asn1, item, ENV_NAMED_PARAMETERS_MAX, der, der_len);
    ASN1_item_free((ASN1_VALUE *)asn1, item);
    return r;
}
