/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and tenant keys: their contents, what opens and what does not. */
#include <check.h>
#include <string.h>

#include "envelope/format/field.h"
#include "hex.h"

static struct env_crypto *crypto;
static struct env_field_key key, other;

static void set_up(void)
{
    static const uint8_t bytes[2][32] = {{1}, {2}};

    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
    ck_assert(env_ok(env_field_key_set(crypto, (struct env_span){bytes[0], 32}, &key)));
    ck_assert(env_ok(env_field_key_set(crypto, (struct env_span){bytes[1], 32}, &other)));
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

static struct env_span text(const char *of)
{
    return (struct env_span){(const uint8_t *)of, strlen(of)};
}

static struct env_span span(struct bytes bytes)
{
    return (struct env_span){bytes.data, bytes.len};
}

static const enum env_field_kind kinds[] = {ENV_FIELD_RANDOM, ENV_FIELD_DETERMINISTIC};

static struct bytes seal(enum env_field_kind kind, const char *context, struct env_span value)
{
    struct bytes field = bytes_new(value.len + env_field_overhead(kind));

    ck_assert(env_ok(env_field_seal(crypto, kind, &key, text(context), value, field.data)));
    return field;
}

static enum env_reason open_with(enum env_field_kind kind, const struct env_field_key *with,
                                 struct env_span context, struct env_span field,
                                 struct env_span expected)
{
    struct bytes value = bytes_new(field.len);
    ENV_RESULT r = env_field_open(crypto, kind, with, context, field, value.data);

    if (env_ok(r)) {
        ck_assert_uint_eq(field.len - env_field_overhead(kind), expected.len);
        ck_assert(expected.len == 0 || memcmp(value.data, expected.data, expected.len) == 0);
    } else {
        ck_assert(bytes_are(value, 0));
    }
    bytes_free(&value);
    return r.reason;
}

START_TEST(a_field_has_the_parts_that_it_should)
{
    const enum env_field_kind kind = kinds[_i];
    struct bytes field = seal(kind, "c", text("value"));
    struct bytes again = seal(kind, "c", text("value"));
    const uint8_t *id = NULL;

    ck_assert_uint_eq(env_field_overhead(kind), kind == ENV_FIELD_RANDOM ? 49 : 25);
    ck_assert_uint_eq(field.data[0], (unsigned)kind);
    ck_assert(env_ok(env_field_read_id(kind, span(field), &id)));
    ck_assert_ptr_eq(id, field.data + 1);
    ck_assert_mem_eq(id, key.id, 8);
    ck_assert_mem_ne(key.id, other.id, 8);
    /* a nonce of its own each time, or the same field each time */
    ck_assert((memcmp(field.data, again.data, field.len) == 0) ==
              (kind == ENV_FIELD_DETERMINISTIC));
    bytes_free(&field);
    bytes_free(&again);
}
END_TEST

START_TEST(values_and_contexts_of_every_length_open)
{
    const enum env_field_kind kind = kinds[_i];
    struct bytes plain = bytes_plain(5000, 1);
    struct bytes context = bytes_plain(ENV_FIELD_CONTEXT_MAX, 2);

    for (size_t len = 0; len <= plain.len; len += len < 70 ? 1 : 811) {
        for (size_t of = 0; of <= context.len; of += of < 131 ? 13 : 1983) {
            struct env_span with = {context.data, of};
            struct env_span value = {plain.data, len};
            struct bytes field = bytes_new(len + env_field_overhead(kind));

            ck_demand(env_ok(env_field_seal(crypto, kind, &key, with, value, field.data)), "%zu",
                      len);
            ck_demand(open_with(kind, &key, with, span(field), value) == ENV_R_NONE, "%zu, %zu",
                      len, of);
            bytes_free(&field);
        }
    }
    bytes_free(&plain);
    bytes_free(&context);
}
END_TEST

/* Altered in any bit behind the key id, cut, extended, another context, another key: one reason. */
START_TEST(what_is_not_authentic_has_one_reason)
{
    const enum env_field_kind kind = kinds[_i];
    struct bytes field = seal(kind, "users.otp", text("JBSWY3DPEHPK3PXP"));
    struct bytes longer = bytes_new(field.len + 1);
    struct env_span value = text("JBSWY3DPEHPK3PXP");

    for (size_t bit = 8 * 9; bit < 8 * field.len; bit++) {
        field.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        ck_assert_int_eq(open_with(kind, &key, text("users.otp"), span(field), value),
                         ENV_R_FIELD_NOT_AUTHENTIC);
        field.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    for (size_t len = env_field_overhead(kind); len < field.len; len++)
        ck_assert_int_eq(
            open_with(kind, &key, text("users.otp"), (struct env_span){field.data, len}, value),
            ENV_R_FIELD_NOT_AUTHENTIC);
    memcpy(longer.data, field.data, field.len);
    ck_assert_int_eq(open_with(kind, &key, text("users.otp"), span(longer), value),
                     ENV_R_FIELD_NOT_AUTHENTIC);
    ck_assert_int_eq(open_with(kind, &key, text("users.ot"), span(field), value),
                     ENV_R_FIELD_NOT_AUTHENTIC);
    ck_assert_int_eq(open_with(kind, &key, text("users.otp2"), span(field), value),
                     ENV_R_FIELD_NOT_AUTHENTIC);
    ck_assert_int_eq(open_with(kind, &key, text(""), span(field), value),
                     ENV_R_FIELD_NOT_AUTHENTIC);
    ck_assert_int_eq(open_with(kind, &other, text("users.otp"), span(field), value),
                     ENV_R_FIELD_NOT_AUTHENTIC);
    ck_assert_int_eq(open_with(kind, &key, text("users.otp"), span(field), value), ENV_R_NONE);
    bytes_free(&field);
    bytes_free(&longer);
}
END_TEST

START_TEST(what_is_no_such_field_is_refused)
{
    const enum env_field_kind kind = kinds[_i], foreign = kinds[1 - _i];
    struct bytes field = seal(kind, "", text(""));
    struct bytes of_other = seal(foreign, "", text(""));
    const uint8_t *id = NULL;
    uint8_t none[64] = {0};

    for (size_t len = 0; len < field.len; len++)
        ck_assert_int_eq(env_field_read_id(kind, (struct env_span){field.data, len}, &id).reason,
                         ENV_R_FIELD_TOO_SHORT);
    ck_assert_int_eq(env_field_read_id(kind, span(of_other), &id).reason, ENV_R_FIELD_OTHER_CIPHER);
    for (unsigned first = 0; first < 256; first++) {
        none[0] = (uint8_t)first;
        if (first != 1 && first != 2)
            ck_assert_int_eq(
                env_field_read_id(kind, (struct env_span){none, sizeof(none)}, &id).reason,
                ENV_R_NOT_A_FIELD);
    }
    ck_assert_int_eq(env_field_open(crypto, kind, &key, text(""),
                                    (struct env_span){field.data, field.len - 1}, none)
                         .reason,
                     ENV_R_FIELD_TOO_SHORT);
    bytes_free(&field);
    bytes_free(&of_other);
}
END_TEST

/* ---- tenant keys ---- */

static struct bytes seal_tenant_key(struct env_span tenant)
{
    static const uint8_t bytes[ENV_TENANT_KEY_LEN] = {7};
    uint8_t context[ENV_TENANT_CONTEXT_MAX];
    struct env_span with = {context, env_tenant_context(tenant, context)};
    struct env_span found;
    struct bytes sealed = bytes_new(ENV_TENANT_SEALED_LEN);

    ck_assert(env_tenant_context_is(with, &found));
    ck_assert_uint_eq(found.len, tenant.len);
    ck_assert_mem_eq(found.data, tenant.data, tenant.len);
    ck_assert(env_ok(env_field_seal(crypto, ENV_FIELD_RANDOM, &key, with,
                                    (struct env_span){bytes, sizeof(bytes)}, sealed.data)));
    return sealed;
}

START_TEST(a_tenant_key_opens_for_its_tenant_alone)
{
    static const uint8_t bytes[ENV_TENANT_KEY_LEN] = {7};
    struct bytes longest = bytes_plain(ENV_TENANT_ID_MAX + 1, 3);
    struct bytes sealed = seal_tenant_key(text("17"));
    struct env_field_key made = {0}, expected;

    ck_assert_uint_eq(sealed.len, 81);
    ck_assert(env_ok(env_field_key_set(crypto, (struct env_span){bytes, 32}, &expected)));
    ck_assert(env_ok(env_tenant_key_open(crypto, &key, text("17"), span(sealed), &made)));
    ck_assert_mem_eq(&made, &expected, sizeof(made));
    ck_assert_int_eq(env_tenant_key_open(crypto, &key, text("18"), span(sealed), &made).reason,
                     ENV_R_TENANT_KEY_CLOSED);
    ck_assert_int_eq(env_tenant_key_open(crypto, &other, text("17"), span(sealed), &made).reason,
                     ENV_R_TENANT_KEY_CLOSED);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 0x10;
        ck_assert_int_eq(env_tenant_key_open(crypto, &key, text("17"), span(sealed), &made).reason,
                         ENV_R_TENANT_KEY_CLOSED);
        sealed.data[i] ^= 0x10;
    }
    ck_assert_int_eq(
        env_tenant_key_open(crypto, &key, text("17"), (struct env_span){sealed.data, 80}, &made)
            .reason,
        ENV_R_TENANT_INCOMPLETE);
    ck_assert_int_eq(env_tenant_key_open(crypto, &key, text(""), span(sealed), &made).reason,
                     ENV_R_TENANT_INCOMPLETE);
    ck_assert_int_eq(env_tenant_key_open(crypto, &key, span(longest), span(sealed), &made).reason,
                     ENV_R_TENANT_INCOMPLETE);
    bytes_free(&sealed);
    longest.len--;
    sealed = seal_tenant_key(span(longest));
    ck_assert(env_ok(env_tenant_key_open(crypto, &key, span(longest), span(sealed), &made)));
    bytes_free(&sealed);
    bytes_free(&longest);
}
END_TEST

START_TEST(a_tenant_key_is_made_and_sealed_anew)
{
    struct bytes sealed = bytes_new(ENV_TENANT_SEALED_LEN), anew = bytes_new(ENV_TENANT_SEALED_LEN);
    struct bytes longest = bytes_plain(ENV_TENANT_ID_MAX + 1, 3);
    struct env_field_key made[2];

    memset(made, 0, sizeof(made)); /* and what is between the members */
    ck_assert(env_ok(env_tenant_key_make(crypto, &key, text("17"), sealed.data)));
    ck_assert(env_ok(env_tenant_key_open(crypto, &key, text("17"), span(sealed), &made[0])));
    ck_assert(
        env_ok(env_tenant_key_reseal(crypto, &key, &other, text("17"), span(sealed), anew.data)));
    ck_assert(env_ok(env_tenant_key_open(crypto, &other, text("17"), span(anew), &made[1])));
    ck_assert_mem_eq(&made[0], &made[1], sizeof(made[0]));
    ck_assert_int_eq(
        env_tenant_key_reseal(crypto, &key, &other, text("18"), span(sealed), anew.data).reason,
        ENV_R_TENANT_KEY_CLOSED);
    ck_assert_int_eq(
        env_tenant_key_reseal(crypto, &other, &key, text("17"), span(sealed), anew.data).reason,
        ENV_R_TENANT_KEY_CLOSED);
    ck_assert_int_eq(env_tenant_key_reseal(crypto, &key, &other, text("17"),
                                           (struct env_span){sealed.data, 80}, anew.data)
                         .reason,
                     ENV_R_TENANT_INCOMPLETE);
    ck_assert_int_eq(env_tenant_key_make(crypto, &key, text(""), sealed.data).reason,
                     ENV_R_TENANT_INCOMPLETE);
    ck_assert_int_eq(env_tenant_key_make(crypto, &key, span(longest), sealed.data).reason,
                     ENV_R_TENANT_INCOMPLETE);
    ck_assert(env_ok(env_tenant_key_make(crypto, &key, text("17"), anew.data)));
    ck_assert(env_ok(env_tenant_key_open(crypto, &key, text("17"), span(anew), &made[1])));
    ck_assert_mem_ne(&made[0], &made[1], sizeof(made[0])); /* another each time */
    bytes_free(&longest);
    bytes_free(&anew);
    bytes_free(&sealed);
}
END_TEST

START_TEST(contexts_that_begin_alike_are_no_tenant_s)
{
    struct env_span tenant;

    ck_assert(!env_tenant_context_is(text(""), &tenant));
    ck_assert(!env_tenant_context_is(text("tenant key v1"), &tenant));
    ck_assert(!env_tenant_context_is(text("tenant key v2:17"), &tenant));
    ck_assert(env_tenant_context_is(text("tenant key v1:"), &tenant));
    ck_assert_uint_eq(tenant.len, 0);
}
END_TEST

/* ---- the examples of docs/FORMAT.md ---- */

/* The block after "<!-- test: example-NAME -->". */
static struct bytes example(const char *name)
{
    FILE *file = vectors_open("../../docs/FORMAT.md");
    char line[256], mark[64], hex[2048] = "";

    (void)snprintf(mark, sizeof(mark), "<!-- test: example-%s -->\n", name);
    while (fgets(line, sizeof(line), file) != NULL && strcmp(line, mark) != 0)
        ;
    ck_assert(fgets(line, sizeof(line), file) != NULL && strcmp(line, "```hex\n") == 0);
    while (fgets(line, sizeof(line), file) != NULL && line[0] != '`')
        strncat(hex, line, strcspn(line, "\n"));
    (void)fclose(file);
    return hex_read(hex);
}

static void example_opens(const char *name, enum env_field_kind kind,
                          const struct env_field_key *with, const char *context, const char *value)
{
    struct bytes field = example(name);
    const uint8_t *id = NULL;

    ck_assert(env_ok(env_field_read_id(kind, span(field), &id)));
    ck_assert_mem_eq(id, with->id, sizeof(with->id));
    ck_assert_int_eq(open_with(kind, with, text(context), span(field), text(value)), ENV_R_NONE);
    bytes_free(&field);
}

START_TEST(the_examples_of_the_format_open)
{
    struct bytes bytes = example("field-key"), sealed = example("tenant-key");
    struct env_field_key named, tenant;

    ck_assert(env_ok(env_field_key_set(crypto, span(bytes), &named)));
    ck_assert(env_ok(env_tenant_key_open(crypto, &named, text("acme"), span(sealed), &tenant)));
    example_opens("field", ENV_FIELD_RANDOM, &named, "users.otp_secret/17", "JBSWY3DPEHPK3PXP");
    example_opens("field-deterministic", ENV_FIELD_DETERMINISTIC, &named, "users.email",
                  "ann@example.com");
    example_opens("field-empty", ENV_FIELD_DETERMINISTIC, &named, "users.email", "");
    example_opens("tenant-field", ENV_FIELD_RANDOM, &tenant, "users.otp_secret/17",
                  "JBSWY3DPEHPK3PXP");
    bytes_free(&bytes);
    bytes_free(&sealed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: fields");
    TCase *tcase = tcase_create("fields");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_field_has_the_parts_that_it_should, 0, 2);
    tcase_add_loop_test(tcase, values_and_contexts_of_every_length_open, 0, 2);
    tcase_add_loop_test(tcase, what_is_not_authentic_has_one_reason, 0, 2);
    tcase_add_loop_test(tcase, what_is_no_such_field_is_refused, 0, 2);
    tcase_add_test(tcase, a_tenant_key_opens_for_its_tenant_alone);
    tcase_add_test(tcase, a_tenant_key_is_made_and_sealed_anew);
    tcase_add_test(tcase, the_examples_of_the_format_open);
    tcase_add_test(tcase, contexts_that_begin_alike_are_no_tenant_s);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
