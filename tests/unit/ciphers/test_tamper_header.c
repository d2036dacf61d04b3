/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a message altered in any byte, and what an attacker without the DEK can rebuild.
 */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "header_tree.h"
#include "tamper.h"

#define FLOE_HEADER 74u
#define MAC_LEN 32u

/* ---- any byte ---- */

/* Reasons that an altered byte may lead to where it is not clear which. */
static bool is_listed(int reason)
{
    static const int listed[] = {ENV_R_NOT_A_MESSAGE, ENV_R_TRUNCATED,
                                 ENV_R_BAD_HEADER,    ENV_R_HEADER_TOO_LONG,
                                 ENV_R_WRONG_CONTENT, ENV_R_UNSUPPORTED_RECIPIENT,
                                 ENV_R_NOT_AUTHENTIC, ENV_R_BAD_FLOE_HEADER};

    for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
        if (reason == listed[i])
            return true;
    }
    return false;
}

/* The parts of the headers whose every byte has one reason of its own. */
struct part {
    size_t begin;
    size_t end;
    int reason;
};

#define PARTS 5u

static void find_parts(struct bytes message, struct part parts[PARTS])
{
    size_t id = place_of(message, KEK_ID);
    size_t wrapped = place_of(message, WRAPPED);
    size_t mac = place_of(message, MAC);
    size_t floe = mac + MAC_LEN;

    parts[0] = (struct part){id, id + 16, ENV_R_KEK_NOT_HERE};
    parts[1] = (struct part){wrapped, wrapped + 40, ENV_R_NOT_AUTHENTIC};
    parts[2] = (struct part){mac, floe, ENV_R_NOT_AUTHENTIC};
    parts[3] = (struct part){floe + 2, floe + 6, ENV_R_SEGMENT_LENGTH};
    parts[4] = (struct part){floe + 10, floe + FLOE_HEADER, ENV_R_CONTEXT_MISMATCH};
    ck_assert_uint_eq(floe + FLOE_HEADER, message_headers_len(message));
}

static void check_reason(const struct part parts[PARTS], size_t at, size_t headers, int reason)
{
    int exact = ENV_R_NONE;

    for (size_t i = 0; i < PARTS; i++)
        exact = at >= parts[i].begin && at < parts[i].end ? parts[i].reason : exact;
    if (exact == ENV_R_NONE && at >= headers - FLOE_HEADER)
        exact = ENV_R_BAD_FLOE_HEADER;
    /* the length of ENVELOPE-64K is known, but not to ENVELOPE */
    if (exact == ENV_R_SEGMENT_LENGTH && reason == ENV_R_NEEDS_ENVELOPE_64K)
        return;
    if (exact != ENV_R_NONE)
        ck_demand(reason == exact, "byte %zu: reason %d instead of %d", at, reason, exact);
    ck_demand(exact != ENV_R_NONE || is_listed(reason), "byte %zu: reason %d", at, reason);
}

/* Every other value of every byte: that is every bit, and much more. */
START_TEST(every_change_of_every_byte_is_refused)
{
    struct bytes message = whole_message();
    size_t headers = message_headers_len(message);
    struct part parts[PARTS];

    find_parts(message, parts);
    for (size_t at = 0; at < headers; at++) {
        unsigned char was = message.data[at];

        for (unsigned change = 1; change < 256; change++) {
            bool one_bit = (change & (change - 1)) == 0;

            message.data[at] = (unsigned char)(was ^ change);
            check_reason(parts, at, headers, try_to_open(libctx, message, 100000, plain, 0));
            if (one_bit)
                check_reason(parts, at, headers, try_to_open(libctx, message, 40, plain, 0));
        }
        message.data[at] = was;
    }
    bytes_free(&message);
}
END_TEST

/* Bytes dropped and bytes put in: everything behind them moves. */
START_TEST(dropped_and_inserted_bytes_are_refused)
{
    struct bytes message = whole_message();
    size_t headers = message_headers_len(message);

    for (size_t at = 0; at < headers; at++) {
        struct bytes altered = bytes_of(message.data, at);
        int reason;

        bytes_append(&altered, message.data + at + 1, message.len - at - 1);
        reason = try_to_open(libctx, altered, 100000, plain, 0);
        ck_demand(reason != ENV_R_NONE, "opens without byte %zu", at);
        bytes_free(&altered);
        altered = bytes_of(message.data, at + 1);
        bytes_append(&altered, message.data + at, message.len - at);
        reason = try_to_open(libctx, altered, 100000, plain, 0);
        ck_demand(reason != ENV_R_NONE, "opens with byte %zu twice", at);
        bytes_free(&altered);
    }
    bytes_free(&message);
}
END_TEST

/* First bytes of all kinds. Nothing is kept for a length that is only claimed. */
START_TEST(nothing_is_allocated_for_a_claimed_length)
{
    static const struct {
        const char *bytes;
        size_t len;
        int reason;
    } heads[] = {
        {"\x30\x82\x40\x00", 4, ENV_R_HEADER_TOO_LONG}, /* 4 more than 16 KiB */
        {"\x30\x82\x3F\xFD", 4, ENV_R_HEADER_TOO_LONG},
        {"\x30\x82\x3F\xFC", 4, ENV_R_TRUNCATED}, /* 16 KiB, and not there */
        {"\x30\x82\xFF\xFF", 4, ENV_R_HEADER_TOO_LONG},
        {"\x30\x84\x7F\xFF\xFF\xFF", 6, ENV_R_HEADER_TOO_LONG},
        {"\x30\x84\xFF\xFF\xFF\xFF", 6, ENV_R_HEADER_TOO_LONG},
        {"\x30\x88\x3F\xFF\xFF\xFF\xFF\xFF\xFF\x00", 10, ENV_R_HEADER_TOO_LONG},
        {"\x30\x88\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10, ENV_R_NOT_A_MESSAGE},
        {"\x30\x88\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10, ENV_R_NOT_A_MESSAGE},
        {"\x30\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00", 11, ENV_R_NOT_A_MESSAGE},
        {"\x30\xFF", 2, ENV_R_NOT_A_MESSAGE},
        {"\x30\x80", 2, ENV_R_NOT_A_MESSAGE},
        {"\x31\x82\x01\x00", 4, ENV_R_NOT_A_MESSAGE},
        {"\x3F\x82\x01\x00", 4, ENV_R_NOT_A_MESSAGE},
        {"Salted__12345678", 16, ENV_R_NOT_A_MESSAGE},
    };
    struct bytes message = whole_message();
    size_t head = message.data[1] == 0x82 ? 4 : 3;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct bytes altered = bytes_of(heads[i].bytes, heads[i].len);

        bytes_append(&altered, message.data + head, message.len - head);
        ck_assert_int_eq(try_to_open(libctx, altered, 100000, plain, 0), heads[i].reason);
        ck_assert_int_eq(try_to_open(libctx, altered, 1, plain, 0), heads[i].reason);
        bytes_free(&altered);
    }
    bytes_free(&message);
}
END_TEST

/* Lengths of segments that other FLOE implementations may use, or nobody. */
START_TEST(other_segment_lengths_are_refused)
{
    static const struct {
        unsigned char bytes[4];
        int reason;
    } lengths[] = {
        {{0, 0, 0, 0}, ENV_R_SEGMENT_LENGTH},
        {{0, 0, 0, 32}, ENV_R_SEGMENT_LENGTH},
        {{0, 0, 0x0F, 0xFF}, ENV_R_SEGMENT_LENGTH},
        {{0, 0, 0x10, 1}, ENV_R_SEGMENT_LENGTH},
        {{0, 0, 0x10, 0}, ENV_R_SEGMENT_LENGTH}, /* of earlier versions */
        {{0, 0x10, 0, 0}, ENV_R_SEGMENT_LENGTH},
        {{0, 0, 0x10, 0x1F}, ENV_R_SEGMENT_LENGTH},
        {{0, 0, 0x10, 0x21}, ENV_R_SEGMENT_LENGTH},
        {{0, 1, 0, 0}, ENV_R_SEGMENT_LENGTH},
        {{0, 1, 0, 0x21}, ENV_R_SEGMENT_LENGTH},
        {{0, 0x10, 0, 1}, ENV_R_SEGMENT_LENGTH},
        {{0xFF, 0xFF, 0xFF, 0xFF}, ENV_R_SEGMENT_LENGTH},
        {{0, 1, 0, 0x20}, ENV_R_NEEDS_ENVELOPE_64K},
    };

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memcpy(body.data + 2, lengths[i].bytes, 4);
        ck_header_refused(lengths[i].reason);
        /* no token is asked for such a message */
        ck_assert_int_eq(atomic_load(&fake_keks[0].unwraps), 0);
    }
}
END_TEST

/* ---- recipients altered by somebody without the DEK ---- */

static void use_kek(size_t only)
{
    for (size_t i = 0; i < FAKE_KEKS; i++)
        fake_keks[i].absent = i != only;
}

START_TEST(stripped_recipients_are_refused)
{
    for (size_t stripped = 0; stripped < 3; stripped++) {
        struct der *recipients;

        header_tree_seal(3);
        recipients = der_at(root, RECIPIENTS);
        ck_assert_uint_eq(recipients->count, 3);
        der_remove(recipients, stripped);
        ck_header_refused(ENV_R_NOT_AUTHENTIC);
        der_remove(recipients, 0);
        ck_header_refused(ENV_R_NOT_AUTHENTIC);
    }
}
END_TEST

START_TEST(added_recipients_are_refused)
{
    struct der *stranger;

    header_tree_seal(2);
    stranger = der_copy(der_at(root, KEKRI));
    header_tree_seal(1); /* another message: with the same KEK, and with another */
    for (size_t kek = 0; kek < 2; kek++) {
        unsigned char id[16];
        struct der *recipients = der_at(root, RECIPIENTS);

        memset(id, 0xA0 + (int)kek, sizeof(id));
        der_set_content(der_at(stranger, "10"), id, sizeof(id));
        der_insert(recipients, 1, der_copy(stranger));
        der_sort(recipients);
        ck_header_refused(kek == 0 ? ENV_R_DUPLICATE_RECIPIENT : ENV_R_NOT_AUTHENTIC);
        header_tree_seal(1);
    }
    /* the same one twice */
    der_insert(der_at(root, RECIPIENTS), 1, der_copy(der_at(root, KEKRI)));
    ck_header_refused(ENV_R_DUPLICATE_RECIPIENT);
    der_free(stranger);
}
END_TEST

/* A SET OF has one order in DER. */
START_TEST(reordered_recipients_are_refused)
{
    struct der *recipients;
    struct der *first;

    header_tree_seal(3);
    recipients = der_at(root, RECIPIENTS);
    for (size_t i = 0; i < 2; i++) {
        first = recipients->children[i];
        recipients->children[i] = recipients->children[i + 1];
        recipients->children[i + 1] = first;
        ck_header_refused(ENV_R_BAD_HEADER);
        recipients->children[i + 1] = recipients->children[i];
        recipients->children[i] = first;
    }
}
END_TEST

/* Ids exchanged: each KEK unwraps what was wrapped by another. */
START_TEST(recipients_with_exchanged_ids_are_refused)
{
    struct bytes first;
    struct der *a, *b;

    header_tree_seal(2);
    a = der_at(der_at(root, RECIPIENTS)->children[0], "10");
    b = der_at(der_at(root, RECIPIENTS)->children[1], "10");
    first = bytes_of(a->content.data, a->content.len);
    der_set_content(a, b->content.data, b->content.len);
    der_set_content(b, first.data, first.len);
    der_sort(der_at(root, RECIPIENTS));
    ck_header_refused(ENV_R_NOT_AUTHENTIC);
    for (size_t i = 0; i < 2; i++) {
        use_kek(i);
        ck_header_refused(ENV_R_NOT_AUTHENTIC);
    }
    bytes_free(&first);
}
END_TEST

/* The wrapped key of another message of the same KEK: it unwraps, and its MAC key is another. */
START_TEST(the_wrapped_key_of_another_message_is_refused)
{
    struct der *other = der_copy(der_at(root, WRAPPED));

    header_tree_seal(1);
    header_tree_replace(KEKRI, 3, other);
    ck_header_refused(ENV_R_NOT_AUTHENTIC);
    ck_assert_int_eq(atomic_load(&fake_keks[0].unwraps), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: altered headers");
    TCase *tcase = tcase_create("headers");

    tcase_set_timeout(tcase, 250);
    tcase_add_checked_fixture(tcase, header_tree_set_up, header_tree_tear_down);
    tcase_add_test(tcase, every_change_of_every_byte_is_refused);
    tcase_add_test(tcase, dropped_and_inserted_bytes_are_refused);
    tcase_add_test(tcase, nothing_is_allocated_for_a_claimed_length);
    tcase_add_test(tcase, other_segment_lengths_are_refused);
    tcase_add_test(tcase, stripped_recipients_are_refused);
    tcase_add_test(tcase, added_recipients_are_refused);
    tcase_add_test(tcase, reordered_recipients_are_refused);
    tcase_add_test(tcase, recipients_with_exchanged_ids_are_refused);
    tcase_add_test(tcase, the_wrapped_key_of_another_message_is_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
