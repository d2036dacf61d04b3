/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KEK that is disabled, or only opens, is refused for sealing, and nothing is tried with it: not
 * the self-test of its first use, not the proof that replicas are one key.
 */
#include "caller.h"
#include "two_tokens.h"

/* What a self-test or a wrap needs, for AES and for RSA keys. */
static unsigned uses(void)
{
    return shim_count(SHIM_WRAP_KEY) + shim_count(SHIM_UNWRAP_KEY) + shim_count(SHIM_ENCRYPT_INIT) +
           shim_count(SHIM_DECRYPT_INIT);
}

static void refused(const char *name, enum env_reason reason, const char *says)
{
    ck_assert_int_eq(keyring_select_reason(keyring, name), reason);
    assert_says(says);
    ck_assert_uint_eq(uses(), 0);
}

static void begin_anew(void)
{
    if (keyring != NULL)
        keyring_free(keyring);
    keyring = keyring_new();
    shim_forget_counts();
}

START_TEST(an_aes_kek)
{
    make_orders("kek", value);
    keyring_set(&keyring_config()->disabled_kek, "orders");
    begin_anew();
    refused("orders", ENV_R_KEK_DISABLED, "key 'orders' (id 0102) of token 'kek'");
    refused(NULL, ENV_R_KEK_DISABLED, "key 'orders' (id 0102) of token 'kek'");
    keyring_set(&keyring_config()->disabled_kek, NULL);
    keyring_set(&keyring_config()->open_only_kek, "orders");
    begin_anew();
    refused("orders", ENV_R_KEK_OPENS_ONLY, "key 'orders' (id 0102) of token 'kek'");
}
END_TEST

START_TEST(one_of_a_list)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){.label = "former", .id = "0304"});
    keyring_set(&keyring_config()->kek, "former orders");
    keyring_set(&keyring_config()->disabled_kek, "former");
    begin_anew();
    refused(NULL, ENV_R_KEK_DISABLED, "key 'former' (id 0304) of token 'kek'");
    kek = keyring_select_one(keyring, "orders");
    ck_assert_int_eq(wrap_reason(), ENV_R_NONE);
}
END_TEST

START_TEST(an_rsa_kek)
{
    softhsm_make_rsa(&(struct softhsm_rsa){.label = "web", .id = "0a0b", .file = "kek-3072.pem"});
    keyring_set(&keyring_config()->kek, "web");
    keyring_set(&keyring_config()->disabled_kek, "web");
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    begin_anew();
    refused(NULL, ENV_R_KEK_DISABLED, "key 'web'");
    keyring_set(&keyring_config()->disabled_kek, NULL);
    begin_anew();
    kek = keyring_select_one(keyring, NULL);
    ck_assert_uint_gt(uses(), 0); /* else this shows nothing */
}
END_TEST

START_TEST(all_replicas)
{
    make_both();
    keyring_set(&keyring_config()->disabled_kek, "orders");
    begin_anew();
    refused(NULL, ENV_R_KEK_DISABLED, "key 'orders' (id 0102) of token ");
}
END_TEST

/* One of them: the other serves alone, and the disabled one is asked nothing. */
START_TEST(one_replica)
{
    static const char *const tokens[] = {"kek", "second"};
    static const char *const disabled[] = {"pkcs11:token=kek;object=orders",
                                           "pkcs11:token=second;object=orders"};

    make_both();
    for (size_t i = 0; i < 2; i++) {
        char says[64];

        keyring_set(&keyring_config()->disabled_kek, disabled[i]);
        begin_anew();
        kek = keyring_select_one(keyring, NULL);
        ck_assert_int_eq(wrap_reason(), ENV_R_NONE);
        softhsm_hide_token(tokens[1 - i]);
        ck_assert_int_ne(wrap_reason(), ENV_R_NONE);
        (void)snprintf(says, sizeof(says), "key 'orders' (id 0102) of token '%s'", tokens[i]);
        assert_says(says);
        softhsm_restore_token(tokens[1 - i]);
        env_kek_free(kek);
        kek = NULL;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: disabled is not tried");
    TCase *tcase = tcase_create("disabled is not tried");

    tcase_add_checked_fixture(tcase, two_tokens_setup, keyring_kek_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_aes_kek);
    tcase_add_test(tcase, one_of_a_list);
    tcase_add_test(tcase, an_rsa_kek);
    tcase_add_test(tcase, all_replicas);
    tcase_add_test(tcase, one_replica);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
