/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a message: its bytes, how many bytes are read for it, and that a message with another
 * end than the sealed one gives no output, wherever the part is.
 */
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "provider/common/provctx.h"
#include "tools/common/errors.h"
#include "tools/files/cat_body.h"
#include "tools/files/size_text.h"

#define KINDS 2

static const struct kind {
    const char *cipher;
    size_t segment;
    size_t plain;
} kinds[KINDS] = {{"ENVELOPE", SEGMENT, SEGMENT_PLAIN}, {"ENVELOPE-64K", SEGMENT_64K, 65536}};

static OSSL_LIB_CTX *libctx;
static const struct env_dek_context *dek;
static struct tool_message *message;

static void set_up(void)
{
    EVP_CIPHER *cipher;

    fake_reset();
    libctx = fake_libctx_new();
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    ck_assert_ptr_nonnull(cipher);
    dek = &((struct env_provctx *)OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher)))
               ->dek;
    EVP_CIPHER_free(cipher);
    ck_assert(env_ok(env_crypto_ready(dek->crypto)));
    message = calloc(1, sizeof(*message));
    ck_assert_ptr_nonnull(message);
}

static void tear_down(void)
{
    free(message);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* ---- the file ---- */

struct file {
    struct bytes bytes;
    uint64_t read; /* bytes that were read of it */
    struct bytes given;
};

static ENV_RESULT read_file(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got)
{
    struct file *file = arg;
    size_t left = offset < file->bytes.len ? file->bytes.len - (size_t)offset : 0;

    *got = left < len ? left : len;
    if (*got > 0)
        memcpy(to, file->bytes.data + offset, *got);
    file->read += *got;
    return ENV_OK;
}

static ENV_RESULT give(void *arg, struct env_span bytes)
{
    struct file *file = arg;

    bytes_append(&file->given, bytes.data, bytes.len);
    return ENV_OK;
}

static struct bytes seal(const struct kind *kind, struct bytes plain)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, kind->cipher, 1);
    struct bytes sealed = caller_finish(ctx, plain, 65536);

    EVP_CIPHER_CTX_free(ctx);
    return sealed;
}

/* What of it is known by its headers and its size, as the command finds it out. */
static void read_message(struct file *file)
{
    struct env_span head = {message->bytes, sizeof(message->bytes)};

    head.len = file->bytes.len < head.len ? file->bytes.len : head.len;
    memcpy(message->bytes, file->bytes.data, head.len);
    ck_assert(env_ok(tool_message_parse(head, file->bytes.len, message)));
    if (message->end == ENV_R_NONE)
        tool_message_see_end(message, file->bytes.data + message->last_at);
    file->read = 0;
}

static ENV_RESULT cat(struct file *file, uint64_t offset, uint64_t length)
{
    const struct tool_cat cat = {
        .dek = dek,
        .message = message,
        .offset = offset,
        .length = length,
        .read = read_file,
        .give = give,
        .arg = file,
    };

    bytes_free(&file->given);
    return tool_cat_body(&cat);
}

static void is_refused(struct file *file, uint64_t offset, uint64_t length, enum env_reason reason)
{
    ENV_RESULT r = cat(file, offset, length);

    ck_assert_int_eq(r.reason, reason);
    ck_assert_uint_eq(file->given.len, 0);
}

/* ---- bytes, and how many are read for them ---- */

static void check_part(const struct kind *kind, struct file *file, struct bytes plain,
                       uint64_t offset, uint64_t length)
{
    const size_t to = length < plain.len - offset ? (size_t)(offset + length) : plain.len;
    const size_t last =
        plain.len / kind->plain; /* number of the last segment, which may be empty */
    size_t first = (size_t)offset / kind->plain;
    size_t end = to > offset ? (to + kind->plain - 1) / kind->plain : first;

    end = end < last ? end : last;
    first = first < end ? first : end;
    file->read = 0;
    ck_assert(env_ok(cat(file, offset, length)));
    ck_assert_uint_eq(file->given.len, to - offset);
    if (to > offset)
        ck_assert_int_eq(memcmp(file->given.data, plain.data + offset, to - offset), 0);
    /* the last segment, and those of the part but for that */
    ck_assert_uint_eq(file->read, plain.len % kind->plain + 32 + (end - first) * kind->segment);
}

START_TEST(a_part_is_what_it_is_and_only_its_segments_and_the_last_are_read)
{
    const struct kind *kind = &kinds[_i];
    const size_t sizes[] = {
        0, 1, kind->plain - 1, kind->plain, kind->plain + 1, 3 * kind->plain, 9 * kind->plain + 17};

    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct bytes plain = bytes_plain(sizes[s], s + 1);
        struct file file = {.bytes = seal(kind, plain)};
        const uint64_t edges[] = {0,
                                  1,
                                  kind->plain - 1,
                                  kind->plain,
                                  kind->plain + 1,
                                  2 * kind->plain,
                                  sizes[s] / 2,
                                  sizes[s] - (sizes[s] > 0),
                                  sizes[s]};

        read_message(&file);
        for (size_t o = 0; o < sizeof(edges) / sizeof(edges[0]); o++) {
            if (edges[o] > sizes[s])
                continue;
            for (size_t l = 0; l < sizeof(edges) / sizeof(edges[0]); l++)
                check_part(kind, &file, plain, edges[o], edges[l]);
            check_part(kind, &file, plain, edges[o], UINT64_MAX);
        }
        is_refused(&file, sizes[s] + 1, 1, ENV_R_RANGE_PAST_END);
        is_refused(&file, UINT64_MAX, UINT64_MAX, ENV_R_RANGE_PAST_END);
        bytes_free(&file.given);
        bytes_free(&file.bytes);
        bytes_free(&plain);
    }
}
END_TEST

/* More than one piece is read, and many segments are passed over. */
START_TEST(a_long_message_is_read_in_pieces)
{
    struct bytes plain = bytes_plain(3000001, 7);
    struct file file = {.bytes = seal(&kinds[_i], plain)};

    read_message(&file);
    check_part(&kinds[_i], &file, plain, 0, UINT64_MAX);
    check_part(&kinds[_i], &file, plain, 1234567, 1000000);
    check_part(&kinds[_i], &file, plain, 2900000, 5);
    bytes_free(&file.given);
    bytes_free(&file.bytes);
    bytes_free(&plain);
}
END_TEST

/* ---- not all there, or more ---- */

/* Any part of what is left of the file is refused, with one of two reasons. */
static void every_part_is_refused(struct file *file, enum env_reason one, enum env_reason other)
{
    const uint64_t offsets[] = {0, 5000, 70000};

    read_message(file);
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        ENV_RESULT r = cat(file, offsets[i], 10);

        ck_assert_msg(r.reason == one || r.reason == other, "%d", (int)r.reason);
        ck_assert_uint_eq(file->given.len, 0);
    }
}

START_TEST(a_message_that_was_cut_is_refused_wherever_the_part_is)
{
    const struct kind *kind = &kinds[_i];
    struct bytes plain = bytes_plain(5 * kind->plain + 100, 3);
    struct bytes whole = seal(kind, plain);
    const size_t body = message_headers_len(whole);
    const size_t lengths[] = {whole.len - 1, whole.len - 132, body + 4 * kind->segment,
                              body + 3 * kind->segment + 50, body + kind->segment};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct file file = {.bytes = bytes_of(whole.data, lengths[i])};

        every_part_is_refused(&file, ENV_R_TRUNCATED, ENV_R_TRUNCATED);
        bytes_free(&file.bytes);
    }
    bytes_free(&whole);
    bytes_free(&plain);
}
END_TEST

/*
 * A full segment that says that it is the last is one that was written by nobody: the length field
 * is not encrypted, and whoever cuts a file at a segment can write it. It is authenticated.
 */
START_TEST(a_cut_that_is_covered_up_is_refused)
{
    const struct kind *kind = &kinds[_i];
    struct bytes plain = bytes_plain(5 * kind->plain + 100, 3);
    struct bytes whole = seal(kind, plain);
    const size_t at = message_headers_len(whole) + 3 * kind->segment;
    struct file file = {.bytes = bytes_of(whole.data, at + kind->segment)};

    file.bytes.data[at] = 0;
    file.bytes.data[at + 1] = (unsigned char)(kind->segment >> 16);
    file.bytes.data[at + 2] = (unsigned char)(kind->segment >> 8);
    file.bytes.data[at + 3] = (unsigned char)kind->segment;
    every_part_is_refused(&file, ENV_R_BAD_SEGMENT, ENV_R_BAD_SEGMENT);
    bytes_free(&file.bytes);
    /* the last segment, moved to where the cut was: it is the sixth, and no other */
    file.bytes = bytes_of(whole.data, at);
    bytes_append(&file.bytes, whole.data + whole.len - 132, 132);
    every_part_is_refused(&file, ENV_R_BAD_SEGMENT, ENV_R_BAD_SEGMENT);
    bytes_free(&file.bytes);
    bytes_free(&whole);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_message_with_something_behind_it_is_refused_wherever_the_part_is)
{
    const struct kind *kind = &kinds[_i];
    struct bytes plain = bytes_plain(5 * kind->plain + 100, 3);
    struct bytes whole = seal(kind, plain);
    struct bytes zeros = bytes_new(2 * kind->segment);
    const size_t added[] = {1, 31, 32, kind->segment - 132, kind->segment, kind->segment + 1};

    for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
        struct file file = {.bytes = bytes_of(whole.data, whole.len)};

        bytes_append(&file.bytes, zeros.data, added[i]);
        every_part_is_refused(&file, ENV_R_TRAILING_DATA, ENV_R_BAD_SEGMENT_LENGTH);
        bytes_free(&file.bytes);
    }
    { /* whole segments of the message itself, in front of its last one */
        struct file file = {.bytes = bytes_of(whole.data, whole.len - 132)};

        bytes_append(&file.bytes, whole.data + message_headers_len(whole), kind->segment);
        bytes_append(&file.bytes, whole.data + whole.len - 132, 132);
        every_part_is_refused(&file, ENV_R_BAD_SEGMENT, ENV_R_BAD_SEGMENT);
        bytes_free(&file.bytes);
    }
    bytes_free(&zeros);
    bytes_free(&whole);
    bytes_free(&plain);
}
END_TEST

START_TEST(only_what_the_part_needs_has_to_verify)
{
    const struct kind *kind = &kinds[_i];
    struct bytes plain = bytes_plain(5 * kind->plain + 100, 3);
    struct file file = {.bytes = seal(kind, plain)};
    const size_t body = message_headers_len(file.bytes);

    read_message(&file);
    file.bytes.data[body + 2 * kind->segment + 60] ^= 1;
    check_part(kind, &file, plain, 0, 2 * kind->plain);
    check_part(kind, &file, plain, 3 * kind->plain, UINT64_MAX);
    is_refused(&file, 3 * kind->plain - 1, 1, ENV_R_BAD_SEGMENT);
    file.bytes.data[file.bytes.len - 1] ^= 1; /* of the last one */
    is_refused(&file, 0, 1, ENV_R_BAD_SEGMENT);
    bytes_free(&file.given);
    bytes_free(&file.bytes);
    bytes_free(&plain);
}
END_TEST

/* The file is cut between the look at its size and the reading. */
START_TEST(a_file_that_shrinks_meanwhile_is_truncated)
{
    const struct kind *kind = &kinds[_i];
    struct bytes plain = bytes_plain(5 * kind->plain + 100, 3);
    struct file file = {.bytes = seal(kind, plain)};

    read_message(&file);
    file.bytes.len -= 1;
    is_refused(&file, 0, 1, ENV_R_TRUNCATED);
    file.bytes.len = message_headers_len(file.bytes) + 10;
    is_refused(&file, 0, 1, ENV_R_TRUNCATED);
    bytes_free(&file.given);
    bytes_free(&file.bytes);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_kek_that_fails_and_a_wrong_context_are_told)
{
    struct bytes plain = bytes_plain(10000, 5);
    struct file file = {.bytes = seal(&kinds[0], plain)};
    struct tool_cat with_context = {.dek = dek,
                                    .context = {(const uint8_t *)"other", 5},
                                    .message = message,
                                    .length = 1,
                                    .read = read_file,
                                    .give = give,
                                    .arg = &file};
    ENV_RESULT r;

    read_message(&file);
    r = tool_cat_body(&with_context);
    ck_assert_int_eq(r.reason, ENV_R_CONTEXT_MISMATCH);
    fake_keks[0].fail_unwrap = true;
    is_refused(&file, 0, 1, ENV_R_TOKEN_FAILED);
    fake_keks[0].fail_unwrap = false;
    fake_keks[0].absent = true;
    is_refused(&file, 0, 1, ENV_R_KEK_NOT_HERE);
    bytes_free(&file.given);
    bytes_free(&file.bytes);
    bytes_free(&plain);
}
END_TEST

START_TEST(sizes_on_the_command_line)
{
    static const struct {
        const char *text;
        uint64_t size;
    } good[] = {{"0", 0},
                {"4096", 4096},
                {"64K", 65536},
                {"10M", 10485760},
                {"2G", UINT64_C(1) << 31},
                {"3T", UINT64_C(3) << 40},
                {"16777215T", UINT64_C(16777215) << 40},
                {"18446744073709551615", UINT64_MAX}};
    static const char *const bad[] = {"",     "-1",   "+1",        " 1",
                                      "1 ",   "1k",   "1KB",       "K",
                                      "0x10", "1.5M", "16777216T", "18446744073709551616"};
    uint64_t size;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_msg(tool_size_read(good[i].text, &size), "%s", good[i].text);
        ck_assert_uint_eq(size, good[i].size);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!tool_size_read(bad[i], &size), "'%s'", bad[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tool: cat");
    TCase *tcase = tcase_create("parts");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_part_is_what_it_is_and_only_its_segments_and_the_last_are_read, 0,
                        KINDS);
    tcase_add_loop_test(tcase, a_long_message_is_read_in_pieces, 0, KINDS);
    tcase_add_loop_test(tcase, a_message_that_was_cut_is_refused_wherever_the_part_is, 0, KINDS);
    tcase_add_loop_test(tcase, a_cut_that_is_covered_up_is_refused, 0, KINDS);
    tcase_add_loop_test(tcase, a_message_with_something_behind_it_is_refused_wherever_the_part_is,
                        0, KINDS);
    tcase_add_loop_test(tcase, only_what_the_part_needs_has_to_verify, 0, KINDS);
    tcase_add_loop_test(tcase, a_file_that_shrinks_meanwhile_is_truncated, 0, KINDS);
    tcase_add_test(tcase, a_kek_that_fails_and_a_wrong_context_are_told);
    tcase_add_test(tcase, sizes_on_the_command_line);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
