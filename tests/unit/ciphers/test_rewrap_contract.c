/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENVELOPE-REWRAP's output contract (an update writes at most inl + 32, final at most 4096) over
 * random call patterns, through BIO_f_cipher, in place, and at the largest update there is. The
 * seed of each run is on stderr; ENVELOPE_TEST_SEED repeats one.
 */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_keyring.h"
#include "watched.h"

#define MESSAGES 100
#define BIO_PIECE 256u /* the most that may be asked for in one BIO_read */

static OSSL_LIB_CTX *libctx;
static uint64_t state; /* of the random sequence */

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

static struct bytes seal_with(const char *cipher, struct bytes plain)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, cipher, 1);
    struct bytes sealed = caller_finish(ctx, plain, 100000);

    EVP_CIPHER_CTX_free(ctx);
    return sealed;
}

/* That new is old with a header for as many KEKs as are the default now. */
static void check_rewrapped(struct bytes old, struct bytes new)
{
    size_t old_header = message_headers_len(old) - 74;
    size_t new_header = message_headers_len(new) - 74;

    ck_assert_uint_le(new_header + 74, HEADERS_SEALED_MAX);
    ck_assert_uint_eq(new.len - new_header, old.len - old_header);
    ck_assert(memcmp(new.data + new_header, old.data + old_header, old.len - old_header) == 0);
    for (size_t i = 0; i < 2; i++) { /* by the first of today's, then by the last */
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-1M", 0);
        struct bytes room = bytes_new(new.len + SEGMENT_1M);
        int n = 0;

        for (size_t j = 0; j < 32; j++)
            fake_keks[j].absent = j != (i == 0 ? 0 : fake_default_count - 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, new.data, (int)new.len), 1);
        bytes_free(&room);
        EVP_CIPHER_CTX_free(ctx);
    }
    for (size_t j = 0; j < 32; j++)
        fake_keks[j].absent = false;
}

static size_t random_size(int pattern)
{
    static const size_t edges[] = {1, 16, 32, 256, 288, 4032, 4064, 4096, 4128, 8128, 8192, 65536};

    switch (pattern == 5 ? (int)random_between(&state, 0, 4) : pattern) {
    case 0:
        return random_between(&state, 0, 3);
    case 1:
        return random_between(&state, 0, 300);
    case 2:
        return edges[random_between(&state, 0, 11)] + random_between(&state, 0, 4) - 1;
    case 3:
        return random_between(&state, 0, 9000);
    default:
        return random_between(&state, 0, 2000000);
    }
}

static struct bytes random_run(struct bytes in)
{
    struct watched w = watch(libctx, "ENVELOPE-REWRAP", 1, in);
    int pattern = (int)random_between(&state, in.len > 100000 ? 2 : 0, 5);

    while (w.done < in.len) {
        size_t len = random_size(pattern);

        watched_update(&w, in.data + w.done, len < in.len - w.done ? len : in.len - w.done);
    }
    return watched_end(&w);
}

/* From a header of any length to one of any other, up to the longest. */
static struct bytes random_message(void)
{
    bool large = random_between(&state, 0, 15) == 0;
    size_t most = random_between(&state, 0, 1) == 0 ? 200 : 20000;
    size_t len = random_between(&state, 0, large ? 2500000 : most);
    struct bytes plain = bytes_plain(len, next_random(&state));
    struct bytes sealed;

    random_header(&state);
    sealed = seal_with(large ? "ENVELOPE-1M" : "ENVELOPE", plain);
    bytes_free(&plain);
    fake_default_count = random_between(&state, 0, 3) == 0 ? 32 : random_between(&state, 1, 31);
    return sealed;
}

START_TEST(random_patterns)
{
    state = seed_for_run(_i);
    for (int i = 0; i < MESSAGES; i++) {
        struct bytes old = random_message();
        struct bytes new = random_run(old);

        check_rewrapped(old, new);
        bytes_free(&old);
        bytes_free(&new);
    }
}
END_TEST

/* The most that can wait: the longest header after the shortest, and the input ends soon. */
START_TEST(final_after_the_longest_header)
{
    longest_header();
    for (size_t len = 0; len <= 4200; len = len < 70 || len > 3950 ? len + 1 : len + 61) {
        static const size_t steps[] = {1000000, 1, 300};
        struct bytes plain = bytes_plain(len, 9);
        struct bytes old;

        fake_default_count = 1;
        old = seal_with("ENVELOPE", plain);
        fake_default_count = 32;
        for (size_t i = 0; i < (len % 16 == 0 ? 3 : 1); i++) {
            struct watched w = watch(libctx, "ENVELOPE-REWRAP", 1, old);
            struct bytes new;

            while (w.done < old.len)
                watched_update(&w, old.data + w.done,
                               steps[i] < old.len - w.done ? steps[i] : old.len - w.done);
            new = watched_end(&w);
            ck_assert_uint_eq(message_headers_len(new), HEADERS_SEALED_MAX);
            check_rewrapped(old, new);
            bytes_free(&new);
        }
        bytes_free(&old);
        bytes_free(&plain);
    }
}
END_TEST

/*
 * INT_MAX bytes in one update with 4000 bytes waiting: libcrypto's length has no room for one more.
 * The body is one segment of 1 MiB over and over, the output one MiB that is written over and over.
 */
START_TEST(largest_update)
{
    static struct bytes none;
    const size_t mib = SEGMENT_1M;
    struct bytes old;
    EVP_CIPHER_CTX *ctx;
    unsigned char *in, *out;
    int segment = memfd_create("segment", 0);
    int sink = memfd_create("sink", 0);
    int n = -1;
    size_t headers;
    unsigned char small[SEGMENT];

    longest_header();
    fake_default_count = 1;
    old = seal_with("ENVELOPE-1M", none);
    headers = message_headers_len(old);
    fake_default_count = 32;
    ck_assert_int_eq(ftruncate(segment, SEGMENT_1M), 0);
    ck_assert_int_eq(ftruncate(sink, SEGMENT_1M), 0);
    ck_assert_int_eq(pwrite(segment, "\xFF\xFF\xFF\xFF", 4, 0), 4);
    in = mmap(NULL, 2048 * mib, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    out = mmap(NULL, 2048 * mib, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(in != MAP_FAILED && out != MAP_FAILED);
    for (size_t i = 0; i < 2048; i++) {
        ck_assert(mmap(in + i * mib, mib, PROT_READ, MAP_SHARED | MAP_FIXED, segment, 0) !=
                  MAP_FAILED);
        ck_assert(mmap(out + i * mib, mib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, sink,
                       0) != MAP_FAILED);
    }
    ctx = caller_begin(libctx, "ENVELOPE-REWRAP", 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, small, &n, old.data, (int)headers), 1);
    ck_assert_int_eq(n, (int)headers + 32);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, INT_MAX), 1);
    ck_assert_int_eq(n, INT_MAX);
    /* the segment's last byte, and the one that the message ends with */
    ck_assert_int_eq(EVP_CipherUpdate(ctx, small, &n, in + INT_MAX, 1), 1);
    ck_assert_int_eq(n, 33);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, small, &n, old.data + headers, 32), 1);
    ck_assert_int_eq(n, 64);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, small, &n), 1);
    ck_assert_int_eq(n, (int)(HEADERS_SEALED_MAX - headers) - 32 - 32 - 32);
    EVP_CIPHER_CTX_free(ctx);
    munmap(in, 2048 * mib);
    munmap(out, 2048 * mib);
    close(segment);
    close(sink);
    bytes_free(&old);
}
END_TEST

/* ---- through BIO_f_cipher ---- */

static BIO *cipher_bio(struct bytes content, BIO **memory)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE-REWRAP", NULL);
    BIO *bio = BIO_new(BIO_f_cipher());

    *memory = BIO_new(BIO_s_mem());
    ck_assert(bio != NULL && *memory != NULL && cipher != NULL);
    ck_assert_int_eq(BIO_set_cipher(bio, cipher, NULL, NULL, 1), 1);
    EVP_CIPHER_free(cipher);
    BIO_set_mem_eof_return(*memory, 0);
    if (content.len > 0)
        ck_assert_int_eq(BIO_write(*memory, content.data, (int)content.len), (int)content.len);
    return BIO_push(bio, *memory);
}

static struct bytes through_writes(struct bytes in)
{
    static const struct bytes empty = {0};
    BIO *memory;
    BIO *bio = cipher_bio(empty, &memory);
    char *data = NULL;
    struct bytes out;
    int pattern = (int)random_between(&state, in.len > 100000 ? 2 : 0, 5);

    for (size_t done = 0; done < in.len;) {
        size_t len = random_size(pattern) + 1;

        len = len < in.len - done ? len : in.len - done;
        ck_assert_int_eq(BIO_write(bio, in.data + done, (int)len), (int)len);
        done += len;
    }
    ck_assert_int_eq(BIO_flush(bio), 1);
    ck_assert_int_eq(BIO_get_cipher_status(bio), 1);
    out.len = (size_t)BIO_get_mem_data(memory, &data);
    out = bytes_of(data, out.len);
    BIO_free_all(bio);
    return out;
}

static struct bytes through_reads(struct bytes in)
{
    BIO *memory;
    BIO *bio = cipher_bio(in, &memory);
    struct bytes out = bytes_new(0);
    unsigned char piece[BIO_PIECE];
    int n;

    while ((n = BIO_read(bio, piece, (int)random_between(&state, 1, BIO_PIECE))) > 0)
        bytes_append(&out, piece, (size_t)n);
    ck_assert_int_eq(BIO_get_cipher_status(bio), 1);
    BIO_free_all(bio);
    return out;
}

START_TEST(through_a_bio)
{
    state = seed_for_run(_i);
    for (int i = 0; i < MESSAGES / 4; i++) {
        struct bytes old = random_message();
        struct bytes written = through_writes(old);
        struct bytes read = through_reads(old);

        check_rewrapped(old, written);
        check_rewrapped(old, read);
        bytes_free(&old);
        bytes_free(&written);
        bytes_free(&read);
    }
}
END_TEST

/* ---- input and output that share memory ---- */

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

START_TEST(every_distance)
{
    static const size_t steps[] = {20000, 4096, 256, 1};
    struct bytes plain = bytes_plain(9000, 3);
    struct bytes old;

    fake_default_count = 1;
    old = seal_with("ENVELOPE", plain);
    fake_default_count = 5; /* several hundred bytes wait all the time */
    for (size_t i = 0; i < 4; i++) {
        for (long offset = -4200; offset <= 4200; offset += steps[i] == 1 ? 350 : 31) {
            EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-REWRAP", 1);
            struct bytes new = bytes_new(0);

            for (size_t done = 0; done < old.len; done += steps[i])
                shifted_update(ctx, old.data + done,
                               old.len - done < steps[i] ? old.len - done : steps[i], offset, &new);
            caller_final(ctx, &new);
            check_rewrapped(old, new);
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
    Suite *suite = suite_create("output contract of ENVELOPE-REWRAP");
    TCase *tcase = tcase_create("contract");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, random_patterns, 0, 2);
    tcase_add_test(tcase, final_after_the_longest_header);
    tcase_add_test(tcase, largest_update);
    tcase_add_loop_test(tcase, through_a_bio, 0, 2);
    tcase_add_test(tcase, every_distance);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
