/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts of ENVELOPE-REWRAP initialised, initialised again, copied, forked and misused, as EVP
 * allows. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "child.h"
#include "fake_keyring.h"

#define MESSAGE_LEN 10000u

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER_CTX *ctx;
static struct bytes plain;
static struct bytes sealed;
static size_t headers;
static unsigned char room[MESSAGE_LEN + 2 * SEGMENT];
static int n;

/* A message for KEK 0, which then gives its place to two others. */
static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(MESSAGE_LEN, 1);
    sealed = caller_seal(libctx, plain);
    headers = message_headers_len(sealed);
    fake_switch_to(2, 2);
    ctx = caller_begin(libctx, "ENVELOPE-REWRAP", 1);
    memset(room, 0xA5, sizeof(room));
    n = 7;
}

static void tear_down(void)
{
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&plain);
    bytes_free(&sealed);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static bool is_rewrapped(struct bytes new)
{
    size_t header = message_headers_len(new) - 74;
    struct bytes opened;
    bool ok;

    if (new.len - header != sealed.len - (headers - 74) || header <= headers - 74 ||
        memcmp(new.data + header, sealed.data + headers - 74, new.len - header) != 0)
        return false;
    fake_keks[2].absent = true; /* the old one */
    opened = caller_open(libctx, new);
    fake_keks[2].absent = false;
    ok = opened.len == plain.len && memcmp(opened.data, plain.data, plain.len) == 0;
    bytes_free(&opened);
    return ok;
}

static bool message_goes_through(EVP_CIPHER_CTX *with)
{
    struct bytes new = caller_finish(with, sealed, 1000);
    bool ok = is_rewrapped(new);

    bytes_free(&new);
    return ok;
}

static int init_again(void)
{
    return EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL);
}

/* Points of interest: in the header, at its end, in FLOE's, in segments, at the very end. */
static size_t point(size_t i)
{
    const size_t points[] = {0,
                             1,
                             31,
                             32,
                             headers - 75,
                             headers - 74,
                             headers - 1,
                             headers,
                             headers + 1,
                             headers + 4,
                             headers + 5,
                             headers + SEGMENT,
                             sealed.len - 1,
                             sealed.len};

    return points[i];
}
#define POINTS 14

START_TEST(rewrap_has_its_names_lengths_and_flags)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "envelope-rewrap", NULL);

    ck_assert_str_eq(EVP_CIPHER_get0_name(cipher), "ENVELOPE-REWRAP");
    ck_assert_int_eq(EVP_CIPHER_get_block_size(cipher), SEGMENT);
    ck_assert_int_eq(EVP_CIPHER_get_key_length(cipher), 32);
    ck_assert_int_eq(EVP_CIPHER_get_iv_length(cipher), 0);
    ck_assert_int_eq(EVP_CIPHER_get_mode(cipher), 0);
    ck_assert_uint_eq(EVP_CIPHER_get_flags(cipher) & EVP_CIPH_FLAG_AEAD_CIPHER, 0);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ctx), 32);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_iv_length(ctx), 0);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_block_size(ctx), SEGMENT);
    EVP_CIPHER_free(cipher);
}
END_TEST

/* As openssl enc does it: the cipher, then the key. No KEK is asked before the headers are whole.
 */
START_TEST(the_key_may_come_after_the_cipher)
{
    static const unsigned char zeros[32];
    struct bytes new = bytes_new(0);

    ck_assert_int_eq(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
    ck_assert_int_eq(EVP_CipherInit_ex(ctx, NULL, NULL, zeros, zeros, 1), 1);
    caller_update(ctx, sealed.data, headers - 1, &new);
    ck_assert_uint_eq(new.len, 0);
    ck_assert_int_eq(atomic_load(&fake_keks[2].unwraps), 0);
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 0);
    caller_update(ctx, sealed.data + headers - 1, 1, &new);
    ck_assert_int_eq(atomic_load(&fake_keks[2].unwraps), 1);
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 1);
    caller_update(ctx, sealed.data + headers, sealed.len - headers, &new);
    caller_final(ctx, &new);
    ck_assert(is_rewrapped(new));
    bytes_free(&new);
}
END_TEST

START_TEST(decrypting_is_refused)
{
    static const unsigned char zeros[32];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE-REWRAP", NULL);

    ck_refused(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL), ENV_R_REWRAP_DECRYPT);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, sealed.data, 1), ENV_R_NOT_INITIALISED);
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_NOT_INITIALISED);
    ck_refused(EVP_DecryptInit_ex2(ctx, cipher, zeros, NULL, NULL), ENV_R_REWRAP_DECRYPT);
    ck_assert_int_eq(init_again(), 1);
    ck_assert(message_goes_through(ctx));
    EVP_CIPHER_free(cipher);
}
END_TEST

/* At any point of a message, initialising or resetting begins the next one. */
START_TEST(init_abandons_the_message)
{
    for (size_t i = 0; i < POINTS; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE-REWRAP", NULL);
        struct bytes none = bytes_new(0);

        caller_update(ctx, sealed.data, point(i), &none);
        ck_assert_int_eq(init_again(), 1);
        ck_assert(message_goes_through(ctx));
        ck_assert_int_eq(init_again(), 1);
        caller_update(ctx, sealed.data, point(i), &none);
        ck_assert_int_eq(EVP_CIPHER_CTX_reset(ctx), 1);
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL), 1);
        ck_assert(message_goes_through(ctx));
        ck_assert_int_eq(init_again(), 1);
        bytes_free(&none);
        EVP_CIPHER_free(cipher);
    }
}
END_TEST

/* A copy continues independently, and so does the original; no nonce is made that both could share.
 */
START_TEST(a_rewrapping_context_is_copied_at_any_point)
{
    for (size_t i = 0; i < POINTS; i++) {
        EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
        struct bytes one = bytes_new(0);
        struct bytes two;

        ck_assert_int_eq(init_again(), 1);
        caller_update(ctx, sealed.data, point(i), &one);
        ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
        two = bytes_of(one.data, one.len);
        caller_update(ctx, sealed.data + point(i), sealed.len - point(i), &one);
        caller_final(ctx, &one);
        ck_assert_int_eq(init_again(), 1); /* what is done to the first does not reach the copy */
        for (size_t done = point(i); done < sealed.len; done += 100)
            caller_update(copy, sealed.data + done,
                          sealed.len - done < 100 ? sealed.len - done : 100, &two);
        caller_final(copy, &two);
        ck_assert(is_rewrapped(one));
        ck_assert(is_rewrapped(two));
        bytes_free(&one);
        bytes_free(&two);
        EVP_CIPHER_CTX_free(copy);
    }
}
END_TEST

START_TEST(a_copy_keeps_its_kek)
{
    static const unsigned char key[32] = "kek9";
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    struct bytes new;
    struct bytes opened;

    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, key, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    EVP_CIPHER_CTX_free(ctx);
    ctx = copy;
    new = caller_finish(ctx, sealed, 1000);
    for (size_t i = 0; i < FAKE_KEKS; i++)
        fake_keks[i].absent = i != 9;
    opened = caller_open(libctx, new);
    ck_assert_uint_eq(opened.len, plain.len);
    bytes_free(&opened);
    bytes_free(&new);
}
END_TEST

static int goes_on(void *arg)
{
    struct bytes *new = arg;

    caller_update(ctx, sealed.data + n, sealed.len - (size_t)n, new);
    caller_final(ctx, new);
    child_demand(is_rewrapped(*new));
    child_demand(init_again() == 1);
    child_demand(message_goes_through(ctx));
    return 0;
}

/* Parent and child may both go on. */
START_TEST(parent_and_child_go_on_after_a_fork)
{
    for (size_t i = 0; i < POINTS; i++) {
        struct bytes new = bytes_new(0);

        ck_assert_int_eq(init_again(), 1);
        n = (int)point(i);
        caller_update(ctx, sealed.data, point(i), &new);
        ck_assert(in_child(goes_on, &new));
        ck_assert_int_eq(goes_on(&new), 0);
        bytes_free(&new);
    }
}
END_TEST

START_TEST(zero_length_updates_do_nothing)
{
    struct bytes new = bytes_new(0);

    for (size_t done = 0; done <= sealed.len; done += 100) {
        size_t before = new.len;

        caller_update(ctx, sealed.data + done, 0, &new);
        caller_update(ctx, NULL, 0, &new);
        ck_assert_uint_eq(new.len, before);
        caller_update(ctx, sealed.data + done, sealed.len - done < 100 ? sealed.len - done : 100,
                      &new);
    }
    caller_final(ctx, &new);
    ck_assert(is_rewrapped(new));
    bytes_free(&new);
}
END_TEST

START_TEST(input_without_an_output_buffer_is_refused)
{
    static const size_t points[] = {0, 100, 5000};
    struct bytes none = bytes_new(0);

    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(init_again(), 1);
        caller_update(ctx, sealed.data, points[i], &none);
        n = 7;
        ck_refused(EVP_CipherUpdate(ctx, NULL, &n, sealed.data + points[i], 20),
                   ENV_R_NO_OUTPUT_BUFFER);
        ck_assert_int_eq(n, 0);
        ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_CONTEXT_FAILED);
        ck_assert_int_eq(init_again(), 1);
        caller_update(ctx, sealed.data, points[i], &none);
        ck_refused_with(EVP_Cipher(ctx, NULL, NULL, 0), -1, ENV_R_NO_OUTPUT_BUFFER);
        ck_assert_int_eq(init_again(), 1);
        ck_refused(EVP_CipherUpdate(ctx, room, &n, NULL, 20), ENV_R_BAD_PARAMETER);
    }
    bytes_free(&none);
}
END_TEST

START_TEST(nothing_follows_final)
{
    for (int final_first = 0; final_first <= 1; final_first++) {
        ck_assert_int_eq(init_again(), 1);
        ck_assert(message_goes_through(ctx));
        n = 7;
        if (final_first)
            ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_MESSAGE_FINISHED);
        else
            ck_refused(EVP_CipherUpdate(ctx, room, &n, sealed.data, 1), ENV_R_MESSAGE_FINISHED);
        ck_assert_int_eq(n, 0);
    }
    ck_assert_int_eq(init_again(), 1);
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_TRUNCATED); /* without any input */
}
END_TEST

/* An error that a program overlooks must not lead to a message that looks whole. */
START_TEST(a_failed_context_stays_failed)
{
    fake_keks[0].fail_wrap = true;
    ck_refused(EVP_CipherUpdate(ctx, room, &n, sealed.data, (int)sealed.len), ENV_R_WRAP_FAILED);
    ck_assert_int_eq(n, 0);
    ck_assert(bytes_are((struct bytes){room, sizeof(room), 0}, 0xA5));
    fake_keks[0].fail_wrap = false;
    for (int i = 0; i < 2; i++) {
        ck_refused(EVP_CipherUpdate(ctx, room, &n, sealed.data, 1), ENV_R_CONTEXT_FAILED);
        ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_CONTEXT_FAILED);
        ck_refused_with(EVP_Cipher(ctx, room, sealed.data, 1), -1, ENV_R_CONTEXT_FAILED);
    }
    ck_assert_int_eq(init_again(), 1);
    ck_assert(message_goes_through(ctx));
}
END_TEST

START_TEST(a_failed_init_leaves_nothing_to_use)
{
    static const unsigned char no_label[32] = {1};
    static const unsigned char no_key[32] = {0};
    char kek[] = "";
    OSSL_PARAM empty[] = {OSSL_PARAM_utf8_string("kek", kek, 0), OSSL_PARAM_END};
    size_t sixteen = 16;
    OSSL_PARAM keylen[] = {OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, &sixteen), OSSL_PARAM_END};

    ck_refused(EVP_CipherInit_ex2(ctx, NULL, no_label, NULL, 1, NULL), ENV_R_KEY_IS_NO_SELECTOR);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, sealed.data, 1), ENV_R_NOT_INITIALISED);
    ck_refused(init_again(), ENV_R_KEY_IS_NO_SELECTOR); /* and the default KEK takes no place */
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, no_key, NULL, 1, NULL), 1);
    ck_refused(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, empty), ENV_R_BAD_PARAMETER);
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_NOT_INITIALISED);
    ck_refused(EVP_CIPHER_CTX_set_params(ctx, keylen), ENV_R_BAD_KEY_LENGTH);
    ck_assert_int_eq(init_again(), 1);
    ck_assert(message_goes_through(ctx));
}
END_TEST

/* EVP_Cipher gives the length of what it wrote, -1 on failure; no input means final. */
START_TEST(evp_cipher_returns_the_length_or_minus_1)
{
    struct bytes new = bytes_new(0);

    for (size_t done = 0; done < sealed.len; done += 4096) {
        size_t piece = sealed.len - done < 4096 ? sealed.len - done : 4096;

        n = EVP_Cipher(ctx, room, sealed.data + done, (unsigned)piece);
        ck_assert_int_ge(n, 0);
        ck_assert_int_le(n, (int)piece + 32);
        bytes_append(&new, room, (size_t)n);
    }
    n = EVP_Cipher(ctx, room, NULL, 0);
    ck_assert_int_ge(n, 0);
    bytes_append(&new, room, (size_t)n);
    ck_refused_with(EVP_Cipher(ctx, room, NULL, 0), -1, ENV_R_MESSAGE_FINISHED);
    ck_assert(is_rewrapped(new));
    bytes_free(&new);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: life cycle of ENVELOPE-REWRAP");
    TCase *tcase = tcase_create("contexts");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, rewrap_has_its_names_lengths_and_flags);
    tcase_add_test(tcase, the_key_may_come_after_the_cipher);
    tcase_add_test(tcase, decrypting_is_refused);
    tcase_add_test(tcase, init_abandons_the_message);
    tcase_add_test(tcase, a_rewrapping_context_is_copied_at_any_point);
    tcase_add_test(tcase, a_copy_keeps_its_kek);
    tcase_add_test(tcase, parent_and_child_go_on_after_a_fork);
    tcase_add_test(tcase, zero_length_updates_do_nothing);
    tcase_add_test(tcase, input_without_an_output_buffer_is_refused);
    tcase_add_test(tcase, nothing_follows_final);
    tcase_add_test(tcase, a_failed_context_stays_failed);
    tcase_add_test(tcase, a_failed_init_leaves_nothing_to_use);
    tcase_add_test(tcase, evp_cipher_returns_the_length_or_minus_1);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
