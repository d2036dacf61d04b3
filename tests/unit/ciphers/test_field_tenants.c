/* SPDX-License-Identifier: Apache-2.0 */
/* Tenant keys through EVP: made by the program, used with the key above them, never given out. */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "field_calls.h"

static OSSL_LIB_CTX *libctx;
static struct bytes value, tenants, secret, acme;

static struct field_call above(const char *context)
{
    return (struct field_call){
        .libctx = libctx, .cipher = FIELD, .key = tenants, .context = context};
}

static struct field_call under(const char *cipher, const char *tenant, struct bytes key)
{
    return (struct field_call){.libctx = libctx,
                               .cipher = cipher,
                               .key = tenants,
                               .context = "users.otp/17",
                               .tenant = tenant,
                               .tenant_key = key};
}

static void set_up(void)
{
    struct field_call making;

    fake_reset();
    fake_field_reset();
    libctx = fake_field_libctx("tenant-key-cache = 4\n");
    value = bytes_of("JBSWY3DPEHPK3PXP", 16);
    tenants = field_key_text(STAND_IN_TENANTS);
    secret = bytes_plain(32, 1);
    making = above("tenant key v1:acme");
    acme = field_seal(&making, secret);
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    bytes_free(&value);
    bytes_free(&tenants);
    bytes_free(&secret);
    bytes_free(&acme);
    ck_assert_int_eq(atomic_load(&fake_field_lent), 0);
}

START_TEST(a_tenant_key_seals_and_opens_with_both_ciphers)
{
    static const char *const ciphers[] = {FIELD, DETERMINISTIC};

    ck_assert_uint_eq(acme.len, 81);
    for (size_t i = 0; i < 2; i++) {
        struct field_call call = under(ciphers[i], "acme", acme), by_name = call;
        struct bytes field = field_seal(&call, value), form;
        struct field_call by_form = {.libctx = libctx, .cipher = ciphers[i]};

        field_opens(&call, field, value);
        field_opens(&call, field, value);
        by_name.key.len = 0;
        by_name.name = "tenants";
        field_opens(&by_name, field, value);
        form = field_key_form(STAND_IN_TENANTS, acme, "acme", "users.otp/17");
        by_form.key = form;
        field_opens(&by_form, field, value);
        bytes_free(&form);
        bytes_free(&field);
    }
}
END_TEST

START_TEST(it_opens_for_no_other_tenant_and_under_no_other_key)
{
    struct field_call call = under(FIELD, "acme", acme);
    struct bytes field = field_seal(&call, value), altered = bytes_of(acme.data, acme.len);
    struct field_call making = above("tenant key v1:emca");
    struct bytes emca = field_seal(&making, secret), other;

    call.tenant = "emca";
    field_refused(&call, field, ENV_R_TENANT_KEY_CLOSED);
    altered.data[40] ^= 1;
    call = under(FIELD, "acme", altered);
    field_refused(&call, field, ENV_R_TENANT_KEY_CLOSED);
    altered.data[40] ^= 1;
    altered.data[0] = 2;
    field_refused(&call, field, ENV_R_TENANT_KEY_CLOSED);
    altered.data[0] = 1;
    altered.data[3] ^= 1; /* the version of the named key that it names does not exist */
    field_refused(&call, field, ENV_R_FIELD_KEY_UNKNOWN);
    /* the same secret for another tenant is the same key to AES, and that is the program's doing */
    call = under(FIELD, "emca", emca);
    field_opens(&call, field, value);
    /* another tenant's field has another key id */
    secret.data[0] ^= 1;
    other = field_seal(&making, secret);
    call = under(FIELD, "emca", other);
    field_refused(&call, field, ENV_R_FIELD_KEY_UNKNOWN);
    bytes_free(&field);
    bytes_free(&altered);
    bytes_free(&emca);
    bytes_free(&other);
}
END_TEST

/* Key and tenant together, and the named key above them: never one without the others. */
START_TEST(a_tenant_key_is_of_use_only_with_all_that_belongs_to_it)
{
    struct field_call call = under(FIELD, "acme", acme), broken = call;
    struct bytes field = field_seal(&call, value), users = field_key_text(STAND_IN_USERS), out;

    broken.tenant = NULL;
    field_refused(&broken, field, ENV_R_TENANT_INCOMPLETE);
    broken = call;
    broken.tenant_key = (struct bytes){0};
    field_refused(&broken, field, ENV_R_TENANT_INCOMPLETE);
    broken = call;
    broken.tenant_key.len = 80;
    field_refused(&broken, field, ENV_R_TENANT_INCOMPLETE);
    broken = call;
    broken.key = users; /* not made for tenant keys */
    field_refused(&broken, field, ENV_R_KEY_REFUSED);
    broken.key.len = 0;
    field_refused(&broken, field, ENV_R_FIELD_NO_KEY);
    /* and the key above seals no fields of its own */
    broken = above("users.otp/17");
    ck_refused(field_run(&broken, 1, value, &out), ENV_R_KEY_REFUSED);
    bytes_free(&out);
    bytes_free(&field);
    bytes_free(&users);
}
END_TEST

START_TEST(a_tenant_key_is_not_given_out)
{
    struct field_call call = above("tenant key v1:acme"), as_field = above(NULL);

    field_refused(&call, acme, ENV_R_TENANT_KEY_STAYS);
    field_refused(&as_field, acme, ENV_R_KEY_REFUSED);
    call.key.len = 0;
    call.name = "tenants@2";
    field_refused(&call, acme, ENV_R_TENANT_KEY_STAYS);
}
END_TEST

static void not_sealed(struct field_call call, struct bytes of)
{
    struct bytes out;

    ck_refused(field_run(&call, 1, of, &out), ENV_R_TENANT_KEY_VALUE);
    bytes_free(&out);
}

START_TEST(only_what_is_a_tenant_key_is_sealed_as_one)
{
    char longest[14 + 257] = "tenant key v1:";
    struct bytes wrong = bytes_plain(33, 2);
    struct field_call call = above(longest), users_key = above("tenant key v1:acme");
    struct bytes users = field_key_text(STAND_IN_USERS), out;

    not_sealed(call, secret); /* no tenant */
    memset(longest + 14, 'x', 256);
    not_sealed(call, secret);
    longest[14 + 255] = '\0';
    out = field_seal(&call, secret);
    bytes_free(&out);
    not_sealed(call, wrong);
    wrong.len = 31;
    not_sealed(call, wrong);
    wrong.len = 0;
    not_sealed(call, wrong);
    call.cipher = DETERMINISTIC;
    not_sealed(call, secret);
    /* nor under a key for fields */
    users_key.key = users;
    ck_refused(field_run(&users_key, 1, secret, &out), ENV_R_KEY_REFUSED);
    bytes_free(&out);
    wrong.len = 33;
    bytes_free(&wrong);
    bytes_free(&users);
}
END_TEST

/* After the named key is rotated, old tenant keys open under their version until that is destroyed.
 */
START_TEST(tenant_keys_follow_the_versions_above)
{
    struct field_call call = under(FIELD, "acme", acme), making = above("tenant key v1:acme");
    struct bytes field, old;

    fake_field_key("tenants", 2)->seals_not = true;
    fake_field_changed();
    old = field_seal(&making, secret);
    fake_field_key("tenants", 2)->seals_not = false;
    fake_field_changed();
    ck_assert_mem_ne(old.data + 1, acme.data + 1, 8);
    field = field_seal(&call, value);
    call = under(FIELD, "acme", old);
    field_opens(&call, field, value); /* the same tenant key, sealed under the older version */
    fake_field_key("tenants", 1)->absent = true;
    fake_field_changed();
    field_refused(&call, field, ENV_R_FIELD_KEY_UNKNOWN); /* although the cache has it */
    call = under(FIELD, "acme", acme);
    field_opens(&call, field, value);
    fake_field_key("tenants", 2)->absent = true;
    fake_field_changed();
    field_refused(&call, field, ENV_R_KEY_REFUSED);
    bytes_free(&field);
    bytes_free(&old);
}
END_TEST

START_TEST(more_tenants_than_the_cache_has_places_for)
{
    char context[32], name[16];
    struct bytes keys[12], fields[12];

    for (int i = 0; i < 12; i++) {
        struct field_call call;

        (void)snprintf(name, sizeof(name), "t%d", i);
        (void)snprintf(context, sizeof(context), "tenant key v1:%s", name);
        call = above(context);
        secret.data[0] = (unsigned char)i;
        keys[i] = field_seal(&call, secret);
        call = under(FIELD, name, keys[i]);
        fields[i] = field_seal(&call, value);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 12; i++) {
            struct field_call call = under(FIELD, name, keys[i]);

            (void)snprintf(name, sizeof(name), "t%d", i);
            field_opens(&call, fields[i], value);
            call.tenant = "t";
            field_refused(&call, fields[i], ENV_R_TENANT_KEY_CLOSED);
        }
    }
    for (int i = 0; i < 12; i++) {
        bytes_free(&keys[i]);
        bytes_free(&fields[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: tenant keys");
    TCase *tcase = tcase_create("tenant keys");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_tenant_key_seals_and_opens_with_both_ciphers);
    tcase_add_test(tcase, it_opens_for_no_other_tenant_and_under_no_other_key);
    tcase_add_test(tcase, a_tenant_key_is_of_use_only_with_all_that_belongs_to_it);
    tcase_add_test(tcase, a_tenant_key_is_not_given_out);
    tcase_add_test(tcase, only_what_is_a_tenant_key_is_sealed_as_one);
    tcase_add_test(tcase, tenant_keys_follow_the_versions_above);
    tcase_add_test(tcase, more_tenants_than_the_cache_has_places_for);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
