/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts initialised, initialised again, reset, reused and misused, as EVP allows. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

#define MESSAGE_LEN 10000u

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static struct bytes sealed;
static unsigned char room[MESSAGE_LEN + SEGMENT];
static int n;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(MESSAGE_LEN, 1);
    sealed = caller_seal(libctx, plain);
    memset(room, 0xA5, sizeof(room));
    n = -1;
}

static void tear_down(void)
{
    bytes_free(&plain);
    bytes_free(&sealed);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static void opens_to(struct bytes message, struct bytes expected)
{
    struct bytes opened = caller_open(libctx, message);

    ck_assert_uint_eq(opened.len, expected.len);
    ck_assert_mem_eq(opened.data, expected.data, expected.len);
    bytes_free(&opened);
}

/* Runs one whole message through a context that is initialised already, and checks it. */
static void message_through(EVP_CIPHER_CTX *ctx, int sealing)
{
    struct bytes out = caller_finish(ctx, sealing ? plain : sealed, 1000);

    if (sealing) {
        opens_to(out, plain);
    } else {
        ck_assert_uint_eq(out.len, plain.len);
        ck_assert_mem_eq(out.data, plain.data, plain.len);
    }
    bytes_free(&out);
}

static int init_again(EVP_CIPHER_CTX *ctx, int sealing)
{
    return EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, sealing, NULL);
}

START_TEST(names_lengths_and_flags_are_as_documented)
{
    static const struct {
        const char *names[2];
        int block;
    } ciphers[] = {{{"ENVELOPE-AES-256-GCM", "ENVELOPE"}, SEGMENT},
                   {{"ENVELOPE-AES-256-GCM-64K", "ENVELOPE-64K"}, SEGMENT_64K}};

    for (size_t i = 0; i < 4; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, ciphers[i / 2].names[i % 2], NULL);
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, ciphers[i / 2].names[i % 2], 1);

        ck_assert_str_eq(EVP_CIPHER_get0_name(cipher), ciphers[i / 2].names[0]);
        ck_assert_int_eq(EVP_CIPHER_get_block_size(cipher), ciphers[i / 2].block);
        ck_assert_int_eq(EVP_CIPHER_get_key_length(cipher), 32);
        ck_assert_int_eq(EVP_CIPHER_get_iv_length(cipher), 0);
        ck_assert_int_eq(EVP_CIPHER_get_mode(cipher), 0);
        ck_assert_uint_eq(EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER, 0);
        ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ctx), 32);
        ck_assert_int_eq(EVP_CIPHER_CTX_get_iv_length(ctx), 0);
        ck_assert_int_eq(EVP_CIPHER_CTX_get_block_size(ctx), ciphers[i / 2].block);
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_free(cipher);
    }
}
END_TEST

/* As openssl enc does it: the cipher, then the key. No KEK is touched before there is input. */
START_TEST(the_key_may_come_after_the_cipher)
{
    static const unsigned char zeros[32];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    int wraps = atomic_load(&fake_keks[0].wraps);

    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

        ck_assert_int_eq(EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, sealing), 1);
        ck_assert_int_eq(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
        ck_assert_int_eq(EVP_CipherInit_ex(ctx, NULL, NULL, zeros, zeros, sealing), 1);
        ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), wraps);
        message_through(ctx, sealing);
        ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), wraps + sealing);
        EVP_CIPHER_CTX_free(ctx);
    }
    EVP_CIPHER_free(cipher);
}
END_TEST

/* At any point of a message, initialising begins the next one; nothing of the first is left. */
START_TEST(init_abandons_the_message)
{
    static const size_t points[] = {0, 1, 31, 100, 4096, 5000, 8200, MESSAGE_LEN};

    for (size_t i = 0; i < 2 * sizeof(points) / sizeof(points[0]); i++) {
        int sealing = (int)(i % 2);
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        struct bytes none = bytes_new(0);

        caller_update(ctx, sealing ? plain.data : sealed.data, points[i / 2], &none);
        ck_assert_int_eq(init_again(ctx, -1), 1);
        message_through(ctx, sealing);
        bytes_free(&none);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

START_TEST(reset_forgets_everything)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
        struct bytes none = bytes_new(0);

        caller_update(ctx, sealing ? plain.data : sealed.data, 5000, &none);
        ck_assert_int_eq(EVP_CIPHER_CTX_reset(ctx), 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, plain.data, 1), 0);
        ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error()), EVP_R_NO_CIPHER_SET);
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL), 1);
        message_through(ctx, sealing);
        bytes_free(&none);
        EVP_CIPHER_free(cipher);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

/* One context for message after message, each time in the direction that the bits of i say. */
START_TEST(a_context_is_reused_in_both_directions)
{
    for (unsigned i = 0; i < 16; i++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", (int)(i & 1));

        message_through(ctx, (int)(i & 1));
        for (unsigned j = 1; j < 4; j++) {
            ck_assert_int_eq(init_again(ctx, (int)(i >> j & 1)), 1);
            message_through(ctx, (int)(i >> j & 1));
        }
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

START_TEST(a_change_of_direction_begins_anew)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        struct bytes none = bytes_new(0);

        caller_update(ctx, sealing ? plain.data : sealed.data, 6000, &none);
        ck_assert_int_eq(init_again(ctx, !sealing), 1);
        message_through(ctx, !sealing);
        bytes_free(&none);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

START_TEST(the_wrong_direction_is_refused)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);

    /* libcrypto refuses the call, and the message continues */
    ck_assert_int_eq(EVP_EncryptUpdate(ctx, room, &n, plain.data, 10), 0);
    ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error()), EVP_R_INVALID_OPERATION);
    ck_assert_int_eq(EVP_EncryptFinal_ex(ctx, room, &n), 0);
    message_through(ctx, 0);
    /* opening plaintext: refused at the first byte that shows it */
    ck_assert_int_eq(init_again(ctx, 0), 1);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, (const unsigned char *)"A", 1), ENV_R_NOT_A_MESSAGE);
    ck_assert_int_eq(init_again(ctx, 1), 1);
    ck_assert_int_eq(EVP_DecryptUpdate(ctx, room, &n, plain.data, 10), 0);
    message_through(ctx, 1);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

START_TEST(zero_length_updates_do_nothing)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        struct bytes in = sealing ? plain : sealed;
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        struct bytes out = bytes_new(0);
        int wraps = atomic_load(&fake_keks[0].wraps);

        for (size_t done = 0; done <= in.len; done += 100) {
            size_t before = out.len;

            caller_update(ctx, in.data + done, 0, &out);
            caller_update(ctx, NULL, 0, &out);
            ck_assert_uint_eq(out.len, before);
            if (done == 0) /* no DEK yet */
                ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), wraps);
            caller_update(ctx, in.data + done, in.len - done < 100 ? in.len - done : 100, &out);
        }
        caller_update(ctx, in.data, 0, &out);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, NULL, &n, NULL, 0), 1);
        ck_assert_int_eq(n, 0);
        caller_final(ctx, &out);
        if (sealing)
            opens_to(out, plain);
        else
            ck_assert(out.len == plain.len && memcmp(out.data, plain.data, plain.len) == 0);
        bytes_free(&out);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

/* Input without an output buffer is how others take associated data: it must never be dropped. */
START_TEST(input_without_an_output_buffer_is_refused)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        struct bytes in = sealing ? plain : sealed;

        n = 7;
        ck_refused(EVP_CipherUpdate(ctx, NULL, &n, in.data, 20), ENV_R_NO_OUTPUT_BUFFER);
        ck_assert_int_eq(n, 0);
        ck_assert_int_eq(init_again(ctx, -1), 1);
        ck_refused_with(EVP_Cipher(ctx, NULL, in.data, 20), -1, ENV_R_NO_OUTPUT_BUFFER);
        ck_assert_int_eq(init_again(ctx, -1), 1);
        ck_assert_int_ge(EVP_Cipher(ctx, room, in.data, (unsigned)in.len), 0);
        ck_refused_with(EVP_Cipher(ctx, NULL, NULL, 0), -1, ENV_R_NO_OUTPUT_BUFFER);
        ck_assert_int_eq(init_again(ctx, -1), 1);
        ck_refused(EVP_CipherUpdate(ctx, room, &n, NULL, 20), ENV_R_BAD_PARAMETER);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

START_TEST(final_without_update_is_the_empty_message)
{
    struct bytes nothing = bytes_new(0);
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
    struct bytes empty = bytes_new(0);

    caller_final(ctx, &empty);
    ck_assert_uint_eq(empty.len, message_headers_len(empty) + 32);
    opens_to(empty, nothing);
    ck_assert_int_eq(init_again(ctx, 0), 1);
    n = 7;
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_TRUNCATED);
    ck_assert_int_eq(n, 0);
    bytes_free(&empty);
    bytes_free(&nothing);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

START_TEST(nothing_follows_final)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        for (int final_first = 0; final_first <= 1; final_first++) {
            EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);

            message_through(ctx, sealing);
            n = 7;
            if (final_first)
                ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_MESSAGE_FINISHED);
            else
                ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 1), ENV_R_MESSAGE_FINISHED);
            ck_assert_int_eq(n, 0);
            ck_assert_int_eq(init_again(ctx, -1), 1);
            message_through(ctx, sealing);
            EVP_CIPHER_CTX_free(ctx);
        }
    }
}
END_TEST

/* An error that a program overlooks must not lead to a shorter message that looks whole. */
START_TEST(a_failed_context_stays_failed)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        struct bytes in = sealing ? plain : sealed;
        struct bytes out = bytes_new(0);

        caller_update(ctx, in.data, in.len, &out);
        ck_refused(EVP_CipherUpdate(ctx, NULL, &n, in.data, 1), ENV_R_NO_OUTPUT_BUFFER);
        for (int i = 0; i < 2; i++) {
            n = 7;
            ck_refused(EVP_CipherUpdate(ctx, room, &n, in.data, 1), ENV_R_CONTEXT_FAILED);
            ck_assert_int_eq(n, 0);
            n = 7;
            ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_CONTEXT_FAILED);
            ck_assert_int_eq(n, 0);
            ck_refused_with(EVP_Cipher(ctx, room, in.data, 1), -1, ENV_R_CONTEXT_FAILED);
        }
        ck_assert_int_eq(init_again(ctx, -1), 1);
        message_through(ctx, sealing);
        bytes_free(&out);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

START_TEST(a_failed_init_leaves_nothing_to_use)
{
    static const unsigned char no_label[32] = {1};
    static const unsigned char no_key[32] = {0};

    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);

        ck_refused(EVP_CipherInit_ex2(ctx, NULL, no_label, NULL, -1, NULL),
                   ENV_R_KEY_IS_NO_SELECTOR);
        ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 1), ENV_R_NOT_INITIALISED);
        ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_NOT_INITIALISED);
        /* nor does the default KEK take the place of the one that was meant */
        ck_refused(init_again(ctx, -1), ENV_R_KEY_IS_NO_SELECTOR);
        ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 1), ENV_R_NOT_INITIALISED);
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, no_key, NULL, -1, NULL), 1);
        message_through(ctx, sealing);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

/* EVP_Cipher gives the length of what it wrote, -1 on failure; no input means final. */
START_TEST(evp_cipher_returns_the_length_or_minus_1)
{
    for (int sealing = 0; sealing <= 1; sealing++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
        struct bytes in = sealing ? plain : sealed;
        struct bytes out = bytes_new(0);

        for (size_t done = 0; done < in.len; done += 4096) {
            size_t piece = in.len - done < 4096 ? in.len - done : 4096;

            n = EVP_Cipher(ctx, room, in.data + done, (unsigned)piece);
            ck_assert_int_ge(n, 0);
            ck_assert_int_le(n, (int)piece + 288);
            bytes_append(&out, room, (size_t)n);
        }
        n = EVP_Cipher(ctx, room, NULL, 0);
        ck_assert_int_ge(n, 0);
        bytes_append(&out, room, (size_t)n);
        ck_refused_with(EVP_Cipher(ctx, room, NULL, 0), -1, ENV_R_MESSAGE_FINISHED);
        if (sealing)
            opens_to(out, plain);
        else
            ck_assert(out.len == plain.len && memcmp(out.data, plain.data, plain.len) == 0);
        bytes_free(&out);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: life cycle");
    TCase *tcase = tcase_create("contexts");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, names_lengths_and_flags_are_as_documented);
    tcase_add_test(tcase, the_key_may_come_after_the_cipher);
    tcase_add_test(tcase, init_abandons_the_message);
    tcase_add_test(tcase, reset_forgets_everything);
    tcase_add_test(tcase, a_context_is_reused_in_both_directions);
    tcase_add_test(tcase, a_change_of_direction_begins_anew);
    tcase_add_test(tcase, the_wrong_direction_is_refused);
    tcase_add_test(tcase, zero_length_updates_do_nothing);
    tcase_add_test(tcase, input_without_an_output_buffer_is_refused);
    tcase_add_test(tcase, final_without_update_is_the_empty_message);
    tcase_add_test(tcase, nothing_follows_final);
    tcase_add_test(tcase, a_failed_context_stays_failed);
    tcase_add_test(tcase, a_failed_init_leaves_nothing_to_use);
    tcase_add_test(tcase, evp_cipher_returns_the_length_or_minus_1);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
