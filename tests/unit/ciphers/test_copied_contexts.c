/* SPDX-License-Identifier: Apache-2.0 */
/* EVP_CIPHER_CTX_copy: opening contexts at every point of a message, sealing ones before it. */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

#define FULL_SEGMENTS 3u
#define LAST_PLAIN 700u
#define PLAIN_LEN (FULL_SEGMENTS * SEGMENT_PLAIN + LAST_PLAIN)

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static struct bytes sealed;
static size_t headers;

/* A context with an application context, since keys are derived from it again in a copy. */
static EVP_CIPHER_CTX *begin(int sealing)
{
    char context[] = "invoice 17";
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string("context", context, 10), OSSL_PARAM_END};
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);

    ck_assert_int_eq(EVP_CIPHER_CTX_set_params(ctx, params), 1);
    return ctx;
}

static void set_up(void)
{
    EVP_CIPHER_CTX *ctx;

    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(PLAIN_LEN, 2);
    ctx = begin(1);
    sealed = caller_finish(ctx, plain, PLAIN_LEN);
    EVP_CIPHER_CTX_free(ctx);
    headers = message_headers_len(sealed);
    ck_assert_uint_eq(sealed.len, headers + FULL_SEGMENTS * SEGMENT + LAST_PLAIN + 32);
}

static void tear_down(void)
{
    bytes_free(&plain);
    bytes_free(&sealed);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* One of two contexts that open the same message, and what has come out of it. */
struct opener {
    EVP_CIPHER_CTX *ctx;
    struct bytes out;
    size_t done;
};

static void feed(struct opener *opener, size_t len)
{
    if (len > sealed.len - opener->done)
        len = sealed.len - opener->done;
    caller_update(opener->ctx, sealed.data + opener->done, len, &opener->out);
    opener->done += len;
}

static void begin_opener(struct opener *opener)
{
    *opener = (struct opener){begin(0), bytes_new(0), 0};
}

static void copy_opener(struct opener *to, const struct opener *from)
{
    *to =
        (struct opener){EVP_CIPHER_CTX_new(), bytes_of(from->out.data, from->out.len), from->done};
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(to->ctx, from->ctx), 1);
}

static void free_opener(struct opener *opener)
{
    EVP_CIPHER_CTX_free(opener->ctx);
    bytes_free(&opener->out);
}

static void finish_opener(struct opener *opener, size_t step)
{
    while (opener->done < sealed.len)
        feed(opener, step);
    caller_final(opener->ctx, &opener->out);
    ck_assert_uint_eq(opener->out.len, plain.len);
    ck_assert_mem_eq(opener->out.data, plain.data, plain.len);
    free_opener(opener);
}

/* Copied after `point` bytes, the two go on in turns, with pieces of different sizes. */
static void copy_at(size_t point, size_t step)
{
    struct opener source, copy;

    begin_opener(&source);
    while (source.done < point)
        feed(&source, point - source.done < step ? point - source.done : step);
    copy_opener(&copy, &source);
    while (source.done < sealed.len || copy.done < sealed.len) {
        feed(&source, 1500);
        feed(&copy, 333);
    }
    finish_opener(&source, 1);
    finish_opener(&copy, 1);
}

START_TEST(an_opening_context_is_copied_at_any_point)
{
    /* every byte of the headers and of the first bytes of a segment, then in strides */
    for (size_t point = 0; point <= headers + 40; point++)
        copy_at(point, 1000);
    for (size_t point = headers + 40; point < sealed.len; point += 251)
        copy_at(point, 1000);
    for (size_t i = 0; i <= FULL_SEGMENTS; i++) {
        for (size_t around = 0; around <= 4; around++)
            copy_at(headers + i * SEGMENT + around - 2, 4096);
    }
    for (size_t left = 0; left <= 40; left++)
        copy_at(sealed.len - left, 77);
}
END_TEST

/* With a backlog: bytes that came in small pieces have made more than could be written yet. */
START_TEST(the_backlog_goes_with_the_copy)
{
    for (size_t after = 0; after < 130; after++)
        copy_at(headers + 2 * SEGMENT + after, 1);
}
END_TEST

START_TEST(a_copy_outlives_its_source)
{
    struct opener source, copy;

    begin_opener(&source);
    feed(&source, 6000);
    copy_opener(&copy, &source);
    free_opener(&source);
    finish_opener(&copy, 100);
}
END_TEST

/* A message that one of them finds altered does not trouble the other. */
START_TEST(a_failure_stays_in_its_context)
{
    for (int copy_fails = 0; copy_fails <= 1; copy_fails++) {
        struct opener source, copy;
        unsigned char garbage[SEGMENT];
        unsigned char room[2 * SEGMENT];
        int n = 7;

        memset(garbage, 0xFF, sizeof(garbage));
        begin_opener(&source);
        feed(&source, headers + SEGMENT);
        copy_opener(&copy, &source);
        ck_refused(EVP_CipherUpdate(copy_fails ? copy.ctx : source.ctx, room, &n, garbage, SEGMENT),
                   ENV_R_BAD_SEGMENT);
        ck_assert_int_eq(n, 0);
        finish_opener(copy_fails ? &source : &copy, 500);
        free_opener(copy_fails ? &copy : &source);
    }
}
END_TEST

/* What state a context is in is copied too. */
START_TEST(a_copy_of_a_finished_or_failed_context_is_one)
{
    EVP_CIPHER_CTX *ctx = begin(0);
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    struct bytes out = caller_finish(ctx, sealed, 4096);
    unsigned char room[2 * SEGMENT];
    int n = 0;

    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    ck_refused(EVP_CipherFinal_ex(copy, room, &n), ENV_R_MESSAGE_FINISHED);
    ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_MESSAGE_FINISHED);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    ck_refused(EVP_CipherUpdate(copy, room, &n, sealed.data, 1), ENV_R_CONTEXT_FAILED);
    /* and each begins its next message */
    ck_assert_int_eq(EVP_CipherInit_ex2(copy, NULL, NULL, NULL, -1, NULL), 1);
    bytes_free(&out);
    out = caller_finish(copy, sealed, 4096);
    ck_assert_uint_eq(out.len, plain.len);
    bytes_free(&out);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_CTX_free(copy);
}
END_TEST

static void seals(EVP_CIPHER_CTX *ctx)
{
    struct bytes message = caller_finish(ctx, plain, 4096);
    struct bytes opened = caller_open(libctx, message);

    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&message);
    bytes_free(&opened);
}

/* Before there is a DEK both may seal: each gets its own. After a message, likewise. */
START_TEST(a_sealing_context_is_copied_before_and_after_a_message)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    int wraps = atomic_load(&fake_keks[0].wraps);

    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    seals(ctx);
    seals(copy);
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), wraps + 2);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(copy, NULL, NULL, NULL, -1, NULL), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
    seals(copy);
    seals(ctx);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_CTX_free(copy);
}
END_TEST

/* Two continuations of one message would use one DEK for different plaintexts. */
START_TEST(a_sealing_context_is_never_copied_within_a_message)
{
    static const size_t points[] = {1, 100, 4095, 4096, 4097, 9000, PLAIN_LEN};

    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
        EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
        struct bytes out = bytes_new(0);
        struct bytes opened;

        caller_update(ctx, plain.data, points[i], &out);
        ck_refused(EVP_CIPHER_CTX_copy(copy, ctx), ENV_R_COPY_WHILE_SEALING);
        EVP_CIPHER_CTX_free(copy);
        /* the source continues unharmed */
        caller_update(ctx, plain.data + points[i], plain.len - points[i], &out);
        caller_final(ctx, &out);
        opened = caller_open(libctx, out);
        ck_assert_uint_eq(opened.len, plain.len);
        ck_assert_mem_eq(opened.data, plain.data, plain.len);
        bytes_free(&out);
        bytes_free(&opened);
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

/* The selector, the context and the direction go with a copy: each copy against an original. */
START_TEST(parameters_go_with_the_copy)
{
    char kek[] = "kek5";
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("kek", kek, 4), OSSL_PARAM_END};
    EVP_CIPHER_CTX *ctx = begin(1);
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    struct bytes message;
    struct opener opener;

    ck_assert_int_eq(EVP_CIPHER_CTX_set_params(ctx, params), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    EVP_CIPHER_CTX_free(ctx);
    message = caller_finish(copy, plain, 4096);
    ck_assert_int_eq(atomic_load(&fake_keks[5].wraps), 1);
    EVP_CIPHER_CTX_free(copy);
    bytes_free(&sealed);
    sealed = message;
    begin_opener(&opener);
    finish_opener(&opener, 4096);
    copy_at(0, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: copies of contexts");
    TCase *tcase = tcase_create("copy");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_opening_context_is_copied_at_any_point);
    tcase_add_test(tcase, the_backlog_goes_with_the_copy);
    tcase_add_test(tcase, a_copy_outlives_its_source);
    tcase_add_test(tcase, a_failure_stays_in_its_context);
    tcase_add_test(tcase, a_copy_of_a_finished_or_failed_context_is_one);
    tcase_add_test(tcase, a_sealing_context_is_copied_before_and_after_a_message);
    tcase_add_test(tcase, a_sealing_context_is_never_copied_within_a_message);
    tcase_add_test(tcase, parameters_go_with_the_copy);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
