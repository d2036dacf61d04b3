/* SPDX-License-Identifier: Apache-2.0 */
/* RSA KEKs on SoftHSM tokens and from files, at the keyring: who is asked what, and what is left.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/wrap/rsa_public.h"
#include "ring_case.h"

static ENV_RESULT generate(const char *label, const char *id, struct env_kek **out)
{
    struct env_kek_request request = {.type = ENV_KEK_RSA, .bits = 3072, .label = label};

    if (id != NULL)
        request.id = id_from_hex(id);
    return ring->vtable->generate(ring, &request, out);
}

static struct env_kek *make(const char *label, const char *id)
{
    struct env_kek *kek = NULL;
    ENV_RESULT r = generate(label, id, &kek);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    return kek;
}

static void wrap(struct env_kek *kek, struct env_wrapped *out)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    ENV_RESULT r = kek->vtable->wrap(kek, dek, out);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
}

static enum env_reason unwrap_reason(struct env_kek *kek, const struct env_wrapped *wrapped)
{
    uint8_t dek[ENV_DEK_LEN] = {0xA5};
    ENV_RESULT r = kek->vtable->unwrap(kek, wrapped, NULL, dek);

    ck_assert(env_ok(r) || dek[0] == 0xA5); /* left as it was */
    return r.reason;
}

static void hex_of(const struct env_kek *kek, char hex[2 * ENV_KEK_ID_MAX + 1])
{
    const struct env_kek_id *id = kek->vtable->id(kek);

    for (size_t i = 0; i < id->len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", id->bytes[i]);
}

/* Objects of a class on the token "kek", as the keyring's module sees them. */
static CK_ULONG objects_of(CK_OBJECT_CLASS class)
{
    CK_FUNCTION_LIST *fn = shim_real();
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
    CK_SLOT_ID slots[8];
    CK_ULONG slot_count = 8;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE objects[8];
    CK_ULONG count = 0;

    ck_assert_int_eq((int)fn->C_GetSlotList(CK_TRUE, slots, &slot_count), CKR_OK);
    ck_assert_int_eq((int)fn->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session),
                     CKR_OK);
    ck_assert_int_eq((int)fn->C_FindObjectsInit(session, &template, 1), CKR_OK);
    ck_assert_int_eq((int)fn->C_FindObjects(session, objects, 8, &count), CKR_OK);
    ck_assert_int_eq((int)fn->C_FindObjectsFinal(session), CKR_OK);
    ck_assert_int_eq((int)fn->C_CloseSession(session), CKR_OK);
    return count;
}

/* Once it is known to work, sealing asks nothing and goes on when the token is gone. */
START_TEST(sealing_asks_no_token)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *again;

    shim_on();
    ring = ring_new();
    env_kek_free(make("rsa", NULL));
    ring_free(ring);
    ring = ring_new();
    shim_forget_counts();
    kek = ring_select_one(ring, "rsa");
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT), 1); /* SHA-256 fails in C_DecryptInit */
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT_INIT), 2);
    ck_assert_uint_eq(shim_count(SHIM_ENCRYPT_INIT), 0);
    ck_assert_uint_eq(shim_count(SHIM_WRAP_KEY), 0);
    shim_forget_counts();
    softhsm_hide_tokens();
    for (int i = 0; i < 5; i++) {
        again = ring_select_one(ring, "rsa");
        ck_assert_ptr_eq(again, kek);
        wrap(again, &wrapped);
        ck_assert_int_eq(wrapped.alg, ENV_WRAP_RSA_OAEP_SHA1);
        ck_assert_uint_eq(wrapped.len, 384);
        env_kek_free(again);
    }
    ck_assert_uint_eq(shim_total(), 0);
    ck_assert_int_ne(unwrap_reason(kek, &wrapped), ENV_R_NONE);
    ck_assert_int_ne(raised_reason(), ENV_R_NOT_AUTHENTIC);
    softhsm_restore_tokens();
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NONE);
    env_kek_free(kek);
}
END_TEST

/* A file's KEK has nothing to do with any token. */
START_TEST(a_file_asks_no_token)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *again;
    char name[1024];

    (void)snprintf(name, sizeof(name), "file:%s/rsa/kek-3072-cert.pem", TEST_VECTORS);
    ring_set(&ring_config()->kek, name);
    ring_set(&ring_config()->module_path, "/nonexistent/module.so");
    ring_set(&ring_config()->pin_source, "file:/nonexistent/pin");
    shim_on();
    ring = ring_new();
    kek = ring_select_one(ring, NULL);
    again = ring_select_one(ring, name);
    ck_assert_ptr_eq(kek, again); /* read once */
    wrap(kek, &wrapped);
    ck_assert_int_eq(wrapped.alg, ENV_WRAP_RSA_OAEP_SHA1);
    ck_assert_uint_eq(wrapped.len, 384);
    ck_assert_uint_eq(kek->vtable->id(kek)->len, 20);
    ck_assert(!kek->vtable->can_unwrap(kek));
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_KEK_USAGE);
    ck_assert_uint_eq(shim_total(), 0);
    env_kek_free(kek);
    env_kek_free(again);
}
END_TEST

/* By its id, and by its public half where it has another. */
START_TEST(lookup)
{
    char reference[2 * ENV_KEK_ID_MAX + 1];
    const struct env_kek_id wanted = id_from_hex("0a0b");
    struct env_kek_id id;
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *found = NULL;
    struct env_kek_facts facts;

    shim_on();
    ring = ring_new();
    kek = make("first", NULL);
    ck_assert_uint_eq(kek->vtable->id(kek)->len, 20);
    hex_of(kek, reference);
    found = ring_lookup_one(ring, reference, ENV_WRAP_RSA_OAEP_SHA1);
    assert_round_trip(kek, found);
    env_kek_free(found);
    ck_assert_int_eq(ring_lookup_reason(ring, reference, ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_HERE);
    env_kek_free(kek);

    /* one whose id was chosen: what its public half alone seals is for it */
    env_kek_free(make("second", "0a0b"));
    kek = ring_select_one(ring, "second");
    ck_assert_uint_eq(kek->vtable->id(kek)->len, wanted.len);
    kek->vtable->describe(kek, &facts);
    ck_assert_uint_eq(facts.bits, 3072);
    ck_assert(env_rsa_reference(&(struct env_rsa_source){NULL, NULL},
                                (struct env_span){facts.modulus, facts.modulus_len},
                                (struct env_span){facts.exponent, facts.exponent_len}, &id));
    ck_assert(env_ok(ring->vtable->lookup(ring, &id, ENV_WRAP_RSA_OAEP_SHA256, &found)));
    ck_assert_ptr_eq(found, kek); /* the same object, however it was found */
    wrap(kek, &wrapped);
    ck_assert_int_eq(unwrap_reason(found, &wrapped), ENV_R_NONE);
    shim_forget_counts();
    env_kek_free(found);
    ck_assert(env_ok(ring->vtable->lookup(ring, &id, ENV_WRAP_RSA_OAEP_SHA256, &found)));
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 0);
    env_kek_free(found);
    id.bytes[0] ^= 1;
    ck_assert_int_eq(ring->vtable->lookup(ring, &id, ENV_WRAP_RSA_OAEP_SHA1, &found).reason,
                     ENV_R_KEK_NOT_HERE);
    env_kek_free(kek);
}
END_TEST

/* Bad ciphertexts, told apart neither from one another nor by a token's code. */
START_TEST(bad_ciphertexts)
{
    struct env_wrapped wrapped;
    struct env_wrapped altered;
    struct env_kek *kek;

    shim_on();
    ring = ring_new();
    kek = make("rsa", NULL);
    wrap(kek, &wrapped);
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NONE);
    raised_forget();
    altered = wrapped;
    altered.data[200] ^= 1;
    ck_assert_int_eq(unwrap_reason(kek, &altered), ENV_R_NOT_AUTHENTIC);
    /* no number below the modulus, or not as long as it: nobody is asked */
    shim_forget_counts();
    altered = wrapped;
    memset(altered.data, 0xFF, altered.len);
    ck_assert_int_eq(unwrap_reason(kek, &altered), ENV_R_NOT_AUTHENTIC);
    altered = wrapped;
    altered.len--;
    ck_assert_int_eq(unwrap_reason(kek, &altered), ENV_R_NOT_AUTHENTIC);
    altered.len += 2;
    ck_assert_int_eq(unwrap_reason(kek, &altered), ENV_R_NOT_AUTHENTIC);
    ck_assert_uint_eq(shim_total(), 0);
    ck_assert_uint_eq(raised_count(), 0);
    /* what the token can not do is no fault of the ciphertext */
    altered = wrapped;
    altered.alg = ENV_WRAP_RSA_OAEP_SHA256;
    ck_assert_int_eq(unwrap_reason(kek, &altered), ENV_R_UNWRAP_FAILED);
    altered.alg = ENV_WRAP_AES256_KW;
    ck_assert_int_eq(unwrap_reason(kek, &altered), ENV_R_KEK_USAGE);
    /* a code that may mean both, from a token that answers everything else */
    shim_fail(SHIM_DECRYPT, CKR_DEVICE_ERROR, 1);
    raised_forget();
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NOT_AUTHENTIC);
    ck_assert_uint_eq(raised_count(), 0);
    /* a lost session is none of it: it is opened anew */
    shim_fail(SHIM_DECRYPT, CKR_SESSION_HANDLE_INVALID, 1);
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NONE);
    env_kek_free(kek);
}
END_TEST

/* Another key of the same label and id is not the KEK: what we seal is for the first. */
START_TEST(another_key_in_its_place)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *other;

    ring = ring_new();
    kek = make("rsa", "0102");
    wrap(kek, &wrapped);
    softhsm_delete_key("kek", "rsa"); /* one half of it */
    softhsm_delete_key("kek", "rsa");
    other = make("rsa", "0102");
    ck_assert_int_eq(unwrap_reason(other, &wrapped), ENV_R_NOT_AUTHENTIC);
    env_kek_free(other);
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_KEK_NOT_FOUND);
    env_kek_free(kek);
}
END_TEST

/* One that does not open what it seals is destroyed again, both halves of it. */
START_TEST(useless_key_pairs_go)
{
    struct env_kek *kek = NULL;

    shim_on();
    ring = ring_new();
    shim_fail(SHIM_DECRYPT, CKR_ENCRYPTED_DATA_INVALID, 1000);
    ck_assert_int_eq(generate("rsa", NULL, &kek).reason, ENV_R_KEK_SELF_TEST);
    ck_assert_ptr_null(kek);
    ck_assert_uint_eq(objects_of(CKO_PRIVATE_KEY), 0);
    ck_assert_uint_eq(objects_of(CKO_PUBLIC_KEY), 0);
    shim_fail(SHIM_DECRYPT, CKR_OK, 0);
    env_kek_free(make("rsa", NULL));
    ck_assert_uint_eq(objects_of(CKO_PRIVATE_KEY), 1);
    ck_assert_uint_eq(objects_of(CKO_PUBLIC_KEY), 1);
}
END_TEST

/* What opens to something else is no KEK. */
START_TEST(other_bytes_come_back)
{
    struct env_kek *kek;

    shim_on();
    ring = ring_new();
    env_kek_free(make("rsa", NULL));
    ring_free(ring);
    ring = ring_new();
    shim_corrupt_next(SHIM_DECRYPT);
    ck_assert_int_eq(ring_select_reason(ring, "rsa"), ENV_R_KEK_SELF_TEST);
    kek = ring_select_one(ring, "rsa"); /* asked again, it works */
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}
END_TEST

/* With neither C_Decrypt nor C_UnwrapKey for OAEP there is no KEK to be made. */
START_TEST(no_way_to_open)
{
    struct env_kek *kek = NULL;

    shim_on();
    ring = ring_new();
    shim_mechanism(CKM_RSA_PKCS_OAEP, 0);
    ck_assert_int_eq(generate("none", NULL, &kek).reason, ENV_R_KEK_USAGE);
    ck_assert_ptr_null(kek);
}
END_TEST

/* A TPM's RSA keys sign and verify, and it will not be told otherwise. */
START_TEST(token_that_decides_what_else_a_pair_does)
{
    static const CK_ATTRIBUTE_TYPE refused[] = {CKA_SIGN, CKA_VERIFY};
    static const char *const labels[] = {"one", "two"};
    struct env_kek *kek;

    shim_on();
    ring = ring_new();
    for (size_t i = 0; i < 2; i++) {
        shim_pair_refuses(refused[i]);
        shim_forget_counts();
        kek = make(labels[i], NULL);
        /* with allowed mechanisms, without, and what is left */
        ck_assert_uint_eq(shim_count(SHIM_GENERATE_KEY_PAIR), 3);
        assert_round_trip(kek, kek);
        env_kek_free(kek);
    }
}
END_TEST

START_TEST(token_that_refuses_what_a_kek_needs)
{
    struct env_kek *kek = NULL;

    shim_on();
    ring = ring_new();
    shim_pair_refuses(CKA_SENSITIVE);
    ck_assert_int_eq(generate("open", NULL, &kek).reason, ENV_R_KEK_NOT_MADE);
    ck_assert_ptr_null(kek);
}
END_TEST

START_TEST(by_unwrapping)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek_facts facts;

    shim_on();
    shim_mechanism(CKM_RSA_PKCS_OAEP, CKF_UNWRAP);
    ring = ring_new();
    kek = make("unwraps", NULL);
    kek->vtable->describe(kek, &facts);
    ck_assert(facts.unwrap && !facts.decrypt);
    ck_assert_str_eq(facts.mechanisms, "RSA-OAEP (C_UnwrapKey)");
    wrap(kek, &wrapped);
    shim_forget_counts();
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), 1);
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT_INIT), 0);
    wrapped.data[100] ^= 1;
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NOT_AUTHENTIC);
    env_kek_free(kek);
}
END_TEST

/* Keys that are RSA in name alone. */
START_TEST(numbers_that_are_no_key)
{
    static const uint8_t exponents[][3] = {{0, 0, 1}, {0, 0, 2}, {1, 0, 0}, {0, 0, 0}};
    const struct env_rsa_source source = {NULL, NULL};
    struct env_rsa_public *key = NULL;
    struct env_fault fault;
    uint8_t modulus[1025];
    uint8_t e[3] = {1, 0, 1};

    memset(modulus, 0xC1, sizeof(modulus));
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++)
        ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 384},
                                            (struct env_span){exponents[i], 3}, "x", &key, &fault)
                             .reason,
                         ENV_R_KEK_KIND);
    ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 255},
                                        (struct env_span){e, 3}, "x", &key, &fault)
                         .reason,
                     ENV_R_KEK_KIND);
    ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 1025},
                                        (struct env_span){e, 3}, "x", &key, &fault)
                         .reason,
                     ENV_R_KEK_KIND);
    modulus[383] = 0xC2;
    ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 384},
                                        (struct env_span){e, 3}, "x", &key, &fault)
                         .reason,
                     ENV_R_KEK_KIND);
    modulus[383] = 0xC1;
    ck_assert(env_ok(env_rsa_public_new(&source, (struct env_span){modulus, 384},
                                        (struct env_span){e, 3}, "x", &key, &fault)));
    ck_assert_uint_eq(env_rsa_public_bits(key), 3072);
    env_rsa_public_free(key);
}
END_TEST

/* The session is lost when the pair has its new id, and nothing can be destroyed in it. */
START_TEST(a_pair_whose_session_is_lost)
{
    unsigned reads;

    shim_on();
    ring = ring_new();
    env_kek_free(make("before", NULL));
    shim_forget_counts();
    env_kek_free(make("as usual", NULL));
    reads = shim_count(SHIM_GET_ATTRIBUTE_VALUE); /* half of them for the id, half after that */
    shim_fail_later(SHIM_GET_ATTRIBUTE_VALUE, reads - 5, CKR_SESSION_HANDLE_INVALID, 1);
    shim_fail(SHIM_DESTROY_OBJECT, CKR_SESSION_HANDLE_INVALID, 2);
    env_kek_free(make("orders", NULL));
    ck_assert_uint_eq(shim_failures_left(SHIM_GET_ATTRIBUTE_VALUE), 0);
    ck_assert_uint_eq(shim_failures_left(SHIM_DESTROY_OBJECT), 0);
    ck_assert_uint_eq(objects_of(CKO_PRIVATE_KEY), 3);
    ck_assert_uint_eq(objects_of(CKO_PUBLIC_KEY), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt RSA");
    TCase *tcase = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, ring_setup, ring_teardown);
    tcase_add_test(tcase, sealing_asks_no_token);
    tcase_add_test(tcase, a_file_asks_no_token);
    tcase_add_test(tcase, lookup);
    tcase_add_test(tcase, bad_ciphertexts);
    tcase_add_test(tcase, another_key_in_its_place);
    tcase_add_test(tcase, useless_key_pairs_go);
    tcase_add_test(tcase, other_bytes_come_back);
    tcase_add_test(tcase, no_way_to_open);
    tcase_add_test(tcase, token_that_decides_what_else_a_pair_does);
    tcase_add_test(tcase, token_that_refuses_what_a_kek_needs);
    tcase_add_test(tcase, by_unwrapping);
    tcase_add_test(tcase, numbers_that_are_no_key);
    tcase_add_test(tcase, a_pair_whose_session_is_lost);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
