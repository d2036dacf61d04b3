/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Through BIO_f_cipher, whose buffers are what the output contract is made for: 4384 bytes when it
 * is written to (OpenSSL 3; 4.0 has 4 KiB more), 288 for each 256 read, with unread input right
 * behind them.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>

#include "contract.h"
#include "fake_keyring.h"

#define BIO_PIECE 256u /* the most that may be asked for in one BIO_read */
#define KINDS 15       /* of pieces */

static OSSL_LIB_CTX *libctx;
static uint64_t state;
static size_t bio_block; /* what BIO_f_cipher takes at once when it is written to */
static size_t longest_write;

static long note_write(BIO *bio, int operation, const char *data, size_t len, int argi, long argl,
                       int ret, size_t *processed)
{
    (void)bio;
    (void)data;
    (void)argi;
    (void)argl;
    (void)processed;
    if (operation == BIO_CB_WRITE && len > longest_write)
        longest_write = len;
    return ret;
}

/* libcrypto does not say it: a cipher that gives a byte for a byte shows it. */
static size_t find_bio_block(void)
{
    static const unsigned char zeros[200000];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-CTR", NULL);
    BIO *bio = BIO_new(BIO_f_cipher());
    BIO *memory = BIO_new(BIO_s_mem());

    longest_write = 0;
    BIO_set_callback_ex(memory, note_write);
    ck_assert_int_eq(BIO_set_cipher(bio, cipher, zeros, zeros, 1), 1);
    BIO_push(bio, memory);
    ck_assert_int_eq(BIO_write(bio, zeros, sizeof(zeros)), sizeof(zeros));
    BIO_free_all(bio);
    EVP_CIPHER_free(cipher);
    return longest_write;
}

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    bio_block = find_bio_block();
    /* what the contract is made for: another one has to join test_bio_buffers.c */
    ck_assert(bio_block == 4096 || bio_block == 8192);
    /* and how the cipher of large segments recognises such callers */
    ck_assert_uint_lt(bio_block, contracts[CONTRACT_LARGE].least);
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* BIO_f_cipher in front of a memory BIO that holds `content`. */
static BIO *cipher_bio(const char *name, int sealing, struct bytes content, BIO **memory)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    BIO *bio = BIO_new(BIO_f_cipher());

    *memory = BIO_new(BIO_s_mem());
    ck_assert(bio != NULL && *memory != NULL && cipher != NULL);
    ck_assert_int_eq(BIO_set_cipher(bio, cipher, NULL, NULL, sealing), 1);
    EVP_CIPHER_free(cipher);
    BIO_set_mem_eof_return(*memory, 0); /* an end, not "try again" */
    if (content.len > 0)
        ck_assert_int_eq(BIO_write(*memory, content.data, (int)content.len), (int)content.len);
    return BIO_push(bio, *memory);
}

static struct bytes memory_content(BIO *memory)
{
    char *data = NULL;
    long len = BIO_get_mem_data(memory, &data);

    return bytes_of(data, (size_t)len);
}

/* Sizes of pieces by kind: all one, small, or of any size. */
static size_t piece(int kind, size_t most)
{
    static const size_t fixed[] = {1,    7,    255,  256,  257,  1024, 4095,
                                   4096, 4097, 8191, 8192, 8193, 65536};

    if (kind < KINDS - 2)
        return fixed[kind] < most ? fixed[kind] : most;
    return random_between(&state, 1, kind == KINDS - 2 ? 100 : most);
}

static struct bytes through_writes(const char *cipher, int sealing, struct bytes in, int kind)
{
    static const struct bytes empty = {0};
    BIO *memory;
    BIO *bio = cipher_bio(cipher, sealing, empty, &memory);
    struct bytes out;

    for (size_t done = 0; done < in.len;) {
        size_t len = piece(kind, 20000);

        len = len < in.len - done ? len : in.len - done;
        ck_demand(BIO_write(bio, in.data + done, (int)len) == (int)len, "write of %zu", len);
        done += len;
    }
    ck_assert_int_eq(BIO_flush(bio), 1);
    ck_assert_int_eq(BIO_get_cipher_status(bio), 1);
    out = memory_content(memory);
    BIO_free_all(bio);
    return out;
}

static struct bytes through_reads(const char *cipher, int sealing, struct bytes in, int kind)
{
    BIO *memory;
    BIO *bio = cipher_bio(cipher, sealing, in, &memory);
    struct bytes out = bytes_new(0);
    unsigned char room[BIO_PIECE];
    int n;

    while ((n = BIO_read(bio, room, (int)piece(kind, BIO_PIECE))) > 0)
        bytes_append(&out, room, (size_t)n);
    ck_assert_int_eq(BIO_get_cipher_status(bio), 1);
    BIO_free_all(bio);
    return out;
}

typedef struct bytes run_fn(const char *cipher, int sealing, struct bytes in, int kind);

/* Seals one way and opens another; header lengths vary, up to the longest. */
static void there_and_back(const char *cipher, run_fn *seal, run_fn *open, size_t len, int kind)
{
    struct bytes plain = bytes_plain(len, len + 1);
    struct bytes sealed, opened;

    random_header(&state);
    sealed = seal(cipher, 1, plain, kind);
    opened = open(cipher, 0, sealed, kind);
    check_plain(opened, plain);
    bytes_free(&plain);
    bytes_free(&sealed);
    bytes_free(&opened);
}

static void messages(run_fn *seal, run_fn *open)
{
    static const size_t sizes[] = {0,
                                   1,
                                   255,
                                   256,
                                   257,
                                   SEGMENT_PLAIN - 1,
                                   SEGMENT_PLAIN,
                                   SEGMENT_PLAIN + 1,
                                   SEGMENT,
                                   2 * SEGMENT_PLAIN - 1,
                                   2 * SEGMENT_PLAIN,
                                   2 * SEGMENT_PLAIN + 1,
                                   9000,
                                   20000,
                                   70000};

    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            there_and_back(contracts[CONTRACT_ENVELOPE].cipher, seal, open, sizes[i], kind);
}

START_TEST(messages_are_sealed_and_opened_by_writing)
{
    state = seed_for_run(_i);
    messages(through_writes, through_writes);
}
END_TEST

START_TEST(messages_are_sealed_by_writing_and_opened_by_reading)
{
    state = seed_for_run(_i);
    messages(through_writes, through_reads);
}
END_TEST

START_TEST(messages_are_sealed_by_reading_and_opened_by_writing)
{
    state = seed_for_run(_i);
    messages(through_reads, through_writes);
}
END_TEST

START_TEST(messages_are_rewrapped_by_writing_and_by_reading)
{
    static run_fn *const ways[] = {through_writes, through_reads};

    state = seed_for_run(_i);
    for (int i = 0; i < 50; i++) {
        struct bytes old = message_to_rewrap(libctx, &state, i % 4 < 2 ? 200 : 20000);
        /* of a long message pieces of one byte say nothing more */
        int kind = (int)random_between(&state, old.len > 100000 ? 3 : 0, KINDS - 1);
        struct bytes new = ways[i % 2](contracts[CONTRACT_REWRAP].cipher, 1, old, kind);

        check_rewrapped(libctx, old, new);
        bytes_free(&old);
        bytes_free(&new);
    }
}
END_TEST

/* An altered message, read in small pieces: the output is verified, and the status is an error. */
START_TEST(an_altered_message_is_read_up_to_where_it_is_altered)
{
    struct bytes plain = bytes_plain(3 * SEGMENT_PLAIN + 500, 12);
    struct bytes sealed = caller_seal(libctx, plain);
    size_t headers = message_headers_len(sealed);

    for (size_t segment = 0; segment <= 3; segment++) {
        struct bytes out = bytes_new(0);
        unsigned char room[BIO_PIECE];
        BIO *bio, *memory;
        int n;

        sealed.data[headers + segment * SEGMENT + 50] ^= 1;
        bio = cipher_bio("ENVELOPE", 0, sealed, &memory);
        ERR_clear_error();
        while ((n = BIO_read(bio, room, sizeof(room))) > 0)
            bytes_append(&out, room, (size_t)n);
        ck_assert_int_eq(BIO_get_cipher_status(bio), 0);
        ck_assert_int_eq(caller_reason(), ENV_R_BAD_SEGMENT);
        ck_assert_uint_le(out.len, segment * SEGMENT_PLAIN);
        ck_assert_mem_eq(out.data, plain.data, out.len);
        BIO_free_all(bio);
        bytes_free(&out);
        sealed.data[headers + segment * SEGMENT + 50] ^= 1;
    }
    bytes_free(&plain);
    bytes_free(&sealed);
}
END_TEST

/*
 * Asked for more than 256 bytes, BIO_f_cipher takes the block size off and hands the cipher a
 * negative length: it gives no plaintext. That is libcrypto's, and is in the documentation; ours is
 * to see that nothing is written then.
 */
START_TEST(reads_of_more_than_256_bytes_give_nothing)
{
    static const int sizes[] = {257, 300, 1000, 1024, 2048, 4095};
    struct bytes plain = bytes_plain(3 * SEGMENT_PLAIN, 13);
    struct bytes sealed = caller_seal(libctx, plain);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bytes room = bytes_new((size_t)sizes[i]);
        BIO *memory;
        BIO *bio = cipher_bio("ENVELOPE", 0, sealed, &memory);

        memset(room.data, 0xA5, room.len);
        ck_assert_int_le(BIO_read(bio, room.data, sizes[i]), 0);
        ck_assert(bytes_are(room, 0xA5));
        ck_assert_int_le(BIO_read(bio, room.data, sizes[i]), 0);
        ck_assert(bytes_are(room, 0xA5));
        BIO_free_all(bio);
        bytes_free(&room);
    }
    bytes_free(&plain);
    bytes_free(&sealed);
}
END_TEST

/* ---- large segments through buffers of less than 64 KiB ---- */

/* Returns why writing or the flush failed, or ENV_R_NONE; what came out goes to out. */
static int write_large(int sealing, struct bytes in, struct bytes *out)
{
    static const struct bytes empty = {0};
    BIO *memory;
    BIO *bio = cipher_bio(contracts[CONTRACT_LARGE].cipher, sealing, empty, &memory);
    bool ok;
    int reason;

    ERR_clear_error();
    ok = BIO_write(bio, in.data, (int)in.len) == (int)in.len || in.len == 0;
    reason = caller_reason();
    ck_assert_int_eq(ok, reason == ENV_R_NONE);
    ck_assert_int_eq(BIO_flush(bio), ok);
    ck_assert_int_eq(BIO_get_cipher_status(bio), ok);
    *out = memory_content(memory);
    BIO_free_all(bio);
    return reason;
}

START_TEST(short_messages_go_through_in_large_segments)
{
    for (size_t len = 0; len <= bio_block;
         len = len < 5 || len > bio_block - 600 ? len + 1 : len + 111) {
        struct bytes plain = bytes_plain(len, 14);
        struct bytes sealed, opened;

        ck_assert_int_eq(write_large(1, plain, &sealed), ENV_R_NONE);
        if (sealed.len <= bio_block) {
            ck_assert_int_eq(write_large(0, sealed, &opened), ENV_R_NONE);
            check_plain(opened, plain);
        } else {
            ck_assert_int_eq(write_large(0, sealed, &opened), ENV_R_SMALL_UPDATE);
            ck_assert_uint_eq(opened.len, 0);
        }
        bytes_free(&plain);
        bytes_free(&sealed);
        bytes_free(&opened);
    }
}
END_TEST

START_TEST(long_messages_fail_in_large_segments)
{
    for (size_t len = bio_block + 1; len < 3000000; len *= 3) {
        struct bytes plain = bytes_plain(len, 15);
        struct bytes out;
        unsigned char room[BIO_PIECE];
        BIO *memory, *bio;

        ck_assert_int_eq(write_large(1, plain, &out), ENV_R_SMALL_UPDATE);
        /* no more than the first update and a final of nothing; never a message that opens */
        ck_assert_uint_le(out.len, bio_block + 32);
        bytes_free(&out);

        bio = cipher_bio(contracts[CONTRACT_LARGE].cipher, 1, plain, &memory);
        ERR_clear_error();
        while (BIO_read(bio, room, sizeof(room)) > 0)
            continue;
        ck_assert_int_eq(BIO_get_cipher_status(bio), 0);
        ck_assert_int_eq(caller_reason(), ENV_R_SMALL_UPDATE);
        BIO_free_all(bio);
        bytes_free(&plain);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: output contract through BIO_f_cipher");
    TCase *tcase = tcase_create("BIO");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, messages_are_sealed_and_opened_by_writing, 0, 2);
    tcase_add_loop_test(tcase, messages_are_sealed_by_writing_and_opened_by_reading, 0, 2);
    tcase_add_loop_test(tcase, messages_are_sealed_by_reading_and_opened_by_writing, 0, 2);
    tcase_add_loop_test(tcase, messages_are_rewrapped_by_writing_and_by_reading, 0, 2);
    tcase_add_test(tcase, an_altered_message_is_read_up_to_where_it_is_altered);
    tcase_add_test(tcase, reads_of_more_than_256_bytes_give_nothing);
    tcase_add_test(tcase, short_messages_go_through_in_large_segments);
    tcase_add_test(tcase, long_messages_fail_in_large_segments);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
