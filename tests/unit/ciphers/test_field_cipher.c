/* SPDX-License-Identifier: Apache-2.0 */
/* The ciphers for fields: how the key is chosen, and the reason of each refusal. */
#include <openssl/err.h>
#include <string.h>

#include "envelope/format/field_key_bytes.h"
#include "fake_keyring.h"
#include "field_calls.h"
#include "stopped_clock.h"

static OSSL_LIB_CTX *libctx;
static struct bytes value, users, email, tenants;

static void set_up(void)
{
    fake_reset();
    fake_field_reset();
    libctx = fake_field_libctx("field-key = users\n");
    value = bytes_of("JBSWY3DPEHPK3PXP", 16);
    users = field_key_text(STAND_IN_USERS);
    email = field_key_text(STAND_IN_EMAIL);
    tenants = field_key_text(STAND_IN_TENANTS);
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    bytes_free(&value);
    bytes_free(&users);
    bytes_free(&email);
    bytes_free(&tenants);
    ck_assert_int_eq(atomic_load(&fake_field_lent), 0);
}

static struct field_call with_key(const char *cipher, struct bytes key, const char *context)
{
    return (struct field_call){.libctx = libctx, .cipher = cipher, .key = key, .context = context};
}

static struct field_call with_name(const char *name, const char *context)
{
    return (struct field_call){.libctx = libctx, .cipher = FIELD, .name = name, .context = context};
}

START_TEST(both_ciphers_open_what_they_sealed)
{
    struct field_call random = with_key(FIELD, users, "users.otp/17");
    struct field_call equal = with_key(DETERMINISTIC, email, "users.email");
    struct bytes fields[4] = {field_seal(&random, value), field_seal(&random, value),
                              field_seal(&equal, value), field_seal(&equal, value)};

    ck_assert_uint_eq(fields[0].len, value.len + 49);
    ck_assert_uint_eq(fields[2].len, value.len + 25);
    ck_assert(memcmp(fields[0].data, fields[1].data, fields[0].len) != 0);
    ck_assert(memcmp(fields[2].data, fields[3].data, fields[2].len) == 0);
    for (size_t i = 0; i < 4; i++) {
        field_opens(i < 2 ? &random : &equal, fields[i], value);
        bytes_free(&fields[i]);
    }
}
END_TEST

/* One key under all the ways in which it can be said. */
START_TEST(every_way_to_name_a_key_is_the_same_key)
{
    struct bytes zeros = bytes_new(32), padded = bytes_new(200);
    struct bytes form = field_key_form(STAND_IN_USERS, (struct bytes){0}, NULL, "users.otp");
    struct bytes bare = field_key_form("", (struct bytes){0}, NULL, "users.otp");
    struct field_call ways[] = {
        with_key(FIELD, users, "users.otp"),
        with_key(FIELD, zeros, "users.otp"), /* field-key of openssl.cnf */
        with_key(FIELD, padded, "users.otp"),
        with_key(FIELD, form, NULL),
        with_key(FIELD, bare, NULL),
        with_name("users", "users.otp"),
        with_name("users@2", "users.otp"),
        with_name(NULL, "users.otp"),
        with_key(FIELD, tenants, "users.otp"),
    };
    const size_t count = sizeof(ways) / sizeof(ways[0]);

    memcpy(padded.data, users.data, users.len);
    ways[count - 1].name = "users"; /* counts before the key bytes */
    for (size_t i = 0; i < count; i++) {
        struct bytes field = field_seal(&ways[i], value);

        for (size_t j = 0; j < count; j++)
            field_opens(&ways[j], field, value);
        bytes_free(&field);
    }
    bytes_free(&zeros);
    bytes_free(&padded);
    bytes_free(&form);
    bytes_free(&bare);
}
END_TEST

START_TEST(parameters_count_before_key_bytes)
{
    struct bytes form = field_key_form(STAND_IN_USERS, (struct bytes){0}, NULL, "of the key bytes");
    struct field_call call = with_key(FIELD, form, "of the parameter");
    struct field_call same = with_key(FIELD, users, "of the parameter");
    struct bytes field = field_seal(&call, value);

    field_opens(&same, field, value);
    call.context = NULL;
    field_refused(&call, field, ENV_R_FIELD_NOT_AUTHENTIC);
    call.context = "";
    field_refused(&call, field, ENV_R_FIELD_NOT_AUTHENTIC);
    bytes_free(&field);
    bytes_free(&form);
}
END_TEST

/* Fields have no use for context of openssl.cnf. */
START_TEST(the_configured_context_does_not_count)
{
    OSSL_LIB_CTX *other = fake_field_libctx("field-key = users\ncontext = orders\n");
    struct field_call call = with_name(NULL, NULL);
    struct bytes field = field_seal(&call, value);

    call.libctx = other;
    field_opens(&call, field, value);
    call.context = "orders";
    field_refused(&call, field, ENV_R_FIELD_NOT_AUTHENTIC);
    bytes_free(&field);
    OSSL_LIB_CTX_free(other);
}
END_TEST

/* ---- versions ---- */

START_TEST(sealing_takes_the_newest_and_opening_the_one_of_the_field)
{
    struct field_call call = with_key(FIELD, users, "c");
    struct field_call first = with_name("users@1", "c"), second = with_name("users@2", "c");
    struct bytes old, new;

    fake_field_key("users", 2)->seals_not = true; /* seal-from is still to come */
    fake_field_changed();
    old = field_seal(&call, value);
    fake_field_key("users", 2)->seals_not = false;
    fake_field_changed();
    new = field_seal(&call, value);
    ck_assert_mem_ne(old.data + 1, new.data + 1, 8);
    field_opens(&call, old, value);
    field_opens(&call, new, value);
    field_opens(&first, old, value);
    field_opens(&second, new, value);
    /* a name with its number stands only for that version */
    field_refused(&first, new, ENV_R_FIELD_KEY_UNKNOWN);
    field_refused(&second, old, ENV_R_FIELD_KEY_UNKNOWN);
    fake_field_key("users", 1)->absent = true;
    fake_field_changed();
    field_refused(&call, old, ENV_R_FIELD_KEY_UNKNOWN);
    field_opens(&call, new, value);
    bytes_free(&old);
    bytes_free(&new);
}
END_TEST

START_TEST(a_key_that_is_not_derived_yet_is_derived)
{
    struct field_call call = with_key(FIELD, users, "c");
    struct bytes field = field_seal(&call, value), again;

    fake_field_key("users", 2)->underived = true;
    fake_field_changed();
    field_opens(&call, field, value);
    again = field_seal(&call, value);
    fake_field_key("users", 2)->underived = false;
    fake_field_changed();
    field_opens(&call, again, value);
    bytes_free(&field);
    bytes_free(&again);
}
END_TEST

/* ---- refusals ---- */

START_TEST(each_refusal_has_its_reason)
{
    struct field_call call = with_key(FIELD, users, "c");
    struct field_call equal = with_key(DETERMINISTIC, email, "c");
    struct bytes field = field_seal(&call, value), of_equal = field_seal(&equal, value);
    struct bytes none = bytes_of("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DP", 56);
    struct bytes altered = bytes_of(field.data, field.len);

    field_refused(&call, of_equal, ENV_R_FIELD_OTHER_CIPHER);
    field_refused(&equal, field, ENV_R_FIELD_OTHER_CIPHER);
    field_refused(&call, none, ENV_R_NOT_A_FIELD);
    none.len = 0;
    field_refused(&call, none, ENV_R_FIELD_NO_UPDATE);
    altered.len = 48;
    field_refused(&call, altered, ENV_R_FIELD_TOO_SHORT);
    altered.len = field.len - 1;
    field_refused(&call, altered, ENV_R_FIELD_NOT_AUTHENTIC);
    altered.len = field.len;
    altered.data[5] ^= 1;
    field_refused(&call, altered, ENV_R_FIELD_KEY_UNKNOWN);
    altered.data[5] ^= 1;
    altered.data[20] ^= 1;
    field_refused(&call, altered, ENV_R_FIELD_NOT_AUTHENTIC);
    call.context = "d";
    field_refused(&call, field, ENV_R_FIELD_NOT_AUTHENTIC);
    bytes_free(&field);
    bytes_free(&of_equal);
    bytes_free(&none);
    bytes_free(&altered);
}
END_TEST

/* A key for one cipher serves no other, and a stranger's stand-in no key at all. */
START_TEST(keys_that_are_not_for_this_are_refused)
{
    struct bytes strange = field_key_text("key:0123456789AB");
    const struct field_call calls[] = {
        with_key(DETERMINISTIC, users, "c"),
        with_key(FIELD, email, "c"),
        with_key(FIELD, tenants, "c"),
        with_key(FIELD, strange, "c"),
        with_name("nobody", "c"),
        with_name("users@3", "c"),
    };
    struct bytes out;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        ck_refused(field_run(&calls[i], 1, value, &out), ENV_R_KEY_REFUSED);
        bytes_free(&out);
    }
    bytes_free(&strange);
}
END_TEST

static void init_refused(const char *key, size_t len, int reason)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    struct bytes bytes = bytes_new(len > 0 ? len : 1);
    struct field_call call;

    if (key != NULL)
        memcpy(bytes.data, key, strlen(key) < len ? strlen(key) : len);
    bytes.len = len;
    call = with_key(FIELD, bytes, NULL);
    ck_refused(field_init(ctx, &call, 1), reason);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&bytes);
}

START_TEST(key_bytes_that_are_nothing_are_an_error_of_init)
{
    init_refused("0123456789abcdef0123456789abcdef", 32, ENV_R_FIELD_KEY_BYTES);
    init_refused("key:short", 32, ENV_R_FIELD_KEY_BYTES);
    init_refused("key:ABCDEFGHIJKL!", 32, ENV_R_STAND_IN_LONGER);
    init_refused("key:ABCDEFGHIJKL\n", 17, ENV_R_STAND_IN_BLANKS);
    init_refused("6b65793a4142434445464748494a4b4c", 32, ENV_R_STAND_IN_ENCODED);
    init_refused("ENVF", 32, ENV_R_FIELD_KEY_FORM);
    init_refused("ENVF\2", 32, ENV_R_FIELD_KEY_FORM);
    init_refused("ENVF\1", 15, ENV_R_FIELD_KEY_LENGTH);
    init_refused(NULL, 4609, ENV_R_FIELD_KEY_LENGTH);
}
END_TEST

/* A program that continues after a refused key gets neither field-key nor the previous key. */
START_TEST(a_refused_key_is_no_reason_to_take_another)
{
    static const unsigned char nothing[] = "0123456789abcdef0123456789abcdef";
    struct bytes good = bytes_new(32); /* field-key of openssl.cnf */
    struct field_call call = with_key(FIELD, users, "c");
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1), *copy = EVP_CIPHER_CTX_new();

    ck_assert_int_eq(EVP_CIPHER_CTX_set_key_length(ctx, 32), 1);
    ck_refused(EVP_CipherInit_ex2(ctx, NULL, nothing, NULL, 1, NULL), ENV_R_FIELD_KEY_BYTES);
    ck_refused(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), ENV_R_FIELD_KEY_BYTES);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    ck_refused(EVP_CipherInit_ex2(copy, NULL, NULL, NULL, 0, NULL), ENV_R_FIELD_KEY_BYTES);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, good.data, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
    EVP_CIPHER_CTX_free(copy);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&good);
}
END_TEST

/*
 * PHP goes on when a length is refused, with the key bytes cut off at the usual one: of a form
 * without a stand-in that would be the same with another context.
 */
START_TEST(key_bytes_that_are_cut_off_are_refused)
{
    struct bytes form =
        field_key_form("", (struct bytes){0}, NULL, "users.otp_secret/17, and more");
    struct field_call call = with_name("users", "c");
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);

    ck_refused(EVP_CIPHER_CTX_set_key_length(ctx, 4609), ENV_R_FIELD_KEY_LENGTH);
    ck_refused(EVP_CipherInit_ex2(ctx, NULL, form.data, NULL, 1, NULL), ENV_R_FIELD_KEY_LENGTH);
    ck_assert_int_eq(EVP_CIPHER_CTX_set_key_length(ctx, (int)form.len), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, form.data, NULL, 1, NULL), 1);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&form);
}
END_TEST

/* The stand-in within the form has to be one, to its last byte. */
START_TEST(a_form_with_no_stand_in_is_refused)
{
    static const char *const wrong[] = {"key:ABCDEFGH_JK!", "kay:ABCDEFGHIJKL", "0123456789abcdef"};

    for (size_t i = 0; i < 3; i++) {
        struct bytes form = field_key_form(wrong[i], (struct bytes){0}, NULL, "context");
        struct field_call call = with_key(FIELD, form, NULL);
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

        ck_refused(field_init(ctx, &call, 1), ENV_R_FIELD_KEY_FORM);
        EVP_CIPHER_CTX_free(ctx);
        bytes_free(&form);
    }
}
END_TEST

START_TEST(without_any_key_there_is_a_reason)
{
    OSSL_LIB_CTX *other = fake_field_libctx("");
    struct field_call call = with_name(NULL, "c");
    struct bytes out;

    call.libctx = other;
    ck_refused(field_run(&call, 1, value, &out), ENV_R_FIELD_NO_KEY);
    bytes_free(&out);
    OSSL_LIB_CTX_free(other);
}
END_TEST

static void param_refused(const char *name, unsigned type, const char *data, size_t len, int reason)
{
    OSSL_PARAM params[] = {{name, type, (void *)(uintptr_t)data, len, 0}, OSSL_PARAM_END};
    struct field_call call = with_key(FIELD, users, NULL);
    EVP_CIPHER_CTX *ctx = field_begin(&call, 1);

    ck_refused(EVP_CIPHER_CTX_set_params(ctx, params), reason);
    EVP_CIPHER_CTX_free(ctx);
}

START_TEST(bad_parameters_are_refused)
{
    static const char long_text[5000] = {0};
    const unsigned octets = OSSL_PARAM_OCTET_STRING, text = OSSL_PARAM_UTF8_STRING;

    param_refused("field-key", text, "no", 2, ENV_R_BAD_PARAMETER);
    param_refused("field-key", text, "users@", 6, ENV_R_BAD_PARAMETER);
    param_refused("field-key", text, "default", 7, ENV_R_BAD_PARAMETER);
    param_refused("field-key", text, "users\0x", 7, ENV_R_BAD_PARAMETER);
    param_refused("field-key", octets, "users", 5, ENV_R_BAD_PARAMETER);
    param_refused("context", octets, long_text, 4097, ENV_R_CONTEXT_TOO_LONG);
    param_refused("context", OSSL_PARAM_INTEGER, long_text, 4, ENV_R_BAD_PARAMETER);
    param_refused("tenant", octets, long_text, 256, ENV_R_TENANT_INCOMPLETE);
    param_refused("tenant-key", octets, long_text, 82, ENV_R_TENANT_INCOMPLETE);
    param_refused("keylen", OSSL_PARAM_UNSIGNED_INTEGER, "\17\0\0\0\0\0\0\0", 8,
                  ENV_R_FIELD_KEY_LENGTH);
    param_refused("keylen", text, "32", 2, ENV_R_BAD_PARAMETER);
}
END_TEST

START_TEST(the_deterministic_one_is_refused_where_fips_is_demanded)
{
    static const char *const lines[] = {"propquery = fips=yes\n", "propquery = \"fips\"\n",
                                        "propquery = \"provider=default, FIPS = yes\"\n"};
    static const char *const allowed[] = {"propquery = \"?fips=yes\"\n", "propquery = fips=no\n"};

    for (size_t i = 0; i < 3; i++) {
        OSSL_LIB_CTX *other = fake_field_libctx(lines[i]);
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(other, DETERMINISTIC, NULL);

        ERR_clear_error();
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL), 0);
        ck_assert_int_eq(caller_reason(), ENV_R_FIELD_NOT_IN_FIPS);
        EVP_CIPHER_free(cipher);
        EVP_CIPHER_CTX_free(ctx);
        OSSL_LIB_CTX_free(other);
    }
    for (size_t i = 0; i < 2; i++) {
        OSSL_LIB_CTX *other = fake_field_libctx(allowed[i]);
        struct field_call call = with_key(DETERMINISTIC, email, "c");
        struct bytes field;

        call.libctx = other;
        field = field_seal(&call, value);
        field_opens(&call, field, value);
        bytes_free(&field);
        OSSL_LIB_CTX_free(other);
    }
}
END_TEST

/* By the program's default properties, after the cipher was found: it counts within a second. */
START_TEST(the_deterministic_one_is_refused_once_fips_is_demanded)
{
    struct field_call call = with_key(DETERMINISTIC, email, "c");
    OSSL_LIB_CTX *other = fake_field_libctx("");
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(other, DETERMINISTIC, NULL);
    struct bytes field;

    clock_stop();
    call.libctx = other;
    field = field_seal(&call, value);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_default_properties_enable_fips(other, 1), 1);
    clock_move(1000);
    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 0);
    ck_assert_int_eq(caller_reason(), ENV_R_FIELD_NOT_IN_FIPS);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), 0);
    ck_assert_int_eq(EVP_default_properties_enable_fips(other, 0), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
    field_opens(&call, field, value);
    clock_go();
    bytes_free(&field);
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(ctx);
    OSSL_LIB_CTX_free(other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: fields");
    TCase *tcase = tcase_create("fields");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, both_ciphers_open_what_they_sealed);
    tcase_add_test(tcase, every_way_to_name_a_key_is_the_same_key);
    tcase_add_test(tcase, parameters_count_before_key_bytes);
    tcase_add_test(tcase, the_configured_context_does_not_count);
    tcase_add_test(tcase, sealing_takes_the_newest_and_opening_the_one_of_the_field);
    tcase_add_test(tcase, a_key_that_is_not_derived_yet_is_derived);
    tcase_add_test(tcase, each_refusal_has_its_reason);
    tcase_add_test(tcase, keys_that_are_not_for_this_are_refused);
    tcase_add_test(tcase, key_bytes_that_are_nothing_are_an_error_of_init);
    tcase_add_test(tcase, a_refused_key_is_no_reason_to_take_another);
    tcase_add_test(tcase, key_bytes_that_are_cut_off_are_refused);
    tcase_add_test(tcase, a_form_with_no_stand_in_is_refused);
    tcase_add_test(tcase, without_any_key_there_is_a_reason);
    tcase_add_test(tcase, bad_parameters_are_refused);
    tcase_add_test(tcase, the_deterministic_one_is_refused_where_fips_is_demanded);
    tcase_add_test(tcase, the_deterministic_one_is_refused_once_fips_is_demanded);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
