/* SPDX-License-Identifier: Apache-2.0 */
/* The kek and context parameters, key bytes, and updates that are too large. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "fake_keyring.h"

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static EVP_CIPHER_CTX *ctx; /* sealing */
static int n;
static unsigned char room[2 * SEGMENT];

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(5000, 4);
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    n = -1;
}

static void tear_down(void)
{
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&plain);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static int set_octets(EVP_CIPHER_CTX *to, const char *name, const void *value, size_t len)
{
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string(name, (void *)value, len), OSSL_PARAM_END};

    return EVP_CIPHER_CTX_set_params(to, params);
}

static int set_text(EVP_CIPHER_CTX *to, const char *name, const char *value)
{
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(name, (void *)value, strlen(value)),
                           OSSL_PARAM_END};

    return EVP_CIPHER_CTX_set_params(to, params);
}

static int wraps_of(size_t kek)
{
    return atomic_load(&fake_keks[kek].wraps);
}

/* Opens with a context of that many bytes. */
static void opens_with(struct bytes message, const void *context, size_t len)
{
    EVP_CIPHER_CTX *opening = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes opened;

    ck_assert_int_eq(set_octets(opening, "context", context, len), 1);
    opened = caller_finish(opening, message, 1000);
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&opened);
    EVP_CIPHER_CTX_free(opening);
}

static void refused_with(struct bytes message, const void *context, size_t len)
{
    EVP_CIPHER_CTX *opening = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes out = bytes_new(message.len + SEGMENT);

    if (context != NULL)
        ck_assert_int_eq(set_octets(opening, "context", context, len), 1);
    ck_refused(EVP_CipherUpdate(opening, out.data, &n, message.data, (int)message.len),
               ENV_R_CONTEXT_MISMATCH);
    ck_assert_int_eq(n, 0);
    ck_assert(bytes_are(out, 0));
    bytes_free(&out);
    EVP_CIPHER_CTX_free(opening);
}

START_TEST(the_kek_parameter_chooses_the_kek)
{
    struct bytes message;

    ck_assert_int_eq(set_text(ctx, "kek", "kek3"), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(3), 1);
    ck_assert_int_eq(wraps_of(0), 0);
    opens_with(message, "", 0); /* opening needs no choice */
    bytes_free(&message);
    /* it stays for the context's next message, and another may be set then */
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(3), 2);
    bytes_free(&message);
    ck_assert_int_eq(set_text(ctx, "kek", "kek4"), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(4), 1);
    bytes_free(&message);
}
END_TEST

START_TEST(a_kek_parameter_that_names_no_kek_is_refused)
{
    ck_refused(set_text(ctx, "kek", ""), ENV_R_BAD_PARAMETER);
    ck_refused(set_octets(ctx, "kek", "kek3", 4), ENV_R_BAD_PARAMETER);
    ck_assert_int_eq(set_text(ctx, "kek", "nobody"), 1);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 10), ENV_R_KEK_NOT_FOUND);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 10), ENV_R_CONTEXT_FAILED);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_KEK_NOT_FOUND);
}
END_TEST

/* With initialisation, as EVP_CipherInit_ex2 takes them. */
START_TEST(init_takes_kek_and_context)
{
    char kek[] = "kek6";
    char context[] = "c";
    const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("kek", kek, 4),
                                 OSSL_PARAM_octet_string("context", context, 1), OSSL_PARAM_END};
    struct bytes message;

    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, params), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(6), 1);
    opens_with(message, "c", 1);
    bytes_free(&message);
    /* in the middle of a message they begin the next */
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, plain.data, 10), 1);
    context[0] = 'd';
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, params), 1);
    message = caller_finish(ctx, plain, 1000);
    opens_with(message, "d", 1);
    bytes_free(&message);
}
END_TEST

START_TEST(the_context_must_match)
{
    static const unsigned char zeros[4096];
    unsigned char longest[4097];
    struct bytes message;

    memset(longest, 'x', sizeof(longest));
    for (size_t len = 0; len <= 4096; len = len == 0 ? 1 : len * 16) {
        ck_assert_int_eq(set_octets(ctx, "context", longest, len), 1);
        message = caller_finish(ctx, plain, 1000);
        opens_with(message, longest, len);
        if (len > 0) {
            refused_with(message, NULL, 0);
            refused_with(message, longest, len - 1);
            refused_with(message, zeros, len);
        }
        if (len < 4096)
            refused_with(message, longest, len + 1);
        bytes_free(&message);
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
    }
    ck_refused(set_octets(ctx, "context", longest, 4097), ENV_R_CONTEXT_TOO_LONG);
}
END_TEST

/* Memory is zeroed when it is freed, which its next user relies on. */
START_TEST(a_longer_context_leaves_nothing_behind_a_shorter_one)
{
    static const unsigned char zeros[sizeof(struct env_stream)];
    unsigned char longest[4096];
    struct bytes sealed;
    void *streams[8];

    memset(longest, 0xC7, sizeof(longest));
    ck_assert_int_eq(set_octets(ctx, "context", longest, sizeof(longest)), 1);
    ck_assert_int_eq(set_octets(ctx, "context", "short", 5), 1);
    sealed = caller_finish(ctx, plain, 1000);
    opens_with(sealed, "short", 5);
    EVP_CIPHER_CTX_free(ctx);
    ctx = NULL;
    for (size_t i = 0; i < 8; i++) { /* as many as are kept at least */
        streams[i] = env_secret_alloc(sizeof(zeros));
        ck_assert(streams[i] != NULL && memcmp(streams[i], zeros, sizeof(zeros)) == 0);
    }
    for (size_t i = 0; i < 8; i++)
        env_secret_free(streams[i], sizeof(zeros));
    bytes_free(&sealed);
}
END_TEST

/* Text is the same bytes; a number is no context. */
START_TEST(a_context_is_text_or_bytes)
{
    int number = 17;
    OSSL_PARAM wrong[] = {OSSL_PARAM_int("context", &number), OSSL_PARAM_END};
    struct bytes message;

    ck_refused(EVP_CIPHER_CTX_set_params(ctx, wrong), ENV_R_BAD_PARAMETER);
    ck_assert_int_eq(set_text(ctx, "context", "invoice 17"), 1);
    message = caller_finish(ctx, plain, 1000);
    opens_with(message, "invoice 17", 10);
    bytes_free(&message);
}
END_TEST

START_TEST(a_parameter_within_a_message_is_refused)
{
    static const char *const names[] = {"kek", "context"};
    EVP_CIPHER_CTX *opening = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes message = bytes_new(0);
    struct bytes opened = bytes_new(0);

    ck_assert_int_eq(set_octets(ctx, "context", "one", 3), 1);
    caller_update(ctx, plain.data, 100, &message);
    for (size_t i = 0; i < 2; i++)
        ck_refused(set_text(ctx, names[i], "kek2"), ENV_R_PARAMETER_TOO_LATE);
    caller_update(ctx, plain.data + 100, plain.len - 100, &message);
    caller_final(ctx, &message);
    ck_assert_int_eq(wraps_of(2), 0);
    opens_with(message, "one", 3);

    ck_assert_int_eq(set_octets(opening, "context", "one", 3), 1);
    for (size_t done = 0; done < message.len; done += 10) {
        caller_update(opening, message.data + done,
                      message.len - done < 10 ? message.len - done : 10, &opened);
        ck_refused(set_text(opening, "context", "two"), ENV_R_PARAMETER_TOO_LATE);
    }
    caller_final(opening, &opened);
    ck_assert_uint_eq(opened.len, plain.len);
    EVP_CIPHER_CTX_free(opening);
    bytes_free(&message);
    bytes_free(&opened);
}
END_TEST

START_TEST(the_key_length_is_32)
{
    static const int wrong[] = {0, 1, 16, 24, 31, 33, 64};
    struct bytes message;

    ck_assert_int_eq(EVP_CIPHER_CTX_set_key_length(ctx, 32), 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_refused(EVP_CIPHER_CTX_set_key_length(ctx, wrong[i]), ENV_R_BAD_KEY_LENGTH);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ctx), 32);
    message = caller_finish(ctx, plain, 1000); /* unharmed */
    bytes_free(&message);
}
END_TEST

START_TEST(key_bytes_choose_the_kek)
{
    static const unsigned char kek7[32] = "kek7";
    static const unsigned char zeros[32];
    struct bytes message;

    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, kek7, NULL, -1, NULL), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(7), 1);
    ck_assert_int_eq(wraps_of(0), 0);
    opens_with(message, "", 0);
    bytes_free(&message);
    /* the parameter comes first */
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, kek7, NULL, -1, NULL), 1);
    ck_assert_int_eq(set_text(ctx, "kek", "kek8"), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(7), 1);
    ck_assert_int_eq(wraps_of(8), 1);
    bytes_free(&message);
    /* zeros name none: enc -K 0 */
    EVP_CIPHER_CTX_free(ctx);
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, kek7, NULL, -1, NULL), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, zeros, NULL, -1, NULL), 1);
    message = caller_finish(ctx, plain, 1000);
    ck_assert_int_eq(wraps_of(0), 1);
    bytes_free(&message);
}
END_TEST

/* No entry of the error stack may hold what the key bytes say: they may be secret. */
static void key_bytes_are_not_told(const char *secret, int reason)
{
    const char *file, *func, *data;
    int line, flags, seen = 0;
    unsigned long error;

    while ((error = ERR_get_error_all(&file, &line, &func, &data, &flags)) != 0) {
        char text[512];

        ERR_error_string_n(error, text, sizeof(text));
        ck_assert_ptr_null(strstr(text, secret));
        if ((flags & ERR_TXT_STRING) != 0)
            ck_assert_ptr_null(strstr(data, secret));
        seen = ERR_GET_REASON(error) == reason ? 1 : seen;
    }
    ck_assert_int_eq(seen, 1);
}

START_TEST(key_bytes_are_never_shown)
{
    /* a password-derived key that happens to be a label, and one that is not */
    static const unsigned char label[32] = "correct horse";
    static const unsigned char bytes[32] = "correct horse\xFF\xFE";

    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, label, NULL, -1, NULL), 1);
    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, plain.data, 10), 0);
    key_bytes_are_not_told("correct", ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, bytes, NULL, -1, NULL), 0);
    key_bytes_are_not_told("correct", ENV_R_KEY_IS_NO_SELECTOR);
}
END_TEST

/* 129 segments is what inl + block size has room for, whatever waits in the context already. */
START_TEST(an_update_of_more_than_129_segments_is_refused)
{
    static const size_t fills[] = {0, 1, 31, 32, 33, 2000, 4094, 4095};
    struct bytes big = bytes_plain(LARGEST_UPDATE + SEGMENT_PLAIN, 5);
    struct bytes out = bytes_new(big.len + SEGMENT);

    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        size_t most = LARGEST_UPDATE + SEGMENT_PLAIN - 1 - fills[i];

        for (size_t len = LARGEST_UPDATE; len <= most + 1; len += most + 1 - LARGEST_UPDATE) {
            ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
            ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, big.data, (int)fills[i]), 1);
            memset(out.data, 0xA5, out.len);
            if (len <= most) {
                ck_assert_int_eq(EVP_CipherUpdate(ctx, out.data, &n, big.data, (int)len), 1);
                ck_assert_int_le(n, (int)(len + 129 * 32));
                continue;
            }
            ck_refused(EVP_CipherUpdate(ctx, out.data, &n, big.data, (int)len),
                       ENV_R_UPDATE_TOO_LARGE);
            ck_assert_int_eq(n, 0);
            ck_assert(bytes_are(out, 0xA5));
            ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_CONTEXT_FAILED);
        }
    }
    bytes_free(&big);
    bytes_free(&out);
}
END_TEST

/* Opening writes less than it reads, so any length works. */
START_TEST(opening_takes_updates_of_any_length)
{
    struct bytes big = bytes_plain(3 * LARGEST_UPDATE + 17, 6);
    struct bytes message = caller_finish(ctx, big, LARGEST_UPDATE);
    EVP_CIPHER_CTX *opening = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes opened = caller_finish(opening, message, message.len);

    ck_assert_uint_eq(opened.len, big.len);
    ck_assert_mem_eq(opened.data, big.data, big.len);
    EVP_CIPHER_CTX_free(opening);
    bytes_free(&big);
    bytes_free(&message);
    bytes_free(&opened);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: parameters");
    TCase *tcase = tcase_create("parameters");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_kek_parameter_chooses_the_kek);
    tcase_add_test(tcase, a_kek_parameter_that_names_no_kek_is_refused);
    tcase_add_test(tcase, init_takes_kek_and_context);
    tcase_add_test(tcase, the_context_must_match);
    tcase_add_test(tcase, a_longer_context_leaves_nothing_behind_a_shorter_one);
    tcase_add_test(tcase, a_context_is_text_or_bytes);
    tcase_add_test(tcase, a_parameter_within_a_message_is_refused);
    tcase_add_test(tcase, the_key_length_is_32);
    tcase_add_test(tcase, key_bytes_choose_the_kek);
    tcase_add_test(tcase, key_bytes_are_never_shown);
    tcase_add_test(tcase, an_update_of_more_than_129_segments_is_refused);
    tcase_add_test(tcase, opening_takes_updates_of_any_length);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
