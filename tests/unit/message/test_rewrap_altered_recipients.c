/* SPDX-License-Identifier: Apache-2.0 */
/* Recipients of a header altered by somebody who lacks the DEK. */
#include "rewrap_headers.h"

/* With any KEKs: it does not open, is not current and is not re-wrapped. */
static void ck_altered_refused(enum env_reason reason)
{
    struct bytes der = der_encode(root);

    ck_header_refused(reason);
    ck_assert_int_eq(rewrap_reason(der), reason);
    if (reason != ENV_R_BAD_HEADER && reason != ENV_R_DUPLICATE_RECIPIENT)
        ck_assert(!is_current(der));
    bytes_free(&der);
}

START_TEST(stripped_recipients_are_not_authentic)
{
    for (size_t i = 0; i < SEVERAL; i++) {
        header_tree_seal(SEVERAL);
        der_remove(der_at(root, RECIPIENTS), i);
        for (size_t today = 1; today <= SEVERAL; today++) {
            fake_default_count = today;
            ck_altered_refused(ENV_R_NOT_AUTHENTIC);
        }
    }
}
END_TEST

/* One that the attacker's own KEK wrapped, well formed in all: with a DEK of his, since he has no
 * other, or with that of a message of his own. */
static struct der *attackers_recipient(size_t kek)
{
    static const uint8_t his[1][ENV_DEK_LEN] = {{0xEE}};
    struct bytes der = header_with(1, &kek, his);
    size_t used = 0;
    struct der *tree = der_parse(der.data, der.len, &used);
    struct der *recipient = der_copy(der_at(tree, KEKRI));

    bytes_free(&der);
    der_free(tree);
    return recipient;
}

START_TEST(added_recipients_are_refused)
{
    for (size_t kek = 0; kek < SEVERAL; kek++) { /* 0: one more for the KEK that is there */
        header_tree_seal(1);
        der_insert(der_at(root, RECIPIENTS), 0, attackers_recipient(kek));
        der_sort(der_at(root, RECIPIENTS));
        for (size_t today = 1; today <= SEVERAL; today++) {
            fake_default_count = today;
            ck_altered_refused(kek == 0 ? ENV_R_DUPLICATE_RECIPIENT : ENV_R_NOT_AUTHENTIC);
        }
    }
}
END_TEST

START_TEST(replaced_recipients_are_refused)
{
    for (size_t kek = 0; kek <= SEVERAL; kek++) {
        for (size_t i = 0; i < SEVERAL; i++) {
            header_tree_seal(SEVERAL);
            header_tree_replace(RECIPIENTS, i, attackers_recipient(kek));
            der_sort(der_at(root, RECIPIENTS));
            fake_default_count = SEVERAL;
            /* that of another KEK of the header makes two for this one */
            ck_altered_refused(kek < SEVERAL && kek != i ? ENV_R_DUPLICATE_RECIPIENT
                                                         : ENV_R_NOT_AUTHENTIC);
        }
    }
}
END_TEST

/* All of them his, and the MAC too: it opens, but not the body, which belongs to another DEK. */
START_TEST(an_attackers_whole_header_does_not_open_the_body)
{
    static const size_t kek = 0;
    static const uint8_t his[1][ENV_DEK_LEN] = {{0xEE}};
    struct bytes der = header_with(1, &kek, his);
    size_t used = 0;

    der_free(root);
    root = der_parse(der.data, der.len, &used);
    ck_header_refused(ENV_R_CONTEXT_MISMATCH);
    bytes_free(&der);
}
END_TEST

/* Whoever knows what a failed unwrap leaves behind cannot make a header for it. */
START_TEST(no_header_can_be_made_for_a_failed_unwrap)
{
    static const uint8_t zeros[ENV_DEK_LEN];
    uint8_t dek[ENV_DEK_LEN];
    struct env_header *header;
    struct bytes before;
    uint8_t *der = NULL;
    size_t len = 0;

    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    header_tree_seal(1);
    before = der_encode(root);
    header = read_any(before);
    bytes_free(&before);
    header->recipients[0].wrapped.data[200] ^= 1;
    ck_assert(env_ok(env_header_encode(context->crypto, header, zeros, &der, &len)));
    ck_assert_int_eq(env_dek_open_header(context, header, (struct env_span){der, len}, dek).reason,
                     ENV_R_NOT_AUTHENTIC);
    ck_assert(!is_current((struct bytes){der, len, len}));
    OPENSSL_free(der);
    OPENSSL_free(header);
}
END_TEST

/* A SET OF has one order: every other is no DER, and sorted again it is what it was. */
START_TEST(reordered_recipients_are_refused)
{
    struct bytes before;
    struct bytes again;
    struct der *set;

    header_tree_seal(SEVERAL);
    before = der_encode(root);
    set = der_at(root, RECIPIENTS);
    for (size_t i = 0; i < SEVERAL; i++) {
        for (size_t j = i + 1; j < SEVERAL; j++) {
            struct der *other = set->children[i];

            set->children[i] = set->children[j];
            set->children[j] = other;
            ck_altered_refused(ENV_R_BAD_HEADER);
            set->children[j] = set->children[i];
            set->children[i] = other;
        }
    }
    der_sort(set);
    again = der_encode(root);
    ck_assert_uint_eq(again.len, before.len);
    ck_assert_mem_eq(again.data, before.data, before.len);
    bytes_free(&again);
    bytes_free(&before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: re-wrapping altered recipients");
    TCase *tcase = tcase_create("altered");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, rewrap_headers_set_up, header_tree_tear_down);
    tcase_add_test(tcase, stripped_recipients_are_not_authentic);
    tcase_add_test(tcase, added_recipients_are_refused);
    tcase_add_test(tcase, replaced_recipients_are_refused);
    tcase_add_test(tcase, an_attackers_whole_header_does_not_open_the_body);
    tcase_add_test(tcase, no_header_can_be_made_for_a_failed_unwrap);
    tcase_add_test(tcase, reordered_recipients_are_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
