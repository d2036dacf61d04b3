/* SPDX-License-Identifier: Apache-2.0 */
/* A bad RSA ciphertext and a data key whose MAC fails cannot be distinguished. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keyring_case.h"

static void setup(void)
{
    keyring_setup();
    keyring_set(&keyring_config()->kek, "rsa"); /* else it would not open */
    shim_on();
    keyring = keyring_new();
}

/* A KEK, and a data key that begins with 1. */
static void make(struct env_kek **kek, struct env_wrapped *wrapped)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    const struct env_kek_request request = {.type = ENV_KEK_RSA, .bits = 3072, .label = "rsa"};

    ck_assert(env_ok(keyring->vtable->generate(keyring, &request, kek)));
    ck_assert(env_ok((*kek)->vtable->wrap(*kek, dek, wrapped)));
}

struct judged {
    unsigned asked;
    unsigned without; /* a data key */
    bool holds;
};

static bool judge(void *arg, const uint8_t *dek)
{
    struct judged *judged = arg;

    judged->asked++;
    judged->without += dek == NULL ? 1 : 0;
    return judged->holds;
}

/* The next C_Decrypt, and the next C_GetSessionInfo, answer so. */
static ENV_RESULT unwrap_judged(struct env_kek *kek, const struct env_wrapped *wrapped,
                                struct judged *judged, CK_RV decrypt, CK_RV session_info)
{
    const struct env_dek_check check = {judge, judged};
    uint8_t dek[ENV_DEK_LEN] = {0xA5};
    ENV_RESULT r;

    /* a call that the shim makes fail leaves its session in the middle of something */
    ck_assert(env_ok(kek->vtable->unwrap(kek, wrapped, NULL, dek)));
    dek[0] = 0xA5;
    raised_forget();
    shim_fail(SHIM_DECRYPT, decrypt, decrypt != CKR_OK ? 1 : 0);
    shim_fail(SHIM_GET_SESSION_INFO, session_info, session_info != CKR_OK ? 1 : 0);
    shim_forget_counts();
    r = kek->vtable->unwrap(kek, wrapped, &check, dek);
    ck_assert(env_ok(r) == (dek[0] == 1));
    ck_assert(env_ok(r) || dek[0] == 0xA5); /* left as it was */
    return r;
}

static void take_counts(unsigned counts[SHIM_FUNCTIONS])
{
    for (int i = 0; i < SHIM_FUNCTIONS; i++)
        counts[i] = shim_count((enum shim_function)i);
}

/* Whatever a token calls a bad ciphertext: it is as if the data key had been a wrong one. */
START_TEST(every_code_for_a_bad_ciphertext_gives_a_random_key)
{
    static const CK_RV codes[] = {
        CKR_GENERAL_ERROR,          CKR_DEVICE_ERROR,          CKR_FUNCTION_FAILED,
        CKR_ENCRYPTED_DATA_INVALID, CKR_WRAPPED_KEY_INVALID,   CKR_ENCRYPTED_DATA_LEN_RANGE,
        CKR_DATA_INVALID,           CKR_ARGUMENTS_BAD,         CKR_BUFFER_TOO_SMALL,
        CKR_KEY_SIZE_RANGE,         CKR_TEMPLATE_INCONSISTENT, CKR_VENDOR_DEFINED | 0x17,
    };
    static const CK_RV other_codes[] = {CKR_MECHANISM_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED,
                                        CKR_HOST_MEMORY, CKR_FUNCTION_CANCELED};
    unsigned expected[SHIM_FUNCTIONS];
    unsigned counts[SHIM_FUNCTIONS];
    struct env_wrapped wrapped;
    struct judged judged = {.holds = false};
    struct env_kek *kek;
    ENV_RESULT r;

    make(&kek, &wrapped);
    r = unwrap_judged(kek, &wrapped, &judged, CKR_OK, CKR_OK);
    ck_assert(r.reason == ENV_R_NOT_AUTHENTIC && !r.raised && r.ckr == 0);
    ck_assert(judged.asked == 1 && judged.without == 0);
    take_counts(expected);
    ck_assert_uint_eq(expected[SHIM_DECRYPT], 1);
    ck_assert_uint_eq(expected[SHIM_GENERATE_RANDOM], 1);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        judged = (struct judged){.holds = i % 2 == 0}; /* which changes nothing */
        r = unwrap_judged(kek, &wrapped, &judged, codes[i], CKR_OK);
        ck_assert(r.reason == ENV_R_NOT_AUTHENTIC && !r.raised && r.ckr == 0);
        ck_assert(judged.asked == 1 && judged.without == 1);
        take_counts(counts);
        ck_assert_msg(memcmp(counts, expected, sizeof(counts)) == 0, "code 0x%lx", codes[i]);
    }
    for (size_t i = 0; i < sizeof(other_codes) / sizeof(other_codes[0]); i++) {
        judged = (struct judged){.holds = true};
        ck_assert_int_eq(unwrap_judged(kek, &wrapped, &judged, other_codes[i], CKR_OK).reason,
                         ENV_R_UNWRAP_FAILED);
        ck_assert_uint_eq(judged.asked, 0);
    }
    env_kek_free(kek);
}
END_TEST

/* Whether the token was lost is found out after either failure, and made good. */
START_TEST(a_lost_token_is_noticed_when_the_mac_does_not_hold)
{
    struct env_wrapped wrapped;
    struct judged judged = {.holds = true};
    struct env_kek *kek;

    make(&kek, &wrapped);
    ck_assert(env_ok(
        unwrap_judged(kek, &wrapped, &judged, CKR_GENERAL_ERROR, CKR_SESSION_HANDLE_INVALID)));
    ck_assert(judged.asked == 2 && judged.without == 1);

    judged = (struct judged){.holds = false};
    ck_assert_int_eq(
        unwrap_judged(kek, &wrapped, &judged, CKR_OK, CKR_SESSION_HANDLE_INVALID).reason,
        ENV_R_NOT_AUTHENTIC);
    ck_assert(judged.asked == 2 && judged.without == 0);
    env_kek_free(kek);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: bad RSA ciphertexts");
    TCase *tcase = tcase_create("all");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, setup, keyring_teardown);
    tcase_add_test(tcase, every_code_for_a_bad_ciphertext_gives_a_random_key);
    tcase_add_test(tcase, a_lost_token_is_noticed_when_the_mac_does_not_hold);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
