/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict output, for callers that give less room than EVP's contract: an update has inl + 32 bytes
 * as Ruby gives it, and one update and final together inl + block size in one buffer, as PHP does.
 * A guard follows every buffer. An update that cannot keep the limit is refused as a whole.
 */
#include <openssl/err.h>
#include <string.h>
#include <sys/mman.h>

#include "contract.h"
#include "fake_keyring.h"

#define GUARD 64u
#define GUARD_BYTE 0xA5
#define LONGEST (530000u)

static OSSL_LIB_CTX *libctx; /* strict-output = yes */
static unsigned char plain[LONGEST];
static unsigned char sealed[LONGEST + 2 * SEGMENT_64K];
static unsigned char opened[LONGEST + 4 * SEGMENT_64K];

static void set_up(void)
{
    uint64_t state = 77;

    fake_reset();
    libctx = fake_libctx_new_configured(contracts[CONTRACT_STRICT].lines, true);
    for (size_t i = 0; i < sizeof(plain); i += 8) {
        uint64_t next = next_random(&state);

        memcpy(plain + i, &next, 8);
    }
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static bool is_guarded(const unsigned char *at)
{
    return bytes_are((struct bytes){(unsigned char *)at, GUARD, GUARD}, GUARD_BYTE);
}

/*
 * PHP: everything in one update, then final, in one buffer of len + block size. Returns the length
 * of what came out, 0 when the update was refused (and then nothing was written).
 */
static size_t as_php(const char *cipher, int sealing, const unsigned char *in, size_t len,
                     unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, cipher, sealing);
    size_t room = len + (size_t)EVP_CIPHER_CTX_get_block_size(ctx);
    int n = 0;
    int last = 0;
    int ok = 1;

    memset(out, GUARD_BYTE, len + 32 + GUARD);
    memset(out + room, GUARD_BYTE, GUARD);
    if (len > 0)
        ok = EVP_CipherUpdate(ctx, out, &n, in, (int)len);
    ck_demand(n >= 0 && (size_t)n <= len + 32, "%zu bytes: an update wrote %d", len, n);
    ck_demand(is_guarded(out + len + 32), "%zu bytes: an update wrote beside its output", len);
    if (ok != 1) {
        ck_assert_int_eq(n, 0);
        ck_assert(bytes_are((struct bytes){out, len + 32, len + 32}, GUARD_BYTE));
        EVP_CIPHER_CTX_free(ctx);
        return 0;
    }
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out + n, &last), 1);
    ck_demand(last >= 0 && (size_t)n + (size_t)last <= room, "%zu bytes: %d and %d in %zu", len, n,
              last, room);
    ck_demand((size_t)n < len + 32 || (size_t)last <= room - len - 32, "%zu bytes: final wrote %d",
              len, last);
    ck_demand(is_guarded(out + room), "%zu bytes: wrote beside the output", len);
    EVP_CIPHER_CTX_free(ctx);
    return (size_t)n + (size_t)last;
}

/* Ruby: any updates with inl + 32 each, and final with a block, each buffer for itself. */
static size_t as_ruby(const char *cipher, int sealing, const unsigned char *in, size_t len,
                      size_t step, unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, cipher, sealing);
    struct bytes room = bytes_new(step + 32 + SEGMENT_64K + GUARD);
    size_t total = 0;
    int n = 0;

    for (size_t done = 0; done < len; done += step) {
        size_t piece = step < len - done ? step : len - done;

        memset(room.data, GUARD_BYTE, piece + 32 + GUARD);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, in + done, (int)piece), 1);
        ck_demand(n >= 0 && (size_t)n <= piece + 32 && is_guarded(room.data + piece + 32),
                  "an update of %zu after %zu wrote %d", piece, done, n);
        memcpy(out + total, room.data, (size_t)n);
        total += (size_t)n;
    }
    memset(room.data + EVP_CIPHER_CTX_get_block_size(ctx), GUARD_BYTE, GUARD);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room.data, &n), 1);
    ck_assert_int_le(n, EVP_CIPHER_CTX_get_block_size(ctx));
    ck_assert(is_guarded(room.data + EVP_CIPHER_CTX_get_block_size(ctx)));
    memcpy(out + total, room.data, (size_t)n);
    bytes_free(&room);
    EVP_CIPHER_CTX_free(ctx);
    return total + (size_t)n;
}

/* The header and FLOE's for the KEKs of now, as a message has them. */
static size_t headers_now(void)
{
    size_t len = as_php("ENVELOPE", 1, plain, 0, sealed);

    return message_headers_len((struct bytes){sealed, len, len});
}

/* The longest message in one update: the documents' formula, not the provider's. */
static size_t limit_of(size_t headers, size_t segment)
{
    return (segment - headers - 32) / 32 * (segment - 32) + (segment - 32) - 1;
}

/* Whether the error stack has our reason, and in its data the text. */
static bool has_error(int reason, const char *text)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long error;
    bool found = false;

    while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0)
        found = found ||
                (ERR_GET_REASON(error) == reason && data != NULL && strstr(data, text) != NULL);
    return found;
}

static void there_and_back(size_t len)
{
    size_t n = as_php("ENVELOPE", 1, plain, len, sealed);

    ck_demand(n > len, "%zu bytes are refused", len);
    n = as_php("ENVELOPE", 0, sealed, n, opened);
    ck_demand(n == len && memcmp(opened, plain, len) == 0, "%zu bytes do not open", len);
}

static void is_too_large(size_t len)
{
    ERR_clear_error();
    ck_demand(as_php("ENVELOPE", 1, plain, len, sealed) == 0, "%zu bytes are taken", len);
    ck_demand(has_error(ENV_R_UPDATE_TOO_LARGE, "ENVELOPE-64K"), "%zu bytes: another error", len);
}

/* From 1 recipient to 32: the limit, all lengths near it, and some of those far below. */
START_TEST(one_update_and_final_share_a_buffer)
{
    const size_t near = _i == 0 ? 40 : 5;
    size_t headers, limit;

    fake_default_count = (size_t)_i + 1;
    headers = headers_now();
    limit = limit_of(headers, SEGMENT);
    ck_assert_uint_lt(limit, LONGEST - 2 * SEGMENT);
    for (size_t len = 0; len <= limit; len += len % SEGMENT_PLAIN < 2 ? 1 : 1 + len / 16)
        there_and_back(len);
    for (size_t len = limit - near; len <= limit; len++)
        there_and_back(len);
    for (size_t len = limit + 1; len <= limit + near; len++)
        is_too_large(len);
    is_too_large(limit + SEGMENT);
    if (_i == 0)
        ck_assert_uint_eq(limit, 495615);
}
END_TEST

/* Every length there is, where the longest headers leave room for 8 KiB. */
START_TEST(every_length_fits_or_is_refused)
{
    size_t limit;

    longest_header();
    limit = limit_of(headers_now(), SEGMENT);
    ck_assert_uint_eq(limit, 2 * SEGMENT_PLAIN - 1);
    for (size_t len = 0; len <= limit; len++)
        there_and_back(len);
    for (size_t len = limit + 1; len <= limit + SEGMENT_PLAIN + 1; len += 13)
        is_too_large(len);
}
END_TEST

START_TEST(updates_of_any_size_fit_into_theirs)
{
    static const size_t steps[] = {1, 31, 33, 4095, 4096, 4097, 8192};
    const size_t len = 3 * SEGMENT_PLAIN + 77;

    for (size_t keks = 1; keks <= 32; keks++) {
        fake_default_count = keks;
        for (size_t i = keks % 8 == 1 ? 0 : 2; i < sizeof(steps) / sizeof(steps[0]); i++) {
            size_t n = as_ruby("ENVELOPE", 1, plain, len, steps[i], sealed);

            n = as_ruby("ENVELOPE", 0, sealed, n, steps[i], opened);
            ck_assert_uint_eq(n, len);
            ck_assert(memcmp(opened, plain, len) == 0);
        }
    }
}
END_TEST

/* Each update of 8 KiB leaves 32 bytes more, until one would leave too many: it writes nothing. */
START_TEST(large_updates_are_refused_when_too_much_would_wait)
{
    EVP_CIPHER_CTX *ctx;
    size_t headers, count = 0;
    int n = 0;

    fake_default_count = 3;
    headers = headers_now();
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    ERR_clear_error();
    for (;; count++) {
        memset(sealed, GUARD_BYTE, 8192 + 32 + GUARD);
        if (EVP_CipherUpdate(ctx, sealed, &n, plain, 8192) != 1)
            break;
        ck_assert_int_le(n, 8192 + 32);
        ck_assert(is_guarded(sealed + 8192 + 32));
    }
    /* the first leaves the headers and 32 more, each further one 32, and final adds its own */
    ck_assert_uint_eq(count, (SEGMENT - headers - 32) / 32);
    ck_assert_int_eq(n, 0);
    ck_assert(bytes_are((struct bytes){sealed, 8192 + 32, 8192 + 32}, GUARD_BYTE));
    ck_assert(has_error(ENV_R_UPDATE_TOO_LARGE, "ENVELOPE-64K takes more"));
    ck_refused(EVP_CipherFinal_ex(ctx, sealed, &n), ENV_R_CONTEXT_FAILED);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

/* From headers of any length to those of any other. */
START_TEST(rewrapping_fits)
{
    static const size_t lengths[] = {0, 1, 4095, 4096, 5000, 60000};
    size_t from = (size_t)_i + 1;

    for (size_t to = 1; to <= 32; to += to == 1 ? 1 : 5) {
        size_t len = lengths[(from + to) % 6];
        size_t n, m;

        fake_default_count = from;
        n = as_ruby("ENVELOPE", 1, plain, len, 4096, sealed);
        fake_default_count = to;
        m = as_php("ENVELOPE-REWRAP", 1, sealed, n, opened);
        check_rewrapped(libctx, (struct bytes){sealed, n, n}, (struct bytes){opened, m, m});
        m = as_ruby("ENVELOPE-REWRAP", 1, sealed, n, 1 + 7 * to, opened);
        check_rewrapped(libctx, (struct bytes){sealed, n, n}, (struct bytes){opened, m, m});
    }
}
END_TEST

/* ENVELOPE-64K as well. */
START_TEST(large_segments_can_be_strict)
{
    static const size_t lengths[] = {0, 1, 65535, 65536, 65537, 131072, 500000};

    for (size_t keks = 1; keks <= 32; keks += 31) {
        fake_default_count = keks;
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            size_t n = as_php("ENVELOPE-64K", 1, plain, lengths[i], sealed);

            ck_assert_uint_gt(n, lengths[i]);
            n = as_php("ENVELOPE-64K", 0, sealed, n, opened);
            ck_assert_uint_eq(n, lengths[i]);
            ck_assert(memcmp(opened, plain, n) == 0);
        }
    }
}
END_TEST

/* 133 MB in one update, and not a byte more. */
START_TEST(the_limit_of_large_segments)
{
    const size_t limit = limit_of(headers_now(), SEGMENT_64K);
    const size_t room = limit + 1 + SEGMENT_64K + GUARD;
    unsigned char *in = mmap(NULL, limit + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *out =
        mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert(in != MAP_FAILED && out != MAP_FAILED);
    ck_assert_uint_eq(limit, 133758975);
    ck_assert_uint_gt(as_php("ENVELOPE-64K", 1, in, limit, out), limit);
    ERR_clear_error();
    ck_assert_uint_eq(as_php("ENVELOPE-64K", 1, in, limit + 1, out), 0);
    ck_assert(has_error(ENV_R_UPDATE_TOO_LARGE, "updates of 65536 always fit"));
    ck_assert_int_eq(munmap(in, limit + 1), 0);
    ck_assert_int_eq(munmap(out, room), 0);
}
END_TEST

/* Without the key, ENVELOPE keeps the rule that BIO_f_cipher and enc need. */
START_TEST(the_key_makes_the_difference)
{
    OSSL_LIB_CTX *strict = libctx;
    EVP_CIPHER_CTX *ctx;
    int n = 0;

    libctx = fake_libctx_new();
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, sealed, &n, plain, 100 * SEGMENT_PLAIN), 1);
    ck_assert_int_gt(n, 100 * (int)SEGMENT_PLAIN + 50 * 32);
    EVP_CIPHER_CTX_free(ctx);
    fake_libctx_free(libctx);
    libctx = strict;
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, sealed, &n, plain, 100 * SEGMENT_PLAIN), 1);
    ck_assert_int_le(n, 100 * (int)SEGMENT_PLAIN + 32);
    ck_assert_int_gt(n, 100 * (int)SEGMENT_PLAIN);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: strict output");
    TCase *tcase = tcase_create("strict");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, one_update_and_final_share_a_buffer, 0, 32);
    tcase_add_test(tcase, every_length_fits_or_is_refused);
    tcase_add_test(tcase, updates_of_any_size_fit_into_theirs);
    tcase_add_test(tcase, large_updates_are_refused_when_too_much_would_wait);
    tcase_add_loop_test(tcase, rewrapping_fits, 0, 32);
    tcase_add_test(tcase, large_segments_can_be_strict);
    tcase_add_test(tcase, the_limit_of_large_segments);
    tcase_add_test(tcase, the_key_makes_the_difference);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
