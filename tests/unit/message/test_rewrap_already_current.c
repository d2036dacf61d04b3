/* SPDX-License-Identifier: Apache-2.0 */
/* Headers compared with today's KEKs: whether they are for exactly these. */
#include "rewrap_headers.h"

static int is_current_reason(struct bytes der)
{
    struct env_header *header = read_any(der);
    bool current = true;
    ENV_RESULT r = env_dek_is_current(context, &todays, header, span_of(der), &current);

    ck_assert(!current);
    ck_assert_int_eq(fake_references(), 0);
    OPENSSL_free(header);
    return (int)r.reason;
}

START_TEST(a_header_for_exactly_todays_keks_is_current)
{
    for (size_t sealed = 1; sealed <= SEVERAL; sealed++) {
        struct bytes der;

        header_tree_seal(sealed);
        der = der_encode(root);
        for (size_t today = 1; today <= SEVERAL + 1; today++) {
            fake_default_count = today;
            ck_assert_int_eq(is_current(der), today == sealed);
        }
        fake_default_count = sealed;
        fake_switch_to(sealed, sealed); /* as many others */
        ck_assert(!is_current(der));
        fake_switch_to(sealed, sealed);
        ck_assert(is_current(der));
        fake_switch_to(sealed - 1, 1); /* the same in another order */
        fake_default_count = sealed;
        ck_assert(is_current(der));
        bytes_free(&der);
        fake_reset();
    }
}
END_TEST

/* Each of today's KEKs has to open it, not the first alone. */
START_TEST(a_header_is_current_when_every_kek_opens_it)
{
    struct bytes der;

    header_tree_seal(SEVERAL);
    der = der_encode(root);
    for (size_t i = 0; i < SEVERAL; i++) {
        fake_keks[i].key[31] ^= 1; /* another key of the same reference */
        ck_assert(!is_current(der));
        fake_keks[i].key[31] ^= 1;
        fake_keks[i].fail_unwrap = true;
        ck_assert_int_eq(is_current_reason(der), ENV_R_TOKEN_FAILED);
        fake_keks[i].fail_unwrap = false;
    }
    ck_assert(is_current(der));
    bytes_free(&der);
}
END_TEST

/* One recipient gives another DEK: found out whichever of the two is asked first. */
START_TEST(recipients_of_different_deks_are_not_current)
{
    static const uint8_t deks[2][ENV_DEK_LEN] = {{1}, {2}};
    static const uint8_t same[2][ENV_DEK_LEN] = {{1}, {1}};
    static const size_t first[] = {0, 1};
    static const size_t second[] = {1, 0};
    struct bytes headers[] = {header_with(2, first, deks), header_with(2, second, deks),
                              header_with(2, first, same)};

    fake_default_count = 2;
    ck_assert(!is_current(headers[0]));
    ck_assert(!is_current(headers[1]));
    ck_assert(is_current(headers[2]));
    for (size_t i = 0; i < 3; i++)
        bytes_free(&headers[i]);
}
END_TEST

/* Two of today's KEKs look the same: each still needs a recipient of its own. */
START_TEST(two_keks_of_one_reference_need_a_recipient_each)
{
    static const uint8_t deks[2][ENV_DEK_LEN] = {{1}, {1}};
    static const size_t one_and_other[] = {0, 2};
    struct bytes header = header_with(2, one_and_other, deks);

    fake_keks[1] = fake_keks[0];
    fake_default_count = 2;
    ck_assert(!is_current(header));
    bytes_free(&header);
}
END_TEST

/* An RSA key that has an AES key's reference is another KEK. */
START_TEST(an_rsa_kek_of_an_aes_reference_is_another)
{
    struct bytes der = der_encode(root);

    ck_assert(is_current(der));
    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    ck_assert(!is_current(der));
    bytes_free(&der);
    header_tree_seal(1);
    der = der_encode(root);
    ck_assert(is_current(der));
    bytes_free(&der);
}
END_TEST

START_TEST(broken_mac_is_not_current)
{
    struct bytes der = der_encode(root);

    der.data[der.len - 1] ^= 1;
    ck_assert(!is_current(der));
    ck_assert_int_eq(rewrap_reason(der), ENV_R_NOT_AUTHENTIC);
    bytes_free(&der);
}
END_TEST

/* A public half cannot be asked: then the others decide, and one at least has to. */
START_TEST(a_public_half_is_left_out_of_the_judgement)
{
    struct bytes der;

    header_tree_seal(2);
    der = der_encode(root);
    fake_keks[1].public_half = true;
    ck_assert(is_current(der));
    ck_assert_int_eq(atomic_load(&fake_keks[1].unwraps), 0);
    fake_keks[0].key[0] ^= 1;
    ck_assert(!is_current(der));
    fake_keks[0].key[0] ^= 1;
    fake_keks[0].public_half = true;
    ck_assert_int_eq(is_current_reason(der), ENV_R_KEK_NOT_HERE);
    /* the private half of one is on a token */
    fake_keks[5] = fake_keks[1];
    fake_keks[5].public_half = false;
    ck_assert(is_current(der));
    fake_keks[5].key[0] ^= 1;
    ck_assert(!is_current(der));
    fake_keks[5].fail_unwrap = true;
    ck_assert_int_eq(is_current_reason(der), ENV_R_TOKEN_FAILED);
    bytes_free(&der);
}
END_TEST

START_TEST(without_keks_current_is_undecided)
{
    struct bytes der = der_encode(root);

    fake_default_count = 0;
    ck_assert_int_eq(is_current_reason(der), ENV_R_NO_KEK_CONFIGURED);
    bytes_free(&der);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: headers that are current already");
    TCase *tcase = tcase_create("current");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, rewrap_headers_set_up, header_tree_tear_down);
    tcase_add_test(tcase, a_header_for_exactly_todays_keks_is_current);
    tcase_add_test(tcase, a_header_is_current_when_every_kek_opens_it);
    tcase_add_test(tcase, recipients_of_different_deks_are_not_current);
    tcase_add_test(tcase, two_keks_of_one_reference_need_a_recipient_each);
    tcase_add_test(tcase, an_rsa_kek_of_an_aes_reference_is_another);
    tcase_add_test(tcase, broken_mac_is_not_current);
    tcase_add_test(tcase, a_public_half_is_left_out_of_the_judgement);
    tcase_add_test(tcase, without_keks_current_is_undecided);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
