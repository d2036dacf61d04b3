/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers that ENVELOPE-REWRAP alone takes: the largest update that there is, and output at any
 * distance from the input. (Its output contract is in test_output_contract.c with the others'.)
 */
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract.h"
#include "fake_keyring.h"

static OSSL_LIB_CTX *libctx;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/*
 * Memory for a body of any length: `period` bytes that are there once and repeat. A whole number of
 * pages and of segments.
 */
struct repeated {
    unsigned char *start;
    size_t len;
};

static size_t period_of(size_t segment)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t period = segment;

    while (period % page != 0)
        period += segment;
    return period;
}

static struct repeated repeat(int fd, size_t period, size_t len, int protection)
{
    struct repeated r = {.len = (len + period - 1) / period * period};

    r.start = mmap(NULL, r.len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(r.start != MAP_FAILED);
    for (size_t at = 0; at < r.len; at += period)
        ck_assert(mmap(r.start + at, period, protection, MAP_SHARED | MAP_FIXED, fd, 0) !=
                  MAP_FAILED);
    return r;
}

/* Full segments, one behind another. */
static struct repeated segments(size_t segment, size_t len)
{
    const size_t period = period_of(segment);
    int fd = memfd_create("segments", MFD_CLOEXEC);
    struct repeated r;

    ck_assert_int_eq(ftruncate(fd, (off_t)period), 0);
    for (size_t at = 0; at < period; at += segment)
        ck_assert_int_eq(pwrite(fd, "\xFF\xFF\xFF\xFF", 4, (off_t)at), 4);
    r = repeat(fd, period, len, PROT_READ);
    (void)close(fd);
    return r;
}

static struct repeated sink(size_t len)
{
    const size_t period = (size_t)1 << 20;
    int fd = memfd_create("sink", MFD_CLOEXEC);
    struct repeated r;

    ck_assert_int_eq(ftruncate(fd, (off_t)period), 0);
    r = repeat(fd, period, len, PROT_READ | PROT_WRITE);
    (void)close(fd);
    return r;
}

/* An update that writes as much as it reads, and this many bytes more. */
static void passes(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len,
                   size_t more)
{
    int n = -1;

    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, (int)len), 1);
    ck_assert_uint_eq((size_t)n, len + more);
}

/*
 * INT_MAX bytes in one update with 4000 bytes waiting: libcrypto's length has no room for one more.
 */
START_TEST(an_update_of_int_max_bytes_passes)
{
    static const struct bytes none;
    const struct contract *large = &contracts[CONTRACT_LARGE];
    /* what then completes the segment */
    const size_t rest = large->segment - INT_MAX % large->segment;
    const struct repeated in = segments(large->segment, INT_MAX + rest);
    const struct repeated out = sink((size_t)INT_MAX + 1);
    EVP_CIPHER_CTX *ctx;
    struct bytes old;
    size_t headers;
    int n = -1;

    longest_header();
    fake_default_count = 1;
    old = sealed_with(libctx, large, none);
    headers = message_headers_len(old);
    fake_default_count = 32;
    ctx = caller_begin(libctx, contracts[CONTRACT_REWRAP].cipher, 1);
    passes(ctx, out.start, old.data, headers, 32);
    passes(ctx, out.start, in.start, INT_MAX, 0);
    passes(ctx, out.start, in.start + INT_MAX, rest, 32);
    passes(ctx, out.start, old.data + headers, 32, 32); /* the last segment */
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out.start, &n), 1);
    ck_assert_int_eq(n, (int)(HEADERS_SEALED_MAX - headers) - 32 - 32 - 32);
    EVP_CIPHER_CTX_free(ctx);
    ck_assert_int_eq(munmap(in.start, in.len), 0);
    ck_assert_int_eq(munmap(out.start, out.len), 0);
    bytes_free(&old);
}
END_TEST

/* One update with its output `offset` bytes from its input; nothing beside the output changes. */
static void shifted_update(EVP_CIPHER_CTX *ctx, const unsigned char *in, size_t len, long offset,
                           struct bytes *out)
{
    size_t in_at = offset < 0 ? (size_t)-offset : 0;
    size_t out_at = offset < 0 ? 0 : (size_t)offset;
    size_t end = (in_at > out_at ? in_at : out_at) + len + 32;
    struct bytes buffer = bytes_new(end);
    struct bytes before;
    int n = -1;

    memset(buffer.data, 0xA5, buffer.len);
    memcpy(buffer.data + in_at, in, len);
    before = bytes_of(buffer.data, buffer.len);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, buffer.data + out_at, &n, buffer.data + in_at, (int)len),
                     1);
    ck_assert_int_ge(n, 0);
    ck_assert_uint_le((size_t)n, len + 32);
    bytes_append(out, buffer.data + out_at, (size_t)n);
    ck_assert_mem_eq(buffer.data, before.data, out_at);
    ck_assert_mem_eq(buffer.data + out_at + n, before.data + out_at + n, end - out_at - (size_t)n);
    bytes_free(&before);
    bytes_free(&buffer);
}

START_TEST(output_may_be_at_any_distance_from_the_input)
{
    static const size_t steps[] = {20000, 4096, 256, 1};
    struct bytes plain = bytes_plain(9000, 3);
    struct bytes old;

    fake_default_count = 1;
    old = caller_seal(libctx, plain);
    fake_default_count = 5; /* several hundred bytes wait all the time */
    for (size_t i = 0; i < 4; i++) {
        for (long offset = -4200; offset <= 4200; offset += steps[i] == 1 ? 350 : 31) {
            EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-REWRAP", 1);
            struct bytes new = bytes_new(0);

            for (size_t done = 0; done < old.len; done += steps[i])
                shifted_update(ctx, old.data + done,
                               old.len - done < steps[i] ? old.len - done : steps[i], offset, &new);
            caller_final(ctx, &new);
            check_rewrapped(libctx, old, new);
            bytes_free(&new);
            EVP_CIPHER_CTX_free(ctx);
        }
    }
    bytes_free(&old);
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: buffers of ENVELOPE-REWRAP");
    TCase *tcase = tcase_create("buffers");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_update_of_int_max_bytes_passes);
    tcase_add_test(tcase, output_may_be_at_any_distance_from_the_input);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
