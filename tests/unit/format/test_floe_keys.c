/* SPDX-License-Identifier: Apache-2.0 */
/* FLOE's keys and IVs: rotation, copies of an opening state, commitments. */
#include <stdlib.h>
#include <string.h>

#include "floe_pair.h"

/* Seals `count` full segments and gives them in one piece. */
static struct bytes seal_many(size_t count)
{
    struct bytes out = bytes_new(0);
    uint8_t plain[SHORT_PLAIN], sealed[SHORT_SEGMENT];

    for (size_t i = 0; i < count; i++) {
        memset(plain, (int)i, sizeof(plain));
        ck_demand(seal_one(plain, SHORT_PLAIN, false, sealed) == ENV_R_NONE, "segment %zu", i);
        bytes_append(&out, sealed, sizeof(sealed));
    }
    return out;
}

/* Opens from segment `from` on until one fails; returns its number. */
static size_t open_many(struct env_floe *floe, struct bytes sealed, size_t from)
{
    uint8_t out[SHORT_PLAIN];
    size_t n = 0;

    for (size_t i = from; i < sealed.len / SHORT_SEGMENT; i++) {
        int reason = open_one(floe, sealed.data + i * SHORT_SEGMENT, SHORT_SEGMENT, out, &n);

        if (reason != ENV_R_NONE) {
            ck_assert_int_eq(reason, ENV_R_BAD_SEGMENT);
            return i;
        }
        for (size_t j = 0; j < sizeof(out); j++)
            ck_demand(out[j] == (uint8_t)i, "plaintext of segment %zu", i);
    }
    return sealed.len / SHORT_SEGMENT;
}

/* A new AES key every 2^rotation segments: a reader that does not change it fails right there. */
START_TEST(the_key_changes_every_2_to_the_rotation_segments)
{
    for (unsigned rotation = 0; rotation <= 5; rotation++) {
        struct bytes sealed;

        start_with((struct env_floe_params){SHORT_SEGMENT, rotation});
        sealed = seal_many(70);
        ck_assert_uint_eq(open_many(&opening, sealed, 0), 70);
        ck_assert(env_ok(
            env_floe_open_start(&opening, crypto, short_params, floe_dek, floe_aad, floe_header)));
        ck_assert_uint_eq(open_many(&opening, sealed, 0), (size_t)1 << rotation);
        bytes_free(&sealed);
    }
}
END_TEST

/* Copied at every position, also right at a change of keys; both go on, and neither needs the DEK.
 */
START_TEST(an_opening_state_is_copied_at_any_segment)
{
    const size_t count = 20;
    struct bytes sealed;

    start_with((struct env_floe_params){SHORT_SEGMENT, 2});
    sealed = seal_many(count);
    for (size_t at = 0; at <= count; at++) {
        struct bytes begun = {sealed.data, at * SHORT_SEGMENT, 0};
        struct env_floe copy = {0};

        ck_assert(env_ok(env_floe_open_start(&opening, crypto, sealing.params, floe_dek, floe_aad,
                                             floe_header)));
        ck_assert_uint_eq(open_many(&opening, begun, 0), at);
        ck_assert(env_ok(env_floe_copy_opening(&copy, &opening, floe_aad, NULL, 0)));
        ck_assert_uint_eq(open_many(&copy, sealed, at), count);
        ck_assert_uint_eq(open_many(&opening, sealed, at), count);
        env_floe_clear(&copy);
    }
    bytes_free(&sealed);
}
END_TEST

START_TEST(a_copy_of_a_closed_state_is_closed)
{
    struct env_floe copy = {0};
    uint8_t sealed[SHORT_SEGMENT], out[SHORT_PLAIN];
    size_t n = 0;

    start_with(short_params);
    ck_assert_int_eq(seal_one((const uint8_t *)"x", 1, true, sealed), ENV_R_NONE);
    ck_assert_int_eq(open_one(&opening, sealed, 33, out, &n), ENV_R_NONE);
    ck_assert(env_ok(env_floe_copy_opening(&copy, &opening, floe_aad, NULL, 0)));
    ck_assert_int_eq(open_one(&copy, sealed, 33, out, &n), ENV_R_MESSAGE_FINISHED);
    env_floe_clear(&copy);
}
END_TEST

static int reason_of_start(const uint8_t *key, struct env_span with, const uint8_t *header)
{
    return (int)env_floe_open_start(&opening, crypto, short_params, key, with, header).reason;
}

/* Another key, another context, another IV or tag: reported before any segment. */
START_TEST(the_header_commits_to_key_and_context)
{
    uint8_t longest[4096];

    memset(longest, 'c', sizeof(longest));
    start_with(short_params);
    ck_assert_int_eq(reason_of_start(floe_dek, span("context", 6), floe_header),
                     ENV_R_CONTEXT_MISMATCH);
    ck_assert_int_eq(reason_of_start(floe_dek, span("context", 8), floe_header),
                     ENV_R_CONTEXT_MISMATCH);
    ck_assert_int_eq(reason_of_start(floe_dek, span("Context", 7), floe_header),
                     ENV_R_CONTEXT_MISMATCH);
    ck_assert_int_eq(reason_of_start(floe_dek, span(NULL, 0), floe_header), ENV_R_CONTEXT_MISMATCH);
    ck_assert_int_eq(reason_of_start(floe_dek, span(longest, 4096), floe_header),
                     ENV_R_CONTEXT_MISMATCH);
    for (size_t bit = 0; bit < 8 * sizeof(floe_dek); bit++) {
        floe_dek[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(reason_of_start(floe_dek, floe_aad, floe_header), ENV_R_CONTEXT_MISMATCH);
        floe_dek[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(floe_header); bit++) {
        int expected = ENV_R_CONTEXT_MISMATCH;

        if (bit / 8 < 10)
            expected = bit / 8 >= 2 && bit / 8 < 6 ? ENV_R_SEGMENT_LENGTH : ENV_R_BAD_FLOE_HEADER;
        floe_header[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(reason_of_start(floe_dek, floe_aad, floe_header), expected);
        floe_header[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_int_eq(reason_of_start(floe_dek, floe_aad, floe_header), ENV_R_NONE);
}
END_TEST

static int compare_ivs(const void *a, const void *b)
{
    return memcmp(a, b, ENV_GCM_IV_LEN);
}

/* IVs are drawn in batches: none is used twice, in one message or in two under one DEK. */
START_TEST(every_iv_is_used_once)
{
    const size_t per_message = 3000;
    struct bytes ivs = bytes_new(0);
    uint8_t first_header[ENV_FLOE_HEADER_LEN];

    for (int message = 0; message < 3; message++) {
        struct bytes sealed;

        memcpy(first_header, floe_header, sizeof(first_header));
        start_with(short_params);
        ck_assert_mem_ne(first_header + 10, floe_header + 10, 64);
        sealed = seal_many(per_message);
        for (size_t i = 0; i < per_message; i++)
            bytes_append(&ivs, sealed.data + i * SHORT_SEGMENT + 4, ENV_GCM_IV_LEN);
        bytes_free(&sealed);
    }
    qsort(ivs.data, 3 * per_message, ENV_GCM_IV_LEN, compare_ivs);
    for (size_t i = 1; i < 3 * per_message; i++)
        ck_demand(compare_ivs(ivs.data + (i - 1) * ENV_GCM_IV_LEN, ivs.data + i * ENV_GCM_IV_LEN) !=
                      0,
                  "an IV was used twice");
    bytes_free(&ivs);
}
END_TEST

/* Nothing of the keys is left in a state that was cleared. */
START_TEST(clearing_wipes_the_keys)
{
    struct env_floe zeros;
    struct bytes sealed;

    memset(&zeros, 0, sizeof(zeros));
    start_with(short_params);
    sealed = seal_many(3);
    bytes_free(&sealed);
    env_floe_clear(&sealing);
    env_floe_clear(&opening);
    ck_assert_mem_eq(&sealing, &zeros, sizeof(zeros));
    ck_assert_mem_eq(&opening, &zeros, sizeof(zeros));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: FLOE keys");
    TCase *tcase = tcase_create("keys");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, floe_pair_set_up, floe_pair_tear_down);
    tcase_add_test(tcase, the_key_changes_every_2_to_the_rotation_segments);
    tcase_add_test(tcase, an_opening_state_is_copied_at_any_segment);
    tcase_add_test(tcase, a_copy_of_a_closed_state_is_closed);
    tcase_add_test(tcase, the_header_commits_to_key_and_context);
    tcase_add_test(tcase, every_iv_is_used_once);
    tcase_add_test(tcase, clearing_wipes_the_keys);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
