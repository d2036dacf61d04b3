/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that name unknown KEKs, and ciphertexts that fit no key: the cost for a token.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/message/dek.h"
#include "keyring_case.h"
#include "stopped_clock.h"

#define ORDERS "0102"
#define RSA "0304"

static struct env_crypto *crypto;
static struct env_dek_context context;

static void begin(void)
{
    if (keyring != NULL)
        keyring_free(keyring);
    keyring = keyring_new();
    context =
        (struct env_dek_context){.crypto = crypto, .keyring = keyring, .errors = raised_errors()};
    raised_forget();
}

/* A token with the AES KEK "orders" and the RSA KEK "rsa". */
static void setup(void)
{
    keyring_setup_orders();
    softhsm_make_rsa(&(struct softhsm_rsa){.label = "rsa", .id = RSA, .file = "kek-3072.pem"});
    keyring_set(&keyring_config()->kek, "orders rsa");
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
    begin();
}

static void teardown(void)
{
    keyring_teardown();
    env_crypto_free(crypto);
}

/* ---- references of AES KEKs ---- */

/* 32 recipients for AES KEKs that are not here, or 31 and, last, one that is. */
static void forge(bool with_ours, uint8_t **der, size_t *len)
{
    static const uint8_t dek[ENV_DEK_LEN] = {7};
    struct env_header *header = env_header_new(ENV_KEK_RECIPIENTS_MAX);

    header->content = ENV_CONTENT_SEALED_KEY;
    header->count = ENV_KEK_RECIPIENTS_MAX;
    for (size_t i = 0; i < header->count; i++) {
        struct env_recipient *recipient = &header->recipients[i];

        memset(recipient, 0, sizeof(*recipient));
        recipient->id.len = 16;
        recipient->id.bytes[0] = (uint8_t)(0x80 + i);
        recipient->wrapped.alg = ENV_WRAP_AES256_KW;
        recipient->wrapped.len = 40;
    }
    if (with_ours) {
        struct env_recipient *last = &header->recipients[header->count - 1];
        struct env_kek *kek = keyring_select_one(keyring, "orders");

        last->id = *kek->vtable->id(kek);
        ck_assert(env_ok(kek->vtable->wrap(kek, dek, &last->wrapped)));
        env_kek_free(kek);
    }
    ck_assert(env_ok(env_header_encode(crypto, header, dek, der, len)));
    OPENSSL_free(header);
}

static enum env_reason open_reason(const uint8_t *der, size_t len)
{
    uint8_t dek[ENV_DEK_LEN] = {0};
    ENV_RESULT r = env_dek_open(&context, (struct env_span){der, len}, ENV_CONTENT_SEALED_KEY, dek);

    ck_assert(env_ok(r) ? dek[0] == 7 : dek[0] == 0);
    return r.reason;
}

static void log_in(void)
{
    env_kek_free(keyring_select_one(keyring, "orders"));
    shim_forget_counts();
}

START_TEST(many_unknown_aes_references_cost_a_few_searches)
{
    uint8_t *der = NULL;
    size_t len = 0;

    forge(false, &der, &len);
    begin();
    log_in();
    ck_assert_int_eq(open_reason(der, len), ENV_R_KEK_NOT_HERE);
    ck_assert_uint_ge(shim_count(SHIM_FIND_OBJECTS_INIT), 1);
    ck_assert_uint_le(shim_count(SHIM_FIND_OBJECTS_INIT), 4 + 1); /* the ids, and all keys */
    ck_assert_uint_le(shim_count(SHIM_GET_ATTRIBUTE_VALUE), 2);
    /* the next messages: from memory */
    shim_forget_counts();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(open_reason(der, len), ENV_R_KEK_NOT_HERE);
    ck_assert_uint_eq(shim_total(), 0);
    OPENSSL_free(der);
}
END_TEST

START_TEST(the_one_that_is_here_is_found_among_them)
{
    uint8_t *der = NULL;
    uint8_t *unknown = NULL;
    size_t len = 0;
    size_t unknown_len = 0;

    forge(true, &der, &len);
    forge(false, &unknown, &unknown_len);
    begin();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(open_reason(der, len), ENV_R_NONE);
        ck_assert_int_eq(open_reason(unknown, unknown_len), ENV_R_KEK_NOT_HERE);
    }
    OPENSSL_free(der);
    OPENSSL_free(unknown);
}
END_TEST

/* Somebody else makes a key with an id that was asked for in vain. */
START_TEST(a_key_that_comes_is_found_after_a_while)
{
    struct env_kek *kek = NULL;
    struct env_kek_id id = id_from_hex("80000000000000000000000000000000");
    uint8_t *der = NULL;
    size_t len = 0;

    forge(false, &der, &len);
    ck_assert_int_eq(open_reason(der, len), ENV_R_KEK_NOT_HERE);
    softhsm_make_key(
        &(struct softhsm_key){.label = "new", .id = "80000000000000000000000000000000"});
    clock_move(6000);
    ck_assert(env_ok(keyring->vtable->lookup(keyring, &id, ENV_WRAP_AES256_KW, &kek, NULL)));
    env_kek_free(kek);
    OPENSSL_free(der);
}
END_TEST

/* The fresh list of ids does not have it, but a key that this process made is found anyway. */
START_TEST(a_key_that_is_made_here_is_found_at_once)
{
    const struct env_kek_request request = {.type = ENV_KEK_AES,
                                            .bits = 256,
                                            .label = "new",
                                            .id = id_from_hex("80000000000000000000000000000000")};
    struct env_kek *kek = NULL;
    struct env_kek *found = NULL;
    uint8_t *der = NULL;
    size_t len = 0;

    forge(false, &der, &len);
    ck_assert_int_eq(open_reason(der, len), ENV_R_KEK_NOT_HERE);
    ck_assert(env_ok(keyring->vtable->generate(keyring, &request, &kek)));
    env_kek_free(kek);
    ck_assert(
        env_ok(keyring->vtable->lookup(keyring, &request.id, ENV_WRAP_AES256_KW, &found, NULL)));
    env_kek_free(found);
    OPENSSL_free(der);
}
END_TEST

/* ---- ciphertexts that do not fit ---- */

static struct env_kek *look_up_rsa(void)
{
    const struct env_kek_id id = id_from_hex(RSA);
    struct env_kek *kek = NULL;

    ck_assert(env_ok(keyring->vtable->lookup(keyring, &id, ENV_WRAP_RSA_OAEP_SHA1, &kek, NULL)));
    return kek;
}

static enum env_reason unwrap_reason(const struct env_wrapped *wrapped)
{
    uint8_t dek[ENV_DEK_LEN];
    struct env_kek *kek = look_up_rsa();
    ENV_RESULT r = kek->vtable->unwrap(kek, wrapped, NULL, dek);

    env_kek_free(kek);
    return r.reason;
}

static struct env_wrapped wrap_for_rsa(void)
{
    static const uint8_t dek[ENV_DEK_LEN] = {7};
    struct env_kek *kek = keyring_select_one(keyring, "rsa");
    struct env_wrapped wrapped;

    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    env_kek_free(kek);
    return wrapped;
}

/* It failed until the process ended. */
START_TEST(a_modulus_that_the_token_lied_about_is_read_again)
{
    struct env_wrapped wrapped = wrap_for_rsa();

    begin();
    shim_forget_counts();
    shim_lengthen_next(CKA_MODULUS, 8);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NOT_AUTHENTIC);
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT), 0);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
}
END_TEST

/* Otherwise each such ciphertext would cause a new search for the key. */
START_TEST(ciphertexts_that_do_not_fit_ask_the_token_a_few_times)
{
    struct env_wrapped wrapped = wrap_for_rsa();
    struct env_wrapped other = {.alg = ENV_WRAP_RSA_OAEP_SHA1, .len = 256};

    begin();
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
    shim_forget_counts();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(unwrap_reason(&other), ENV_R_NOT_AUTHENTIC);
    /* it is looked for, and whether an AES KEK has its name */
    ck_assert_uint_le(shim_count(SHIM_FIND_OBJECTS_INIT), 4 * 2);
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT_INIT), 0);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyring: unknown references");
    TCase *tcase = tcase_create("all");

    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, many_unknown_aes_references_cost_a_few_searches);
    tcase_add_test(tcase, the_one_that_is_here_is_found_among_them);
    tcase_add_test(tcase, a_key_that_comes_is_found_after_a_while);
    tcase_add_test(tcase, a_key_that_is_made_here_is_found_at_once);
    tcase_add_test(tcase, a_modulus_that_the_token_lied_about_is_read_again);
    tcase_add_test(tcase, ciphertexts_that_do_not_fit_ask_the_token_a_few_times);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
