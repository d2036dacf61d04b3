/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that are well-formed BER, or even CMS, but not in this format: each is refused. */
#include "header_tree.h"

/* Calls `with` for every value of the tree. */
static void for_each(struct der *der, void (*with)(struct der *der))
{
    with(der);
    for (size_t i = 0; i < der->count; i++)
        for_each(der->children[i], with);
}

START_TEST(a_header_taken_apart_and_put_together_opens)
{
    struct bytes message = der_encode(root);
    struct bytes opened;

    bytes_append(&message, body.data, body.len);
    opened = caller_open(libctx, message);
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&message);
    bytes_free(&opened);
}
END_TEST

static void padded_length(struct der *der)
{
    der->length = DER_PADDED;
    ck_header_refused(der == der_at(root, "0") ? ENV_R_NOT_A_MESSAGE : ENV_R_BAD_HEADER);
    der->length = DER_MINIMAL;
}

static void indefinite_length(struct der *der)
{
    if (der->count == 0)
        return;
    der->length = DER_INDEFINITE;
    ck_header_refused(der == root ? ENV_R_NOT_A_MESSAGE : ENV_R_BAD_HEADER);
    der->length = DER_MINIMAL;
}

/* BER: a string made of one piece, and of two. */
static void constructed_string(struct der *der)
{
    struct bytes all = bytes_of(der->content.data, der->content.len);

    if (der->tag != 0x04) {
        bytes_free(&all);
        return;
    }
    for (size_t cut = 0; cut < all.len; cut += all.len / 2) {
        der->tag = 0x24;
        bytes_free(&der->content);
        der->content = bytes_new(0);
        der_insert(der, 0, der_new(0x04, all.data + cut, all.len - cut));
        if (cut > 0)
            der_insert(der, 0, der_new(0x04, all.data, cut));
        ck_header_refused(ENV_R_BAD_HEADER);
        while (der->count > 0)
            der_remove(der, 0);
        der->tag = 0x04;
        der_set_content(der, all.data, all.len);
    }
    bytes_free(&all);
}

static void one_element_more(struct der *der)
{
    static const unsigned char tags[] = {0x05, 0x04, 0x02, 0x30, 0x80, 0xA0, 0xA5};

    if (der->count == 0)
        return;
    for (size_t i = 0; i < sizeof(tags); i++) {
        der_insert(der, der->count, der_new(tags[i], NULL, 0));
        if (der == der_at(root, RECIPIENTS)) {
            der_sort(der);
            ck_header_refused(ENV_R_BAD_HEADER);
            der_remove(der, der->children[0]->tag == tags[i] ? 0 : 1);
        } else {
            ck_header_refused(ENV_R_BAD_HEADER);
            der_remove(der, der->count - 1);
        }
    }
}

static void one_element_less(struct der *der)
{
    for (size_t i = 0; i < der->count; i++) {
        struct der *child = der_copy(der->children[i]);

        der_remove(der, i);
        ck_header_refused(der == root && i == 0 ? ENV_R_NOT_A_MESSAGE : ENV_R_BAD_HEADER);
        der_insert(der, i, child);
    }
}

static void twice(struct der *der)
{
    for (size_t i = 0; i < der->count; i++) {
        if (der == der_at(root, RECIPIENTS))
            continue; /* that is DER: see test_tamper_header.c */
        der_insert(der, i, der_copy(der->children[i]));
        ck_header_refused(ENV_R_BAD_HEADER);
        der_remove(der, i);
    }
}

static void another_tag(struct der *der)
{
    static const unsigned char tags[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x16, 0x30,
                                         0x31, 0x80, 0x82, 0xA0, 0xA2, 0xA5, 0x24, 0x44, 0x64};
    unsigned char was = der->tag;
    /* a ktri, to which it is one that names issuer and serial number */
    bool recipient = der == der_at(root, KEKRI);

    for (size_t i = 0; i < sizeof(tags); i++) {
        int reason = ENV_R_BAD_HEADER;

        if (tags[i] == was)
            continue;
        if (der == root || der == der_at(root, "0"))
            reason = ENV_R_NOT_A_MESSAGE;
        if (recipient && tags[i] == 0x30)
            reason = ENV_R_UNSUPPORTED_RECIPIENT;
        der->tag = tags[i];
        ck_header_refused(reason);
        der->tag = was;
    }
}

START_TEST(ber_that_is_not_der_is_refused)
{
    for_each(root, padded_length);
    for_each(root, indefinite_length);
    for_each(root, constructed_string);
}
END_TEST

START_TEST(missing_added_and_retagged_elements_are_refused)
{
    for_each(root, one_element_more);
    for_each(root, one_element_less);
    for_each(root, twice);
    for_each(root, another_tag);
}
END_TEST

/* What RFC 5083 has between the fields, and we have not. */
START_TEST(originator_and_attributes_are_refused)
{
    static const struct {
        size_t index;
        unsigned char tag;
    } parts[] = {{1, 0xA0}, {3, 0xA1}, {4, 0xA2}}; /* originatorInfo, authAttrs, unauthAttrs */
    struct der *auth = der_at(root, AUTH_ENVELOPED);
    unsigned char some[20] = {0};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct der *attributes = der_new(parts[i].tag, NULL, 0);

        der_insert(auth, parts[i].index, attributes);
        ck_header_refused(ENV_R_BAD_HEADER);
        der_insert(attributes, 0, der_new(0x30, NULL, 0));
        der_insert(attributes->children[0], 0, der_oid("1.2.840.113549.1.9.3"));
        der_insert(attributes->children[0], 1, der_new(0x31, NULL, 0));
        ck_header_refused(ENV_R_BAD_HEADER);
        der_remove(auth, parts[i].index);
    }
    /* encryptedContent inside the header, empty and not */
    der_insert(der_at(root, CONTENT), 2, der_new(0x80, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER);
    der_set_content(der_at(root, CONTENT "2"), some, sizeof(some));
    ck_header_refused(ENV_R_BAD_HEADER);
}
END_TEST

START_TEST(other_kinds_of_recipient_are_refused)
{
    static const unsigned char kinds[] = {0x30, 0xA1, 0xA3,
                                          0xA4}; /* ktri by issuer, kari, pwri, ori */
    struct der *recipients = der_at(root, RECIPIENTS);

    for (size_t i = 0; i < sizeof(kinds); i++) {
        struct der *other = der_copy(recipients->children[0]);

        /* alone, and beside one that we know */
        der_at(root, KEKRI)->tag = kinds[i];
        ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
        der_at(root, KEKRI)->tag = 0xA2;
        other->tag = kinds[i];
        der_insert(recipients, 1, other);
        der_sort(recipients);
        ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
        der_remove(recipients, recipients->children[0] == other ? 0 : 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: headers that are not the format's");
    TCase *tcase = tcase_create("DER");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, header_tree_set_up, header_tree_tear_down);
    tcase_add_test(tcase, a_header_taken_apart_and_put_together_opens);
    tcase_add_test(tcase, ber_that_is_not_der_is_refused);
    tcase_add_test(tcase, missing_added_and_retagged_elements_are_refused);
    tcase_add_test(tcase, originator_and_attributes_are_refused);
    tcase_add_test(tcase, other_kinds_of_recipient_are_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
