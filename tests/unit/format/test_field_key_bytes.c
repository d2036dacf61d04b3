/* SPDX-License-Identifier: Apache-2.0 */
/* Key bytes of the form ENVF: the reader accepts what the writer writes, and nothing else. */
#include <check.h>
#include <string.h>

#include "envelope/format/field_key_bytes.h"
#include "hex.h"

static struct bytes stand_in, tenant_key, tenant, context;

static void set_up(void)
{
    stand_in = bytes_plain(65, 1);
    tenant_key = bytes_plain(82, 2);
    tenant = bytes_plain(256, 3);
    context = bytes_plain(4097, 4);
}

static void tear_down(void)
{
    bytes_free(&stand_in);
    bytes_free(&tenant_key);
    bytes_free(&tenant);
    bytes_free(&context);
}

static struct env_field_key_bytes parts(size_t n, size_t t, size_t i, size_t of)
{
    return (struct env_field_key_bytes){
        {stand_in.data, n}, {tenant_key.data, t}, {tenant.data, i}, {context.data, of}};
}

static void same(struct env_span a, struct env_span b)
{
    ck_assert_uint_eq(a.len, b.len);
    ck_assert(a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void there_and_back(struct env_field_key_bytes from)
{
    uint8_t bytes[ENV_FIELD_KEY_MAX];
    struct env_field_key_bytes read;
    const char *what = "";
    size_t len = 0;

    ck_assert(env_ok(env_field_key_bytes_write(&from, bytes, &len)));
    ck_assert_uint_eq(len, 11 + from.stand_in.len + from.tenant_key.len + from.tenant.len +
                               from.context.len);
    ck_assert(env_field_key_bytes_is((struct env_span){bytes, len}));
    ck_assert(env_ok(env_field_key_bytes_read((struct env_span){bytes, len}, &read, &what)));
    ck_assert_ptr_null(what);
    same(read.stand_in, from.stand_in);
    same(read.tenant_key, from.tenant_key);
    same(read.tenant, from.tenant);
    same(read.context, from.context);
}

START_TEST(what_is_written_is_read)
{
    static const size_t n[] = {0, 16, 28, 32, 64}, i[] = {1, 2, 255}, of[] = {0, 1, 300, 4096};

    for (size_t a = 0; a < 5; a++) {
        for (size_t c = 0; c < 4; c++) {
            there_and_back(parts(n[a], 0, 0, of[c]));
            for (size_t b = 0; b < 3; b++)
                there_and_back(parts(n[a], 81, i[b], of[c]));
        }
    }
}
END_TEST

START_TEST(what_must_not_be_is_not_written)
{
    const struct env_field_key_bytes wrong[] = {
        parts(15, 0, 0, 0),  parts(65, 0, 0, 0),    parts(1, 0, 0, 0),
        parts(32, 80, 2, 0), parts(32, 82, 2, 0),   parts(32, 81, 0, 0),
        parts(32, 0, 2, 0),  parts(32, 81, 256, 0), parts(32, 0, 0, 4097),
    };
    uint8_t bytes[8192];
    size_t len = 0;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_int_eq(env_field_key_bytes_write(&wrong[i], bytes, &len).reason,
                         ENV_R_FIELD_KEY_FORM);
}
END_TEST

static void refused(const uint8_t *bytes, size_t len, const char *why)
{
    struct bytes exact = bytes_of(bytes, len); /* ASan sees what is read behind it */
    struct env_field_key_bytes read;
    const char *what = NULL;

    ck_assert_int_eq(
        env_field_key_bytes_read((struct env_span){exact.data, exact.len}, &read, &what).reason,
        ENV_R_FIELD_KEY_FORM);
    ck_assert_str_eq(what, why);
    bytes_free(&exact);
}

START_TEST(every_fault_is_said)
{
    struct env_field_key_bytes whole = parts(32, 81, 3, 0);
    uint8_t bytes[ENV_FIELD_KEY_MAX + 16];
    size_t len = 0;

    ck_assert(env_ok(env_field_key_bytes_write(&whole, bytes, &len)));
    refused(bytes, 0, "it ends after ENVF");
    refused(bytes, 4, "it ends after ENVF");
    for (size_t cut = 5; cut < len; cut++)
        refused(bytes, cut, "a part is longer than the key bytes");
    bytes[4] = 2;
    refused(bytes, len, "its version is not 1");
    bytes[4] = 1;
    bytes[6] = 15;
    refused(bytes, len, "a part is longer than the key bytes");
    bytes[6] = 32;
    bytes[len - 4] = 0; /* the tenant's length: its bytes become the context */
    refused(bytes, len, "a tenant key and its tenant go together");
    bytes[len - 4] = 3;
    memset(bytes + len, 7, 4097);
    refused(bytes, len + 4097, "a context has at most 4096 bytes");
}
END_TEST

START_TEST(lengths_out_of_range_are_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *why;
    } cases[] = {
        {6, 1, "a stand-in has 16 to 64 bytes"},
        {6, 15, "a stand-in has 16 to 64 bytes"},
        {6, 65, "a stand-in has 16 to 64 bytes"},
        {5, 1, "a stand-in has 16 to 64 bytes"},
        {8, 80, "a tenant key has 81 bytes"},
        {8, 82, "a tenant key has 81 bytes"},
        {8, 81, "a tenant key and its tenant go together"},
        {9, 1, "a tenant has at most 255 bytes"},
        {10, 1, "a tenant key and its tenant go together"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[1024] = "ENVF\1";

        bytes[cases[i].at] = cases[i].value;
        refused(bytes, sizeof(bytes), cases[i].why);
    }
}
END_TEST

/* PHP fills a key up to 32 bytes with zeros, which nobody meant as context. */
START_TEST(zeros_at_the_end_of_32_bytes_are_refused)
{
    struct env_field_key_bytes with = parts(16, 0, 0, 5), read;
    uint8_t bytes[ENV_FIELD_KEY_MAX] = {0};
    const char *what = NULL;
    size_t len = 0;

    ck_assert(env_ok(env_field_key_bytes_write(&with, bytes, &len)));
    ck_assert_uint_eq(len, 32);
    ck_assert(env_ok(env_field_key_bytes_read((struct env_span){bytes, 32}, &read, &what)));
    bytes[31] = 0;
    refused(bytes, 32, "the last of 32 bytes must not be zero: set the key's length");
    ck_assert(env_ok(env_field_key_bytes_read((struct env_span){bytes, 33}, &read, &what)));
    ck_assert(env_ok(env_field_key_bytes_read((struct env_span){bytes, 27}, &read, &what)));
}
END_TEST

START_TEST(other_key_bytes_are_not_meant)
{
    ck_assert(!env_field_key_bytes_is((struct env_span){(const uint8_t *)"ENV", 3}));
    ck_assert(!env_field_key_bytes_is((struct env_span){(const uint8_t *)"envf\1", 5}));
    ck_assert(!env_field_key_bytes_is((struct env_span){(const uint8_t *)"key:ABCD", 8}));
    ck_assert(env_field_key_bytes_is((struct env_span){(const uint8_t *)"ENVF", 4}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: key bytes of fields");
    TCase *tcase = tcase_create("key bytes");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, what_must_not_be_is_not_written);
    tcase_add_test(tcase, every_fault_is_said);
    tcase_add_test(tcase, lengths_out_of_range_are_refused);
    tcase_add_test(tcase, zeros_at_the_end_of_32_bytes_are_refused);
    tcase_add_test(tcase, other_key_bytes_are_not_meant);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
