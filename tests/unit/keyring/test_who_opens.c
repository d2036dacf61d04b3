/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys of a token open. Anybody can seal to an RSA key whose certificate they have, such as a
 * web server's, so one opens only if the configuration names it.
 */
#include <check.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/message/dek.h"
#include "keymgmt/wrap/public_file.h"
#include "keyring_case.h"

#define WEB "0304" /* the id of the web server's key */
#define CERTIFICATE "file:" TEST_CERTIFICATES "/kek-3072-cert.pem"

static const struct env_rsa_source source = {NULL, NULL};
static struct env_crypto *crypto;
static struct env_dek_context context;

/* A token with the AES KEK "orders", id 0102, and a web server's key. */
static void setup(void)
{
    keyring_setup_orders();
    softhsm_make_rsa(&(struct softhsm_rsa){.label = "web", .id = WEB, .file = "kek-3072.pem"});
    keyring_set(&keyring_config()->kek, "orders");
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
}

static void teardown(void)
{
    keyring_teardown();
    env_crypto_free(crypto);
}

static void begin(void)
{
    if (keyring != NULL)
        keyring_free(keyring);
    keyring = keyring_new();
    context =
        (struct env_dek_context){.crypto = crypto, .keyring = keyring, .errors = raised_errors()};
    raised_forget();
}

/* ---- messages from somebody who only has the certificate ---- */

static struct env_public_file certificate(void)
{
    struct env_error_detail detail;
    struct env_public_file file;

    ck_assert(env_ok(env_public_file_read(&source, &CERTIFICATE[5], &file, &detail)));
    return file;
}

static struct env_span modulus_of(const struct env_public_file *file)
{
    return (struct env_span){file->numbers.modulus, file->numbers.modulus_len};
}

static struct env_span exponent_of(const struct env_public_file *file)
{
    return (struct env_span){file->numbers.exponent, file->numbers.exponent_len};
}

static struct env_kek_id reference_of_certificate(void)
{
    const struct env_public_file file = certificate();
    struct env_kek_id id;

    ck_assert(env_rsa_reference(&source, modulus_of(&file), exponent_of(&file), &id));
    return id;
}

struct forged {
    uint8_t *der;
    size_t len;
};

/* A sealed key for the certificate's key, under that name: hex, or NULL for its reference. */
static struct forged forge(const char *id)
{
    static const uint8_t dek[ENV_DEK_LEN] = {7};
    const struct env_public_file file = certificate();
    struct env_header *header = env_header_new(1);
    struct env_rsa_public *key = NULL;
    struct env_error_detail detail;
    struct forged out = {0};

    header->content = ENV_CONTENT_SEALED_KEY;
    header->count = 1;
    header->recipients[0].id = id != NULL ? id_from_hex(id) : reference_of_certificate();
    ck_assert(env_ok(env_rsa_public_new(&source, modulus_of(&file), exponent_of(&file), "forged",
                                        &key, &detail)));
    ck_assert(env_ok(env_rsa_public_wrap(key, ENV_WRAP_RSA_OAEP_SHA1, dek, "forged",
                                         &header->recipients[0].wrapped, &detail)));
    ck_assert(env_ok(env_header_encode(crypto, header, dek, &out.der, &out.len)));
    env_rsa_public_free(key);
    OPENSSL_free(header);
    return out;
}

static enum env_reason open_reason(const struct forged *forged)
{
    uint8_t dek[ENV_DEK_LEN] = {0};
    ENV_RESULT r = env_dek_open(&context, (struct env_span){forged->der, forged->len},
                                ENV_CONTENT_SEALED_KEY, dek);

    ck_assert(env_ok(r) ? dek[0] == 7 : dek[0] == 0);
    return r.reason;
}

/* By its CKA_ID and by its public half alike. */
static void assert_web_key(enum env_reason reason)
{
    static const char *const ids[] = {NULL, WEB};

    begin();
    for (size_t i = 0; i < 2; i++) {
        struct forged forged = forge(ids[i]);

        ck_assert_int_eq(open_reason(&forged), reason);
        if (reason != ENV_R_NONE)
            ck_assert_int_eq(raised_reason(), reason);
        OPENSSL_free(forged.der);
    }
}

START_TEST(a_key_that_nobody_named_opens_nothing)
{
    struct forged forged;
    char hex[2 * ENV_KEK_ID_MAX + 1] = "";
    struct env_kek_id id = reference_of_certificate();

    assert_web_key(ENV_R_KEK_NOT_NAMED);
    for (size_t i = 0; i < id.len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
    forged = forge(NULL);
    for (int again = 0; again < 3; again++) {
        raised_forget();
        shim_forget_counts();
        ck_assert_int_eq(open_reason(&forged), ENV_R_KEK_NOT_NAMED);
        ck_assert_ptr_nonnull(strstr(raised_text(), hex)); /* as the message has it */
        ck_assert_ptr_nonnull(strstr(raised_text(), "key 'web' (id 0304) of token 'kek'"));
        ck_assert_uint_eq(shim_count(SHIM_DECRYPT_INIT), 0);
        ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), 0);
    }
    /* by then it is known where it is; it is read again, so that a cure is seen */
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 0);
    ck_assert_uint_le(shim_count(SHIM_GET_ATTRIBUTE_VALUE), 25);
    OPENSSL_free(forged.der);
}
END_TEST

/* Each way to name it, and what does not. */
START_TEST(whoever_is_named_opens)
{
    static const struct {
        size_t key; /* of the configuration */
        const char *value;
        enum env_reason reason;
    } cases[] = {
#define AT(field) offsetof(struct env_config, field)
        {AT(kek), "web", ENV_R_NONE},
        {AT(kek), "orders web", ENV_R_NONE},
        {AT(kek), "pkcs11:object=web", ENV_R_NONE},
        {AT(kek), "pkcs11:object=web;type=private", ENV_R_NONE},
        {AT(kek), "pkcs11:id=%03%04", ENV_R_NONE},
        {AT(kek), "pkcs11:token=kek;type=private", ENV_R_NONE},
        {AT(kek), "pkcs11:token=another;object=web", ENV_R_KEK_NOT_NAMED},
        {AT(kek), "pkcs11:object=web;type=secret-key", ENV_R_KEK_NOT_NAMED},
        {AT(kek), "pkcs11:token=kek", ENV_R_KEK_NOT_NAMED}, /* the AES KEK has it */
        {AT(kek), "0304", ENV_R_KEK_NOT_NAMED},             /* kek has labels, no ids */
        {AT(kek), CERTIFICATE, ENV_R_NONE},
        {AT(kek), "orders " CERTIFICATE "?id=0a", ENV_R_NONE},
        {AT(kek), "file:/nonexistent", ENV_R_KEK_NOT_NAMED},
        {AT(open_only_kek), "web", ENV_R_NONE},
        {AT(open_only_kek), "old we%62", ENV_R_NONE},
        {AT(open_only_kek), "0304", ENV_R_NONE},
        {AT(open_only_kek), "03:04", ENV_R_NONE},
        {AT(open_only_kek), "pkcs11:object=web", ENV_R_NONE},
        {AT(open_only_kek), CERTIFICATE, ENV_R_NONE},
        {AT(open_only_kek), "we", ENV_R_KEK_NOT_NAMED},
        {AT(open_only_kek), "orders", ENV_R_KEK_NOT_NAMED},
        {AT(open_kek), "web", ENV_R_NONE},
        {AT(open_kek), "orders 0304", ENV_R_NONE},
        {AT(open_kek), "orders " CERTIFICATE, ENV_R_NONE},
        {AT(open_kek), "orders", ENV_R_KEK_NOT_ALLOWED},
        {AT(opens_too), "web", ENV_R_NONE},
        {AT(opens_too), CERTIFICATE, ENV_R_NONE},
        {AT(opens_too), "web orders", ENV_R_KEK_NOT_NAMED}, /* one label */
#undef AT
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char **key = (char **)(void *)((char *)keyring_config() + cases[i].key);
        char *before = *key != NULL ? OPENSSL_strdup(*key) : NULL;

        keyring_set(key, cases[i].value);
        assert_web_key(cases[i].reason);
        keyring_set(key, before);
        OPENSSL_free(before);
    }
}
END_TEST

/* Also the reference of its public half is an id. */
START_TEST(a_reference_in_hexadecimal_names_it)
{
    struct env_kek_id id = reference_of_certificate();
    char hex[2 * ENV_KEK_ID_MAX + 1] = "";

    for (size_t i = 0; i < id.len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
    keyring_set(&keyring_config()->open_only_kek, hex);
    assert_web_key(ENV_R_NONE);
}
END_TEST

/* An AES KEK's label or id names that one, for sealing and for opening. */
START_TEST(a_name_that_an_aes_kek_has_names_that_one)
{
    struct env_kek *kek;
    struct env_kek_info info;

    softhsm_make_key(&(struct softhsm_key){.label = "web", .id = "0506"});
    keyring_set(&keyring_config()->kek, "web");
    assert_web_key(ENV_R_KEK_NOT_NAMED);
    kek = keyring_select_one(keyring, NULL);
    kek->vtable->describe(kek, &info);
    ck_assert_int_eq(info.type, ENV_KEK_AES);
    env_kek_free(kek);
    keyring_set(&keyring_config()->open_only_kek, "pkcs11:object=web;type=private");
    assert_web_key(ENV_R_NONE);
    keyring_set(&keyring_config()->open_only_kek, NULL);
    softhsm_make_key(&(struct softhsm_key){.label = "other", .id = WEB});
    keyring_set(&keyring_config()->kek, "orders");
    keyring_set(&keyring_config()->open_kek, "orders " WEB);
    assert_web_key(ENV_R_KEK_NOT_NAMED);
}
END_TEST

/* ... wherever it is, as soon as it is absent, and whether it is found first or last. */
START_TEST(an_aes_kek_on_another_token_has_the_name_too)
{
    struct forged forged;
    struct env_kek *kek;
    struct env_kek_info info;

    softhsm_add_token("second");
    softhsm_make_key(&(struct softhsm_key){.token = "second", .label = "web", .id = "0506"});
    keyring_set(&keyring_config()->token, NULL);
    keyring_set(&keyring_config()->kek, "web");
    assert_web_key(ENV_R_KEK_NOT_NAMED);
    kek = keyring_select_one(keyring, NULL);
    kek->vtable->describe(kek, &info);
    ck_assert_int_eq(info.type, ENV_KEK_AES);
    env_kek_free(kek);
    keyring_set(&keyring_config()->kek, "pkcs11:token=kek;object=web");
    assert_web_key(ENV_R_NONE);
    keyring_set(&keyring_config()->kek, "web");
    begin();
    forged = forge(NULL);
    ck_assert_int_eq(open_reason(&forged), ENV_R_KEK_NOT_NAMED);
    softhsm_delete_key("second", "web");
    ck_assert_int_eq(open_reason(&forged), ENV_R_NONE);
    OPENSSL_free(forged.der);
}
END_TEST

/* ---- open-only-kek ---- */

/* It adds, and what it names seals no more; open-kek beside it restricts as ever. */
START_TEST(open_only_adds_and_never_seals)
{
    struct env_kek *kek;
    struct env_wrapped wrapped;
    const uint8_t dek[ENV_DEK_LEN] = {1};

    softhsm_make_key(&(struct softhsm_key){.label = "old", .id = "0708"});
    begin();
    kek = keyring_select_one(keyring, "old");
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    env_kek_free(kek);
    /* alone it restricts nothing */
    keyring_set(&keyring_config()->open_only_kek, "old");
    begin();
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    env_kek_free(kek);
    kek = keyring_lookup_one(keyring, "0708", wrapped.alg);
    ck_assert_int_eq(kek->vtable->wrap(kek, dek, &wrapped).reason, ENV_R_KEK_OPENS_ONLY);
    ck_assert_ptr_nonnull(strstr(raised_text(), "key 'old' (id 0708) of token 'kek'"));
    env_kek_free(kek);
    /* beside open-kek it adds to that */
    keyring_set(&keyring_config()->open_kek, "orders");
    begin();
    env_kek_free(keyring_lookup_one(keyring, "0708", ENV_WRAP_AES256_KW));
    keyring_set(&keyring_config()->open_only_kek, NULL);
    begin();
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0708", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_ALLOWED);
    /* one run's --from too, and that one may seal */
    keyring_set(&keyring_config()->opens_too, "old");
    begin();
    kek = keyring_lookup_one(keyring, "0708", ENV_WRAP_AES256_KW);
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_file_that_opens_only_does_not_seal)
{
    keyring_set(&keyring_config()->open_only_kek, CERTIFICATE);
    begin();
    ck_assert_int_eq(keyring_select_reason(keyring, CERTIFICATE), ENV_R_KEK_OPENS_ONLY);
    /* nor does its other half in the token, which is not tried either */
    ck_assert_int_eq(keyring_select_reason(keyring, "web"), ENV_R_KEK_OPENS_ONLY);
}
END_TEST

START_TEST(bad_words_are_named_with_their_key)
{
    static const struct {
        const char *value;
        enum env_reason reason;
        const char *says;
    } cases[] = {
        {"a%2", ENV_R_CONFIG_VALUE, "open-only-kek: a %"},
        {"pkcs11:nonsense=1", ENV_R_CONFIG_BAD_URI, "open-only-kek: "},
        {"pkcs11:object=a;type=public", ENV_R_CONFIG_BAD_URI, "open-only-kek: "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        keyring_set(&keyring_config()->open_only_kek, cases[i].value);
        begin();
        ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW),
                         cases[i].reason);
        ck_assert_ptr_nonnull(strstr(raised_text(), cases[i].says));
    }
}
END_TEST

/* ---- one key, one recipient ---- */

static size_t selected(const char *kek)
{
    const struct env_selector configured = {0};
    struct env_kek_list list = {0};
    size_t count;

    keyring_set(&keyring_config()->kek, kek);
    begin();
    if (!env_ok(keyring->vtable->select(keyring, &configured, &list)))
        return 0;
    count = list.count;
    env_kek_list_clear(&list);
    return count;
}

START_TEST(a_kek_that_is_named_twice_is_one_recipient)
{
    ck_assert_uint_eq(selected("orders orders pkcs11:object=orders pkcs11:id=%01%02"), 1);
    /* the public half and the key on the token, under one reference */
    ck_assert_uint_eq(selected("web " CERTIFICATE "?id=" WEB), 1);
    ck_assert_uint_eq(selected(CERTIFICATE "?id=" WEB " web"), 1);
    ck_assert_uint_eq(selected(CERTIFICATE "?id=0a " CERTIFICATE "?id=0a"), 1);
    ck_assert_uint_eq(selected("orders " CERTIFICATE "?id=0102"), 2); /* an AES and an RSA KEK */
    /* another key under the same reference could not be distinguished from it */
    softhsm_make_rsa(
        &(struct softhsm_rsa){.label = "other", .id = "0a0b", .file = "other-3072.pem"});
    ck_assert_uint_eq(selected("other " CERTIFICATE "?id=0a0b"), 0);
    ck_assert_int_eq(raised_reason(), ENV_R_KEK_DIFFERS);
    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "0102", .bits = 128});
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    ck_assert_uint_eq(selected("orders short"), 0);
    ck_assert_int_eq(raised_reason(), ENV_R_KEK_DIFFERS);
}
END_TEST

/* ---- what a header can make the token do ---- */

#define KEYS 101u /* beside the web server's */

/* 32 random references of 20 bytes, as an RSA key has one. */
static struct forged random_recipients(void)
{
    static const uint8_t dek[ENV_DEK_LEN] = {7};
    struct env_header *header = env_header_new(ENV_KEK_RECIPIENTS_MAX);
    struct forged out = {0};

    header->content = ENV_CONTENT_SEALED_KEY;
    header->count = ENV_KEK_RECIPIENTS_MAX;
    for (size_t i = 0; i < header->count; i++) {
        struct env_recipient *recipient = &header->recipients[i];

        memset(recipient, 0, sizeof(*recipient));
        recipient->id.len = 20;
        ck_assert_int_eq(RAND_bytes(recipient->id.bytes, 20), 1);
        recipient->wrapped.alg = ENV_WRAP_RSA_OAEP_SHA1;
        recipient->wrapped.len = 384;
    }
    ck_assert(env_ok(env_header_encode(crypto, header, dek, &out.der, &out.len)));
    OPENSSL_free(header);
    return out;
}

/* Every RSA key was read whole for each: 60,588 calls. */
START_TEST(random_references_have_each_key_looked_at_once)
{
    struct forged forged = random_recipients();
    unsigned first;

    softhsm_make_rsa(&(struct softhsm_rsa){
        .label = "server", .id = "1020", .file = "other-3072.pem", .more = KEYS - 1});
    begin();
    env_kek_free(keyring_select_one(keyring, NULL)); /* it is logged in */
    shim_forget_counts();
    ck_assert_int_eq(open_reason(&forged), ENV_R_KEK_NOT_HERE);
    first = shim_count(SHIM_GET_ATTRIBUTE_VALUE);
    ck_assert_uint_gt(first, KEYS); /* they were looked at */
    ck_assert_uint_le(first, 3 * (KEYS + 1));
    ck_assert_uint_le(shim_count(SHIM_FIND_OBJECTS_INIT), 2 + 4); /* four more by their ids */
    /* the next messages: from memory */
    shim_forget_counts();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(open_reason(&forged), ENV_R_KEK_NOT_HERE);
    ck_assert_uint_eq(shim_total(), 0);
    OPENSSL_free(forged.der);
}
END_TEST

/* What is known, and AES KEKs, come first: the usual message asks for no RSA key at all. */
START_TEST(a_kek_that_is_known_is_tried_first)
{
    static const uint8_t dek[ENV_DEK_LEN] = {7};
    struct env_header *header = env_header_new(2);
    struct forged forged = {0};
    struct env_kek *kek;

    begin();
    header->content = ENV_CONTENT_SEALED_KEY;
    header->count = 2;
    memset(header->recipients, 0, 2 * sizeof(header->recipients[0]));
    kek = keyring_select_one(keyring, NULL);
    header->recipients[1].id = *kek->vtable->id(kek);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &header->recipients[1].wrapped)));
    env_kek_free(kek);
    header->recipients[0].id = id_from_hex("0102030405060708090a0b0c0d0e0f1011121314");
    header->recipients[0].wrapped.alg = ENV_WRAP_RSA_OAEP_SHA1;
    header->recipients[0].wrapped.len = 384;
    ck_assert(env_ok(env_header_encode(crypto, header, dek, &forged.der, &forged.len)));
    for (int again = 0; again < 2; again++) {
        shim_forget_counts();
        ck_assert_int_eq(open_reason(&forged), ENV_R_NONE);
        ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), again == 0 ? 1 : 0);
        ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY) + shim_count(SHIM_DECRYPT), 1);
    }
    OPENSSL_free(forged.der);
    OPENSSL_free(header);
}
END_TEST

/* A key that comes while the index is young is found by its id when that one has aged, and at once
 * when it was made here. */
START_TEST(a_key_made_here_is_found_at_once)
{
    const struct env_kek_request request = {.type = ENV_KEK_RSA, .bits = 3072, .label = "new"};
    struct forged forged = random_recipients();
    struct env_kek *kek = NULL;
    struct env_kek *found = NULL;

    keyring_set(&keyring_config()->open_only_kek, "new");
    begin();
    ck_assert_int_eq(open_reason(&forged), ENV_R_KEK_NOT_HERE);
    ck_assert(env_ok(keyring->vtable->generate(keyring, &request, &kek)));
    ck_assert(env_ok(keyring->vtable->lookup(keyring, kek->vtable->id(kek), ENV_WRAP_RSA_OAEP_SHA1,
                                             &found, NULL)));
    env_kek_free(found);
    env_kek_free(kek);
    OPENSSL_free(forged.der);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyring: who opens");
    TCase *tcase = tcase_create("all");

    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_key_that_nobody_named_opens_nothing);
    tcase_add_test(tcase, whoever_is_named_opens);
    tcase_add_test(tcase, a_reference_in_hexadecimal_names_it);
    tcase_add_test(tcase, a_name_that_an_aes_kek_has_names_that_one);
    tcase_add_test(tcase, an_aes_kek_on_another_token_has_the_name_too);
    tcase_add_test(tcase, open_only_adds_and_never_seals);
    tcase_add_test(tcase, a_file_that_opens_only_does_not_seal);
    tcase_add_test(tcase, bad_words_are_named_with_their_key);
    tcase_add_test(tcase, a_kek_that_is_named_twice_is_one_recipient);
    tcase_add_test(tcase, random_references_have_each_key_looked_at_once);
    tcase_add_test(tcase, a_kek_that_is_known_is_tried_first);
    tcase_add_test(tcase, a_key_made_here_is_found_at_once);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
