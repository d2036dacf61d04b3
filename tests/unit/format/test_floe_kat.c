/* SPDX-License-Identifier: Apache-2.0 */
/* FLOE's published known answers (tests/vectors/floe) through our segment code. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "floe_pair.h"

#define MOST_BYTES 16384u

static const struct vector {
    const char *name;
    uint32_t segment_len;
    unsigned rotation;
} vectors[] = {
    {"cpp_GCM256_IV256_4K", 4096, ENV_FLOE_ROTATION},
    {"go_GCM256_IV256_4K", 4096, ENV_FLOE_ROTATION},
    {"java_GCM256_IV256_4K", 4096, ENV_FLOE_ROTATION},
    {"pub_java_GCM256_IV256_4K", 4096, ENV_FLOE_ROTATION},
    {"rust_GCM256_IV256_4K", 4096, ENV_FLOE_ROTATION},
    {"cpp_GCM256_IV256_64", 64, ENV_FLOE_ROTATION},
    {"go_GCM256_IV256_64", 64, ENV_FLOE_ROTATION},
    {"java_GCM256_IV256_64", 64, ENV_FLOE_ROTATION},
    {"pub_java_GCM256_IV256_64", 64, ENV_FLOE_ROTATION},
    {"rust_GCM256_IV256_64", 64, ENV_FLOE_ROTATION},
    {"cpp_rotation", 40, 2},
    {"go_rotation", 40, 2},
    {"java_rotation", 40, 2},
    {"pub_java_rotation", 40, 2},
    {"rust_rotation", 40, 2},
    {"java_lastSegAligned", 40, ENV_FLOE_ROTATION},
    {"java_lastSegEmpty", 40, ENV_FLOE_ROTATION},
};

#define VECTORS ((int)(sizeof(vectors) / sizeof(vectors[0])))

static const uint8_t dek[ENV_DEK_LEN];
static const struct env_span aad = {(const uint8_t *)"This is AAD", 11};

static void set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

static size_t read_hex(const char *name, const char *end, uint8_t out[MOST_BYTES])
{
    char path[512];
    FILE *file;
    size_t len = 0;
    unsigned byte = 0;

    snprintf(path, sizeof(path), "%s/floe/%s_%s.txt", TEST_VECTORS, name, end);
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be read", path);
    while (fscanf(file, "%2x", &byte) == 1) {
        ck_assert_uint_lt(len, MOST_BYTES);
        out[len++] = (uint8_t)byte;
    }
    ck_assert(feof(file));
    fclose(file);
    return len;
}

struct answer {
    uint8_t sealed[MOST_BYTES];
    size_t sealed_len;
    uint8_t plain[MOST_BYTES];
    size_t plain_len;
    uint8_t opened[MOST_BYTES];
    size_t opened_len;
};

/*
 * Opens every segment up to the last one or the first that fails. split is how many bytes of a
 * segment's ciphertext come in the first of two pieces; the segment comes whole when it is not
 * longer.
 */
static ENV_RESULT open_all(const struct vector *vector, struct answer *answer, size_t split)
{
    struct env_floe floe = {0};
    struct env_floe_params params = {vector->segment_len, vector->rotation};
    const uint8_t *p = answer->sealed + ENV_FLOE_HEADER_LEN;
    size_t left = answer->sealed_len - ENV_FLOE_HEADER_LEN;
    bool last = false;
    ENV_RESULT r = env_floe_open_start(&floe, crypto, params, dek, aad, answer->sealed);

    answer->opened_len = 0;
    while (env_ok(r) && !last) {
        size_t len = 0, out_len = 0;

        ck_assert_uint_ge(left, ENV_FLOE_OVERHEAD);
        r = env_floe_segment_prefix(&floe.params, p, &len, &last);
        ck_assert(env_ok(r));
        ck_assert_uint_le(len, left);
        r.reason = (enum env_reason)(
            split < len ? open_in_pieces(&floe, p, len, split, answer->opened + answer->opened_len,
                                         &out_len)
                        : open_one(&floe, p, len, answer->opened + answer->opened_len, &out_len));
        answer->opened_len += out_len;
        p += len;
        left -= len;
    }
    if (env_ok(r))
        ck_assert_uint_eq(left, 0);
    env_floe_clear(&floe);
    return r;
}

static struct answer *read_answer(const struct vector *vector)
{
    struct answer *answer = calloc(1, sizeof(*answer));

    ck_assert_ptr_nonnull(answer);
    answer->sealed_len = read_hex(vector->name, "ct", answer->sealed);
    answer->plain_len = read_hex(vector->name, "pt", answer->plain);
    ck_assert_uint_gt(answer->sealed_len, ENV_FLOE_HEADER_LEN);
    return answer;
}

START_TEST(a_known_ciphertext_opens_to_its_plaintext)
{
    const struct vector *vector = &vectors[_i];
    struct answer *answer = read_answer(vector);
    uint32_t segment_len = 0;
    /* a segment in one piece, and cut where its ciphertext begins (when it has that much) */
    const size_t splits[] = {MOST_BYTES, 16};

    ck_assert(env_ok(env_floe_segment_len(answer->sealed, &segment_len)));
    ck_assert_uint_eq(segment_len, vector->segment_len);
    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
        ck_assert(env_ok(open_all(vector, answer, splits[i])));
        ck_assert_uint_eq(answer->opened_len, answer->plain_len);
        ck_assert_mem_eq(answer->opened, answer->plain, answer->plain_len);
    }
    free(answer);
}
END_TEST

START_TEST(a_known_ciphertext_with_another_bit_does_not_open)
{
    const struct vector *vector = &vectors[_i];
    struct answer *answer = read_answer(vector);
    size_t full = vector->segment_len - ENV_FLOE_OVERHEAD;

    answer->sealed[answer->sealed_len - 1] ^= 1; /* the last segment's tag */
    ck_assert_int_eq(open_all(vector, answer, MOST_BYTES).reason, ENV_R_BAD_SEGMENT);
    ck_assert_uint_eq(answer->opened_len % full, 0);
    ck_assert_uint_le(answer->opened_len, answer->plain_len);
    ck_assert_mem_eq(answer->opened, answer->plain, answer->opened_len);

    answer->sealed[ENV_FLOE_HEADER_LEN - 1] ^= 1; /* the header tag */
    ck_assert_int_eq(open_all(vector, answer, MOST_BYTES).reason, ENV_R_CONTEXT_MISMATCH);
    ck_assert_uint_eq(answer->opened_len, 0);
    free(answer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: FLOE known answers");
    TCase *tcase = tcase_create("vectors");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_known_ciphertext_opens_to_its_plaintext, 0, VECTORS);
    tcase_add_loop_test(tcase, a_known_ciphertext_with_another_bit_does_not_open, 0, VECTORS);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
