/* SPDX-License-Identifier: Apache-2.0 */
/* A message of three segments, altered after its headers in every possible way. */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "tamper.h"

#define SEGMENTS 3u
#define LAST_PLAIN 404u
#define PLAIN_LEN (2 * SEGMENT_PLAIN + LAST_PLAIN)
#define LAST_LEN (LAST_PLAIN + 32)
#define SMALL_STEP 1000u
#define WHOLE 100000u

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static struct bytes messages[2]; /* the one under attack, and another for the same KEK */
static size_t headers;

static void set_up(void)
{
    struct bytes other = bytes_plain(PLAIN_LEN, 21);

    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(PLAIN_LEN, 20);
    messages[0] = caller_seal(libctx, plain);
    messages[1] = caller_seal(libctx, other);
    headers = message_headers_len(messages[0]);
    ck_assert_uint_eq(messages[0].len, headers + 2 * SEGMENT + LAST_LEN);
    ck_assert_uint_eq(messages[1].len, messages[0].len);
    bytes_free(&other);
}

static void tear_down(void)
{
    bytes_free(&plain);
    bytes_free(&messages[0]);
    bytes_free(&messages[1]);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* Asserts how opening ends, in one piece and in small ones. */
static void ends_with(struct bytes message, size_t verified, int reason, const char *what,
                      size_t at)
{
    static const size_t steps[] = {WHOLE, SMALL_STEP};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int got = try_to_open(libctx, message, steps[i], plain, verified);

        ck_demand(got == reason, "%s %zu in pieces of %zu: reason %d instead of %d", what, at,
                  steps[i], got, reason);
    }
}

/* ---- bits and lengths ---- */

static size_t length_of(size_t segment)
{
    return segment < SEGMENTS - 1 ? SEGMENT : LAST_LEN;
}

/* What a stated length means for the last segment, where this many bytes are left. */
static int reason_for_length(uint32_t stated, size_t left)
{
    if (stated == 0xFFFFFFFFu)
        return left < SEGMENT ? ENV_R_TRUNCATED : ENV_R_BAD_SEGMENT;
    if (stated < 32 || stated > SEGMENT)
        return ENV_R_BAD_SEGMENT_LENGTH;
    if (stated < left)
        return ENV_R_TRAILING_DATA;
    return stated > left ? ENV_R_TRUNCATED : ENV_R_BAD_SEGMENT;
}

/* The reason for flipping one bit of a segment: its length field, and everything else. */
static int reason_for_bit(size_t segment, size_t offset, unsigned bit)
{
    uint32_t stated = segment < SEGMENTS - 1 ? 0xFFFFFFFFu : LAST_LEN;
    size_t left = segment < SEGMENTS - 1 ? WHOLE : LAST_LEN;

    if (offset >= 4)
        return ENV_R_BAD_SEGMENT;
    return reason_for_length(stated ^ (uint32_t)1 << (8 * (3 - offset) + bit), left);
}

static void flip(size_t segment, size_t offset, unsigned bit, size_t step)
{
    unsigned char *byte = messages[0].data + headers + segment * SEGMENT + offset;
    int expected = reason_for_bit(segment, offset, bit);
    int got;

    *byte = (unsigned char)(*byte ^ 1u << bit);
    got = try_to_open(libctx, messages[0], step, plain, segment * SEGMENT_PLAIN);
    *byte = (unsigned char)(*byte ^ 1u << bit);
    ck_demand(got == expected, "segment %zu byte %zu bit %u: reason %d instead of %d", segment,
              offset, bit, got, expected);
}

START_TEST(every_flipped_bit_is_refused)
{
    size_t segment = (size_t)_i;

    for (size_t bit = 0; bit < 8 * length_of(segment); bit++) {
        flip(segment, bit / 8, (unsigned)(bit % 8), WHOLE);
        if (bit % 7 == 0 || bit < 8 * 20)
            flip(segment, bit / 8, (unsigned)(bit % 8), SMALL_STEP);
    }
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    for (size_t len = 0; len < messages[0].len; len++) {
        struct bytes cut = bytes_of(messages[0].data, len);
        size_t complete = len < headers ? 0 : (len - headers) / SEGMENT;
        int got = try_to_open(libctx, cut, WHOLE, plain, complete * SEGMENT_PLAIN);

        ck_demand(got == ENV_R_TRUNCATED, "cut to %zu: reason %d", len, got);
        if (len % 7 == 0) {
            got = try_to_open(libctx, cut, SMALL_STEP, plain, complete * SEGMENT_PLAIN);
            ck_demand(got == ENV_R_TRUNCATED, "cut to %zu, small: reason %d", len, got);
        }
        bytes_free(&cut);
    }
}
END_TEST

START_TEST(appended_bytes_are_refused)
{
    static const size_t lengths[] = {1, 4, 31, 32, 33, 4127, 4128, 4129};
    struct bytes longer;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (int fill = 0; fill <= 0xFF; fill += 0xFF) {
            struct bytes more = bytes_new(lengths[i]);

            memset(more.data, fill, more.len);
            longer = bytes_of(messages[0].data, messages[0].len);
            bytes_append(&longer, more.data, more.len);
            ends_with(longer, 2 * SEGMENT_PLAIN, ENV_R_TRAILING_DATA, "appended", lengths[i]);
            bytes_free(&longer);
            bytes_free(&more);
        }
    }
    /* another whole message */
    longer = bytes_of(messages[0].data, messages[0].len);
    bytes_append(&longer, messages[1].data, messages[1].len);
    ends_with(longer, 2 * SEGMENT_PLAIN, ENV_R_TRAILING_DATA, "a message", 1);
    bytes_free(&longer);
}
END_TEST

/* ---- length fields ---- */

static struct bytes with_length_field(size_t segment, uint32_t stated, size_t len)
{
    struct bytes altered = bytes_of(messages[0].data, len);
    unsigned char *field = altered.data + headers + segment * SEGMENT;

    for (size_t i = 0; i < 4; i++)
        field[i] = (unsigned char)(stated >> (24 - 8 * i));
    return altered;
}

static const uint32_t stated_lengths[] = {0,          1,          16,         28,        31,   32,
                                          33,         4095,       4096,       4127,      4128, 4129,
                                          0x00100000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE};

/* A full segment that says it is a last one; and the message cut right behind what it says. */
START_TEST(full_segments_of_another_length_are_refused)
{
    for (size_t segment = 0; segment < SEGMENTS - 1; segment++) {
        for (size_t i = 0; i < sizeof(stated_lengths) / sizeof(stated_lengths[0]); i++) {
            uint32_t stated = stated_lengths[i];
            struct bytes altered = with_length_field(segment, stated, messages[0].len);
            bool possible = stated >= 32 && stated <= SEGMENT;

            ends_with(altered, segment * SEGMENT_PLAIN,
                      possible ? ENV_R_TRAILING_DATA : ENV_R_BAD_SEGMENT_LENGTH, "length", stated);
            bytes_free(&altered);
            if (!possible)
                continue;
            altered = with_length_field(segment, stated, headers + segment * SEGMENT + stated);
            ends_with(altered, segment * SEGMENT_PLAIN, ENV_R_BAD_SEGMENT, "cut", stated);
            bytes_free(&altered);
        }
    }
}
END_TEST

START_TEST(a_last_segment_of_another_length_is_refused)
{
    struct bytes altered;

    for (size_t i = 0; i < sizeof(stated_lengths) / sizeof(stated_lengths[0]); i++) {
        altered = with_length_field(2, stated_lengths[i], messages[0].len);
        ends_with(altered, 2 * SEGMENT_PLAIN, reason_for_length(stated_lengths[i], LAST_LEN),
                  "last length", stated_lengths[i]);
        bytes_free(&altered);
    }
    /* "not the last": unchanged, and padded to a full segment */
    altered = with_length_field(2, 0xFFFFFFFFu, messages[0].len);
    ends_with(altered, 2 * SEGMENT_PLAIN, ENV_R_TRUNCATED, "not last", 0);
    bytes_append(&altered, messages[1].data, SEGMENT - LAST_LEN);
    ends_with(altered, 2 * SEGMENT_PLAIN, ENV_R_BAD_SEGMENT, "not last", 1);
    bytes_free(&altered);
}
END_TEST

/* ---- segments in other places ---- */

/*
 * What must happen to a body made of these segments (0 to 2 of the message, 3 to 5 of the other):
 * those in their own places are verified until one is not, or one ends the message.
 */
static int reason_for_sequence(const unsigned *sequence, size_t len, size_t *verified)
{
    for (size_t i = 0; i < len; i++) {
        bool right = sequence[i] == i;
        bool last = sequence[i] % SEGMENTS == SEGMENTS - 1;

        *verified = i * SEGMENT_PLAIN;
        if (last && i + 1 < len)
            return ENV_R_TRAILING_DATA;
        if (!right)
            return ENV_R_BAD_SEGMENT;
        if (last) {
            *verified = PLAIN_LEN;
            return ENV_R_NONE;
        }
        *verified = (i + 1) * SEGMENT_PLAIN;
    }
    return ENV_R_TRUNCATED;
}

static void try_sequence(const unsigned *sequence, size_t len, size_t number)
{
    struct bytes message = bytes_of(messages[0].data, headers);
    size_t verified = 0;
    int reason = reason_for_sequence(sequence, len, &verified);

    for (size_t i = 0; i < len; i++) {
        size_t segment = sequence[i] % SEGMENTS;

        bytes_append(&message, messages[sequence[i] / SEGMENTS].data + headers + segment * SEGMENT,
                     length_of(segment));
    }
    ends_with(message, verified, reason, "sequence", number);
    bytes_free(&message);
}

/*
 * Every sequence of up to four segments of the message and of another: duplicated, dropped,
 * swapped, moved, exchanged. Exactly one of them opens.
 */
START_TEST(only_the_right_sequence_of_segments_opens)
{
    size_t count = 1;

    for (size_t len = 0; len <= 4; len++, count *= 2 * SEGMENTS) {
        for (size_t number = 0; number < count; number++) {
            unsigned sequence[4];
            size_t rest = number;

            for (size_t i = 0; i < len; i++, rest /= 2 * SEGMENTS)
                sequence[i] = (unsigned)(rest % (2 * SEGMENTS));
            try_sequence(sequence, len, number);
        }
    }
}
END_TEST

/* The two headers and the body of two messages, in every combination. */
START_TEST(parts_of_two_messages_do_not_open)
{
    for (unsigned from = 1; from < 7; from++) {
        struct bytes mixed = bytes_of(messages[from & 1].data, headers - 74);
        int reason = ENV_R_CONTEXT_MISMATCH;

        bytes_append(&mixed, messages[from >> 1 & 1].data + headers - 74, 74);
        bytes_append(&mixed, messages[from >> 2 & 1].data + headers, messages[0].len - headers);
        if ((from & 1) == (from >> 1 & 1)) /* the headers belong together */
            reason = ENV_R_BAD_SEGMENT;
        ends_with(mixed, 0, reason, "mixed", from);
        bytes_free(&mixed);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: altered segments");
    TCase *tcase = tcase_create("segments");

    tcase_set_timeout(tcase, 250);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, every_flipped_bit_is_refused, 0, (int)SEGMENTS);
    tcase_add_test(tcase, every_truncation_is_refused);
    tcase_add_test(tcase, appended_bytes_are_refused);
    tcase_add_test(tcase, full_segments_of_another_length_are_refused);
    tcase_add_test(tcase, a_last_segment_of_another_length_is_refused);
    tcase_add_test(tcase, only_the_right_sequence_of_segments_opens);
    tcase_add_test(tcase, parts_of_two_messages_do_not_open);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
