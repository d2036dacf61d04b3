/* SPDX-License-Identifier: Apache-2.0 */
/* FLOE's segments: their lengths, the last one, positions and the maximum. */
#include <string.h>

#include "floe_pair.h"

#define MOST_SEGMENTS (UINT64_C(1) << 40)

/* Every length of a last segment, behind none to three full ones, cut in two at every place. */
START_TEST(every_last_length_opens_in_any_two_pieces)
{
    struct bytes plain = bytes_plain(4 * SHORT_PLAIN, 40);
    uint8_t sealed[SHORT_SEGMENT], whole[SHORT_SEGMENT], out[SHORT_PLAIN];

    for (size_t len = 0; len <= plain.len; len++) {
        for (size_t cut = 0; cut <= SHORT_PLAIN; cut++) {
            size_t done = 0, n = 0;
            bool last = false;

            start_with(short_params);
            while (!last) {
                size_t piece = len - done < SHORT_PLAIN ? len - done : SHORT_PLAIN;
                size_t head = cut < piece ? cut : piece;
                size_t stated = 0;
                bool stated_last = false;

                /* a message of full segments ends in a full last one, or in an empty one */
                last = len - done < SHORT_PLAIN || (cut % 2 == 0 && len - done == SHORT_PLAIN);
                ck_demand(env_ok(env_floe_seal_segment(&sealing, span(plain.data + done, head),
                                                       span(plain.data + done + head, piece - head),
                                                       last, sealed)),
                          "sealing");
                ck_demand(env_ok(env_floe_segment_prefix(&opening.params, sealed, &stated,
                                                         &stated_last)) &&
                              stated == piece + 32 && stated_last == last,
                          "prefix");
                memcpy(whole, sealed, stated);
                ck_demand(open_in_pieces(&opening, whole, stated, head, out, &n) == ENV_R_NONE,
                          "opening %zu of %zu, cut at %zu", done, len, head);
                ck_demand(n == piece && memcmp(out, plain.data + done, piece) == 0, "plaintext");
                done += piece;
            }
            ck_demand(done == len, "%zu of %zu", done, len);
        }
    }
    bytes_free(&plain);
}
END_TEST

/* A full segment with two outputs: cut at every possible place, its plaintext in two pieces. */
START_TEST(a_segment_in_two_places_is_the_same)
{
    struct bytes plain = bytes_plain(SHORT_PLAIN, 41);

    for (size_t first = 0; first <= SHORT_SEGMENT; first++) {
        for (size_t head = 0; head <= SHORT_PLAIN; head++) {
            /* as long as may be, so that ASan sees every byte too many */
            struct bytes front = bytes_new(first);
            struct bytes back = bytes_new(SHORT_SEGMENT - first);
            uint8_t whole[SHORT_SEGMENT], out[SHORT_PLAIN];
            ENV_RESULT r;
            size_t n = 0;

            start_with(short_params);
            r = env_floe_seal_cut(&sealing, span(plain.data, head),
                                  span(plain.data + head, SHORT_PLAIN - head), front.data, first,
                                  back.data);
            if (first >= 16 && first < SHORT_SEGMENT - 16) {
                ck_demand(env_ok(r), "cut at %zu and %zu", first, head);
                memcpy(whole, front.data, first);
                memcpy(whole + first, back.data, back.len);
                ck_demand(open_one(&opening, whole, SHORT_SEGMENT, out, &n) == ENV_R_NONE &&
                              n == SHORT_PLAIN && memcmp(out, plain.data, n) == 0,
                          "cut at %zu and %zu does not open", first, head);
                ck_demand(seal_one(plain.data, 3, true, whole) == ENV_R_NONE &&
                              open_one(&opening, whole, 35, out, &n) == ENV_R_NONE,
                          "the next one after %zu and %zu", first, head);
            } else {
                ck_demand(r.reason == ENV_R_INTERNAL && sealing.position == 0, "cut at %zu", first);
            }
            bytes_free(&front);
            bytes_free(&back);
        }
    }
    start_with(short_params);
    ck_assert_int_eq((int)env_floe_seal_cut(&sealing, span(plain.data, SHORT_PLAIN - 1),
                                            span(NULL, 0), plain.data, 32, plain.data)
                         .reason,
                     ENV_R_INTERNAL);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_segment_of_a_wrong_length_is_not_sealed)
{
    uint8_t plain[SHORT_SEGMENT] = {0};
    uint8_t out[2 * SHORT_SEGMENT];

    start_with(short_params);
    for (size_t len = 0; len < SHORT_SEGMENT; len++) {
        if (len != SHORT_PLAIN)
            ck_assert_int_eq(seal_one(plain, len, false, out), ENV_R_INTERNAL);
        if (len > SHORT_PLAIN)
            ck_assert_int_eq(seal_one(plain, len, true, out), ENV_R_INTERNAL);
    }
    ck_assert_uint_eq(sealing.position, 0);
}
END_TEST

START_TEST(a_length_field_out_of_bounds_is_refused)
{
    uint8_t prefix[4];
    size_t len = 0;
    bool last = false;

    start_with(short_params);
    for (uint32_t stated = 0; stated < 70000; stated++) {
        ENV_RESULT r;

        for (int i = 0; i < 4; i++)
            prefix[i] = (uint8_t)(stated >> (24 - 8 * i));
        r = env_floe_segment_prefix(&opening.params, prefix, &len, &last);
        if (stated < 32 || stated > SHORT_SEGMENT)
            ck_demand(r.reason == ENV_R_BAD_SEGMENT_LENGTH, "length %u", stated);
        else
            ck_demand(env_ok(r) && last && len == stated, "length %u", stated);
    }
    memset(prefix, 0xFF, sizeof(prefix));
    ck_assert(env_ok(env_floe_segment_prefix(&opening.params, prefix, &len, &last)));
    ck_assert(!last && len == SHORT_SEGMENT);
    for (int bit = 0; bit < 32; bit++) {
        prefix[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(env_floe_segment_prefix(&opening.params, prefix, &len, &last).reason,
                         ENV_R_BAD_SEGMENT_LENGTH);
        prefix[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

/* The pieces must be one segment; the caller sees to that, and a mistake of his reads nothing. */
START_TEST(pieces_that_make_no_segment_are_refused)
{
    uint8_t plain[SHORT_PLAIN] = {0};
    uint8_t sealed[SHORT_SEGMENT], out[SHORT_SEGMENT];
    size_t n = 9;

    start_with(short_params);
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, false, sealed), ENV_R_NONE);
    for (size_t len = 0; len < SHORT_SEGMENT; len++) {
        struct bytes exact = bytes_of(sealed, len);

        ck_assert_int_eq(open_one(&opening, exact.data, len, out, &n), ENV_R_INTERNAL);
        ck_assert_uint_eq(n, 0);
        bytes_free(&exact);
    }
    ck_assert_int_eq(open_one(&opening, sealed, SHORT_SEGMENT, out, &n), ENV_R_NONE);
}
END_TEST

START_TEST(nothing_follows_the_last_segment)
{
    uint8_t plain[SHORT_PLAIN] = {0};
    uint8_t full[SHORT_SEGMENT], last[SHORT_SEGMENT], out[SHORT_SEGMENT];
    size_t n = 0;

    start_with(short_params);
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, false, full), ENV_R_NONE);
    ck_assert_int_eq(seal_one(plain, 5, true, last), ENV_R_NONE);
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, false, out), ENV_R_MESSAGE_FINISHED);
    ck_assert_int_eq(seal_one(plain, 5, true, out), ENV_R_MESSAGE_FINISHED);
    ck_assert_int_eq(open_one(&opening, full, SHORT_SEGMENT, out, &n), ENV_R_NONE);
    ck_assert_int_eq(open_one(&opening, last, 37, out, &n), ENV_R_NONE);
    ck_assert_int_eq(open_one(&opening, last, 37, out, &n), ENV_R_MESSAGE_FINISHED);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* 2^40 segments, the last among them. */
START_TEST(at_most_2_to_the_40_segments)
{
    uint8_t plain[SHORT_PLAIN] = {0};
    uint8_t sealed[SHORT_SEGMENT], out[SHORT_SEGMENT];
    size_t n = 0;

    start_with((struct env_floe_params){SHORT_SEGMENT, 41}); /* no other key on the way */
    sealing.position = opening.position = MOST_SEGMENTS - 2;
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, false, sealed), ENV_R_NONE);
    ck_assert_int_eq(open_one(&opening, sealed, SHORT_SEGMENT, out, &n), ENV_R_NONE);
    ck_assert_uint_eq(sealing.position, MOST_SEGMENTS - 1);
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, false, out), ENV_R_MESSAGE_TOO_LONG);
    ck_assert_int_eq(open_one(&opening, sealed, SHORT_SEGMENT, out, &n), ENV_R_MESSAGE_TOO_LONG);
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, true, sealed), ENV_R_NONE);
    ck_assert_int_eq(open_one(&opening, sealed, SHORT_SEGMENT, out, &n), ENV_R_NONE);
    ck_assert_uint_eq(n, SHORT_PLAIN);
}
END_TEST

/* A segment opens at its own place, as what it is, and nowhere else. */
START_TEST(a_segment_opens_in_its_own_place_alone)
{
    uint8_t plain[SHORT_PLAIN];
    uint8_t full[3][SHORT_SEGMENT], last[SHORT_SEGMENT], out[SHORT_PLAIN];
    size_t n = 9;

    memset(plain, 0x33, sizeof(plain));
    start_with(short_params);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, false, full[i]), ENV_R_NONE);
    ck_assert_int_eq(seal_one(plain, SHORT_PLAIN, true, last), ENV_R_NONE);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            if (i == j)
                continue;
            memset(out, 0x33, sizeof(out));
            ck_assert_int_eq(open_one(&opening, full[j], SHORT_SEGMENT, out, &n),
                             ENV_R_BAD_SEGMENT);
            ck_assert_uint_eq(n, 0);
            for (size_t k = 0; k < sizeof(out); k++)
                ck_demand(out[k] == 0, "not wiped");
        }
        ck_assert_int_eq(open_one(&opening, full[i], SHORT_SEGMENT, out, &n), ENV_R_NONE);
    }
    memset(last, 0xFF, 4); /* a full last segment that says it is not the last */
    ck_assert_int_eq(open_one(&opening, last, SHORT_SEGMENT, out, &n), ENV_R_BAD_SEGMENT);
    memset(last, 0, 3);
    last[3] = SHORT_SEGMENT;
    ck_assert_int_eq(open_one(&opening, last, SHORT_SEGMENT, out, &n), ENV_R_NONE);
}
END_TEST

/* Key by key (another every 4 segments), in an order that goes back and forth, the last one
 * between. */
START_TEST(segments_open_at_their_places_in_any_order)
{
    const struct env_floe_params params = {SHORT_SEGMENT, 2};
    static const uint64_t order[] = {11, 0, 4, 3, 8, 11, 7, 4, 0, 10, 1, 11, 5};
    struct bytes plain = bytes_plain(12 * SHORT_PLAIN, 44);
    uint8_t segments[12][SHORT_SEGMENT], out[SHORT_PLAIN];
    size_t n = 0;

    start_with(params);
    for (size_t i = 0; i < 12; i++)
        ck_assert_int_eq(seal_one(plain.data + i * SHORT_PLAIN, SHORT_PLAIN, i == 11, segments[i]),
                         ENV_R_NONE);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        ck_assert(env_ok(env_floe_seek(&opening, order[i])));
        ck_assert_int_eq(open_one(&opening, segments[order[i]], SHORT_SEGMENT, out, &n),
                         ENV_R_NONE);
        ck_assert_int_eq(memcmp(out, plain.data + order[i] * SHORT_PLAIN, SHORT_PLAIN), 0);
        if (order[i] == 11) /* nothing follows it, unless it is looked for */
            ck_assert_int_eq(open_one(&opening, segments[0], SHORT_SEGMENT, out, &n),
                             ENV_R_MESSAGE_FINISHED);
        else /* and in order from there, over the change of keys */
            ck_assert_int_eq(open_one(&opening, segments[order[i] + 1], SHORT_SEGMENT, out, &n),
                             ENV_R_NONE);
    }
    /* each verifies at its own place alone */
    for (uint64_t at = 0; at < 16; at++) {
        ck_assert(env_ok(env_floe_seek(&opening, at)));
        ck_assert_int_eq(open_one(&opening, segments[6], SHORT_SEGMENT, out, &n),
                         at == 6 ? ENV_R_NONE : ENV_R_BAD_SEGMENT);
    }
    ck_assert_int_eq(env_floe_seek(&opening, MOST_SEGMENTS).reason, ENV_R_MESSAGE_TOO_LONG);
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: FLOE segments");
    TCase *tcase = tcase_create("segments");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, floe_pair_set_up, floe_pair_tear_down);
    tcase_add_test(tcase, every_last_length_opens_in_any_two_pieces);
    tcase_add_test(tcase, a_segment_in_two_places_is_the_same);
    tcase_add_test(tcase, a_segment_of_a_wrong_length_is_not_sealed);
    tcase_add_test(tcase, a_length_field_out_of_bounds_is_refused);
    tcase_add_test(tcase, pieces_that_make_no_segment_are_refused);
    tcase_add_test(tcase, nothing_follows_the_last_segment);
    tcase_add_test(tcase, at_most_2_to_the_40_segments);
    tcase_add_test(tcase, a_segment_opens_in_its_own_place_alone);
    tcase_add_test(tcase, segments_open_at_their_places_in_any_order);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
