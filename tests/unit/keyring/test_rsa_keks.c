/* SPDX-License-Identifier: Apache-2.0 */
/* RSA KEKs on SoftHSM tokens and from files, in the keyring: the calls to each token, and
 * leftovers.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/wrap/rsa_public.h"
#include "keyring_case.h"

/* With names for the KEKs of these tests, which would not open without them. */
static void setup(void)
{
    keyring_setup();
    keyring_set(&keyring_config()->kek, "rsa first second one two unwraps");
}

static ENV_RESULT generate(const char *label, const char *id, struct env_kek **out)
{
    struct env_kek_request request = {.type = ENV_KEK_RSA, .bits = 3072, .label = label};

    if (id != NULL)
        request.id = id_from_hex(id);
    return keyring->vtable->generate(keyring, &request, out);
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

/* Once it is known to work, sealing uses no token and continues without it. */
START_TEST(sealing_asks_no_token)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *again;

    shim_on();
    keyring = keyring_new();
    env_kek_free(make("rsa", NULL));
    keyring_free(keyring);
    keyring = keyring_new();
    shim_forget_counts();
    kek = keyring_select_one(keyring, "rsa");
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT), 2);      /* a value, and an altered copy of it */
    ck_assert_uint_eq(shim_count(SHIM_DECRYPT_INIT), 3); /* SHA-256 fails there */
    ck_assert_uint_eq(shim_count(SHIM_ENCRYPT_INIT), 0);
    ck_assert_uint_eq(shim_count(SHIM_WRAP_KEY), 0);
    shim_forget_counts();
    softhsm_hide_tokens();
    for (int i = 0; i < 5; i++) {
        again = keyring_select_one(keyring, "rsa");
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

    (void)snprintf(name, sizeof(name), "file:%s/kek-3072-cert.pem", TEST_CERTIFICATES);
    keyring_set(&keyring_config()->kek, name);
    keyring_set(&keyring_config()->module_path, "/nonexistent/module.so");
    keyring_set(&keyring_config()->pin_source, "file:/nonexistent/pin");
    shim_on();
    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL);
    again = keyring_select_one(keyring, name);
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
START_TEST(an_rsa_key_is_found_by_id_or_public_half)
{
    char reference[2 * ENV_KEK_ID_MAX + 1];
    const struct env_kek_id wanted = id_from_hex("0a0b");
    struct env_kek_id id;
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *found = NULL;
    struct env_kek_info info;

    shim_on();
    keyring = keyring_new();
    kek = make("first", NULL);
    ck_assert_uint_eq(kek->vtable->id(kek)->len, 20);
    hex_of(kek, reference);
    found = keyring_lookup_one(keyring, reference, ENV_WRAP_RSA_OAEP_SHA1);
    assert_round_trip(kek, found);
    env_kek_free(found);
    ck_assert_int_eq(keyring_lookup_reason(keyring, reference, ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_HERE);
    env_kek_free(kek);

    /* one whose id was chosen: what its public half alone seals is for it */
    env_kek_free(make("second", "0a0b"));
    kek = keyring_select_one(keyring, "second");
    ck_assert_uint_eq(kek->vtable->id(kek)->len, wanted.len);
    kek->vtable->describe(kek, &info);
    ck_assert_uint_eq(info.bits, 3072);
    ck_assert(env_rsa_reference(&(struct env_rsa_source){NULL, NULL},
                                (struct env_span){info.modulus, info.modulus_len},
                                (struct env_span){info.exponent, info.exponent_len}, &id));
    ck_assert(
        env_ok(keyring->vtable->lookup(keyring, &id, ENV_WRAP_RSA_OAEP_SHA256, &found, NULL)));
    ck_assert_ptr_eq(found, kek); /* the same object, however it was found */
    wrap(kek, &wrapped);
    ck_assert_int_eq(unwrap_reason(found, &wrapped), ENV_R_NONE);
    shim_forget_counts();
    env_kek_free(found);
    ck_assert(
        env_ok(keyring->vtable->lookup(keyring, &id, ENV_WRAP_RSA_OAEP_SHA256, &found, NULL)));
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 0);
    env_kek_free(found);
    id.bytes[0] ^= 1;
    ck_assert_int_eq(
        keyring->vtable->lookup(keyring, &id, ENV_WRAP_RSA_OAEP_SHA1, &found, NULL).reason,
        ENV_R_KEK_NOT_HERE);
    env_kek_free(kek);
}
END_TEST

/* Bad ciphertexts look the same, and a token's return value does not distinguish them. */
START_TEST(bad_ciphertexts_all_look_alike)
{
    struct env_wrapped wrapped;
    struct env_wrapped altered;
    struct env_kek *kek;

    shim_on();
    keyring = keyring_new();
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
    /* what the token cannot do is no detail of the ciphertext */
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
    /* a lost session is not such an error: it is opened again */
    shim_fail(SHIM_DECRYPT, CKR_SESSION_HANDLE_INVALID, 1);
    ck_assert_int_eq(unwrap_reason(kek, &wrapped), ENV_R_NONE);
    env_kek_free(kek);
}
END_TEST

/* Another key of the same label and id is not the KEK: what we seal is for the first. */
START_TEST(another_key_in_its_place_is_not_the_kek)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek *other;

    keyring = keyring_new();
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
START_TEST(a_useless_new_key_pair_is_destroyed)
{
    struct env_kek *kek = NULL;

    shim_on();
    keyring = keyring_new();
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
START_TEST(a_key_that_opens_to_other_bytes_is_refused)
{
    struct env_kek *kek;

    shim_on();
    keyring = keyring_new();
    env_kek_free(make("rsa", NULL));
    keyring_free(keyring);
    keyring = keyring_new();
    shim_corrupt_next(SHIM_DECRYPT);
    ck_assert_int_eq(keyring_select_reason(keyring, "rsa"), ENV_R_KEK_SELF_TEST);
    kek = keyring_select_one(keyring, "rsa"); /* asked again, it works */
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}
END_TEST

/* With neither C_Decrypt nor C_UnwrapKey for OAEP there is no KEK to be made. */
START_TEST(without_oaep_no_key_pair_is_made)
{
    struct env_kek *kek = NULL;

    shim_on();
    keyring = keyring_new();
    shim_mechanism(CKM_RSA_PKCS_OAEP, 0);
    ck_assert_int_eq(generate("none", NULL, &kek).reason, ENV_R_KEK_USAGE);
    ck_assert_ptr_null(kek);
}
END_TEST

/* A TPM's RSA keys also sign and verify, and it refuses any other value. */
START_TEST(a_token_may_set_other_uses_of_a_pair)
{
    static const CK_ATTRIBUTE_TYPE refused[] = {CKA_SIGN, CKA_VERIFY};
    static const char *const labels[] = {"one", "two"};
    struct env_kek *kek;

    shim_on();
    keyring = keyring_new();
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

START_TEST(a_token_that_refuses_sensitive_makes_no_pair)
{
    struct env_kek *kek = NULL;

    shim_on();
    keyring = keyring_new();
    shim_pair_refuses(CKA_SENSITIVE);
    ck_assert_int_eq(generate("open", NULL, &kek).reason, ENV_R_KEK_NOT_MADE);
    ck_assert_ptr_null(kek);
}
END_TEST

START_TEST(a_key_that_only_unwraps_opens)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    struct env_kek_info info;

    shim_on();
    shim_mechanism(CKM_RSA_PKCS_OAEP, CKF_UNWRAP);
    keyring = keyring_new();
    kek = make("unwraps", NULL);
    kek->vtable->describe(kek, &info);
    ck_assert(info.unwrap && !info.decrypt);
    ck_assert_str_eq(info.mechanisms, "RSA-OAEP (C_UnwrapKey)");
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
START_TEST(impossible_moduli_and_exponents_are_refused)
{
    static const uint8_t exponents[][3] = {{0, 0, 1}, {0, 0, 2}, {1, 0, 0}, {0, 0, 0}};
    const struct env_rsa_source source = {NULL, NULL};
    struct env_rsa_public *key = NULL;
    struct env_error_detail detail;
    uint8_t modulus[1025];
    uint8_t e[3] = {1, 0, 1};

    memset(modulus, 0xC1, sizeof(modulus));
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++)
        ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 384},
                                            (struct env_span){exponents[i], 3}, "x", &key, &detail)
                             .reason,
                         ENV_R_KEK_KIND);
    ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 255},
                                        (struct env_span){e, 3}, "x", &key, &detail)
                         .reason,
                     ENV_R_KEK_KIND);
    ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 1025},
                                        (struct env_span){e, 3}, "x", &key, &detail)
                         .reason,
                     ENV_R_KEK_KIND);
    modulus[383] = 0xC2;
    ck_assert_int_eq(env_rsa_public_new(&source, (struct env_span){modulus, 384},
                                        (struct env_span){e, 3}, "x", &key, &detail)
                         .reason,
                     ENV_R_KEK_KIND);
    modulus[383] = 0xC1;
    ck_assert(env_ok(env_rsa_public_new(&source, (struct env_span){modulus, 384},
                                        (struct env_span){e, 3}, "x", &key, &detail)));
    ck_assert_uint_eq(env_rsa_public_bits(key), 3072);
    env_rsa_public_free(key);
}
END_TEST

/* The session is lost when the pair has its new id, and nothing can be destroyed in it. */
START_TEST(a_pair_whose_session_is_lost_is_finished)
{
    unsigned reads;

    shim_on();
    keyring = keyring_new();
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
    Suite *suite = suite_create("keyring: RSA KEKs");
    TCase *tcase = tcase_create("all");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, setup, keyring_teardown);
    tcase_add_test(tcase, sealing_asks_no_token);
    tcase_add_test(tcase, a_file_asks_no_token);
    tcase_add_test(tcase, an_rsa_key_is_found_by_id_or_public_half);
    tcase_add_test(tcase, bad_ciphertexts_all_look_alike);
    tcase_add_test(tcase, another_key_in_its_place_is_not_the_kek);
    tcase_add_test(tcase, a_useless_new_key_pair_is_destroyed);
    tcase_add_test(tcase, a_key_that_opens_to_other_bytes_is_refused);
    tcase_add_test(tcase, without_oaep_no_key_pair_is_made);
    tcase_add_test(tcase, a_token_may_set_other_uses_of_a_pair);
    tcase_add_test(tcase, a_token_that_refuses_sensitive_makes_no_pair);
    tcase_add_test(tcase, a_key_that_only_unwraps_opens);
    tcase_add_test(tcase, impossible_moduli_and_exponents_are_refused);
    tcase_add_test(tcase, a_pair_whose_session_is_lost_is_finished);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
