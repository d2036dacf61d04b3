/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cipher's callbacks called as libcrypto could call them, but does not today: with buffers
 * smaller than it promises, lengths beyond an int, and *outl not set before.
 */
#include <limits.h>
#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

#define UNTOUCHED 0x5A5Au

static OSSL_LIB_CTX *libctx;
static void *provctx;
static void *ctx;
static size_t n;
static unsigned char in[2 * SEGMENT];

static struct {
    OSSL_FUNC_cipher_newctx_fn *newctx;
    OSSL_FUNC_cipher_freectx_fn *freectx;
    OSSL_FUNC_cipher_encrypt_init_fn *encrypt_init;
    OSSL_FUNC_cipher_decrypt_init_fn *decrypt_init;
    OSSL_FUNC_cipher_update_fn *update;
    OSSL_FUNC_cipher_final_fn *final;
    OSSL_FUNC_cipher_cipher_fn *cipher;
} calls;

static void take_calls(const OSSL_DISPATCH *dispatch)
{
    for (; dispatch->function_id != 0; dispatch++) {
        if (dispatch->function_id == OSSL_FUNC_CIPHER_NEWCTX)
            calls.newctx = OSSL_FUNC_cipher_newctx(dispatch);
        if (dispatch->function_id == OSSL_FUNC_CIPHER_FREECTX)
            calls.freectx = OSSL_FUNC_cipher_freectx(dispatch);
        if (dispatch->function_id == OSSL_FUNC_CIPHER_ENCRYPT_INIT)
            calls.encrypt_init = OSSL_FUNC_cipher_encrypt_init(dispatch);
        if (dispatch->function_id == OSSL_FUNC_CIPHER_DECRYPT_INIT)
            calls.decrypt_init = OSSL_FUNC_cipher_decrypt_init(dispatch);
        if (dispatch->function_id == OSSL_FUNC_CIPHER_UPDATE)
            calls.update = OSSL_FUNC_cipher_update(dispatch);
        if (dispatch->function_id == OSSL_FUNC_CIPHER_FINAL)
            calls.final = OSSL_FUNC_cipher_final(dispatch);
        if (dispatch->function_id == OSSL_FUNC_CIPHER_CIPHER)
            calls.cipher = OSSL_FUNC_cipher_cipher(dispatch);
    }
}

/* The context and the callbacks of the first cipher, as libcrypto got them. */
static int look_into(OSSL_PROVIDER *provider, void *arg)
{
    const OSSL_ALGORITHM *ciphers;
    int no_cache = 0;

    (void)arg;
    if (strcmp(OSSL_PROVIDER_get0_name(provider), "envelope") != 0)
        return 1;
    provctx = OSSL_PROVIDER_get0_provider_ctx(provider);
    ciphers = OSSL_PROVIDER_query_operation(provider, OSSL_OP_CIPHER, &no_cache);
    ck_assert_str_eq(ciphers[0].algorithm_names, "ENVELOPE-AES-256-GCM:ENVELOPE");
    take_calls(ciphers[0].implementation);
    OSSL_PROVIDER_unquery_operation(provider, OSSL_OP_CIPHER, ciphers);
    return 1;
}

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    provctx = NULL;
    ck_assert_int_eq(OSSL_PROVIDER_do_all(libctx, look_into, NULL), 1);
    ck_assert_ptr_nonnull(provctx);
    ck_assert_ptr_nonnull(calls.cipher);
    ctx = calls.newctx(provctx);
    ck_assert_ptr_nonnull(ctx);
    n = UNTOUCHED;
}

static void tear_down(void)
{
    calls.freectx(ctx);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static void begin(int sealing)
{
    if (sealing)
        ck_assert_int_eq(calls.encrypt_init(ctx, NULL, 0, NULL, 0, NULL), 1);
    else
        ck_assert_int_eq(calls.decrypt_init(ctx, NULL, 0, NULL, 0, NULL), 1);
    n = UNTOUCHED;
}

START_TEST(update_and_final_need_an_init)
{
    unsigned char out[SEGMENT];

    ck_refused(calls.update(ctx, out, &n, sizeof(out), in, 1), ENV_R_NOT_INITIALISED);
    ck_assert_uint_eq(n, 0);
    n = UNTOUCHED;
    ck_refused(calls.final(ctx, out, &n, sizeof(out)), ENV_R_NOT_INITIALISED);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* The exact allowance is enough, one byte less is refused before anything is written. */
START_TEST(update_needs_its_allowance)
{
    static const struct {
        size_t len;
        size_t allowance;
    } updates[] = {{1, 33}, {4095, 4127}, {4096, 4384}, {8191, 8479}, {8192, 8480}};

    for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
        struct bytes out = bytes_new(updates[i].allowance);

        begin(1);
        ck_assert_int_eq(calls.update(ctx, out.data, &n, out.len, in, updates[i].len), 1);
        ck_assert_uint_le(n, out.len);
        begin(1);
        memset(out.data, 0xA5, out.len);
        ck_refused(calls.update(ctx, out.data, &n, out.len - 1, in, updates[i].len),
                   ENV_R_OUTPUT_TOO_SMALL);
        ck_assert_uint_eq(n, 0);
        ck_assert(bytes_are(out, 0xA5));
        bytes_free(&out);
    }
    begin(0);
    ck_refused(calls.update(ctx, in, &n, 32, in, 1), ENV_R_OUTPUT_TOO_SMALL);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* final writes what is left; what it has room for is judged before the last segment is made. */
START_TEST(final_needs_room_for_the_rest)
{
    struct bytes message = bytes_new(3 * SEGMENT);
    struct bytes out = bytes_new(1000);
    size_t sealed_len;

    begin(1);
    ck_assert_int_eq(calls.update(ctx, message.data, &n, message.len, in, 1000), 1);
    sealed_len = n;
    ck_refused(calls.final(ctx, out.data, &n, 1031), ENV_R_OUTPUT_TOO_SMALL);
    ck_assert_uint_eq(n, 0);
    ck_assert(bytes_are(out, 0));

    begin(1);
    ck_assert_int_eq(calls.update(ctx, message.data, &n, message.len, in, 1000), 1);
    ck_assert_uint_eq(n, sealed_len);
    ck_assert_int_eq(calls.final(ctx, message.data + n, &n, 1032), 1);
    ck_assert_uint_eq(n, 1032);
    sealed_len += n;

    begin(0);
    ck_assert_int_eq(calls.update(ctx, out.data, &n, sealed_len + 32, message.data, sealed_len), 1);
    ck_assert_uint_eq(n, 0);
    ck_refused(calls.final(ctx, out.data, &n, 999), ENV_R_OUTPUT_TOO_SMALL);
    ck_assert_uint_eq(n, 0);
    ck_assert(bytes_are(out, 0));
    begin(0);
    ck_assert_int_eq(calls.update(ctx, out.data, &n, sealed_len + 32, message.data, sealed_len), 1);
    memset(out.data, 0xA5, out.len);
    ck_assert_int_eq(calls.final(ctx, out.data, &n, 1000), 1);
    ck_assert_uint_eq(n, 1000);
    ck_assert(bytes_are(out, 0)); /* the plaintext: in was zeros */
    bytes_free(&message);
    bytes_free(&out);
}
END_TEST

/* A negative int on its way through libcrypto is such a length. Nothing is read or written. */
START_TEST(lengths_beyond_an_int_are_refused)
{
    static const size_t lengths[] = {(size_t)INT_MAX + 1, UINT_MAX, SIZE_MAX / 2, SIZE_MAX - 4096,
                                     SIZE_MAX};
    unsigned char out[1] = {0xA5};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (int sealing = 0; sealing <= 1; sealing++) {
            begin(sealing);
            ck_refused(calls.update(ctx, out, &n, SIZE_MAX, in, lengths[i]),
                       ENV_R_UPDATE_TOO_LARGE);
            ck_assert_uint_eq(n, 0);
            ck_assert_uint_eq(out[0], 0xA5);
            begin(sealing);
            ck_refused(calls.cipher(ctx, out, &n, SIZE_MAX, in, lengths[i]),
                       ENV_R_UPDATE_TOO_LARGE);
            ck_assert_uint_eq(n, 0);
        }
    }
}
END_TEST

/* *outl on every failure: 0, whatever stood there. */
START_TEST(every_failure_sets_the_length_to_0)
{
    unsigned char out[3 * SEGMENT];

    for (int sealing = 0; sealing <= 1; sealing++) {
        begin(sealing);
        ck_refused(calls.update(ctx, NULL, &n, 0, in, 5), ENV_R_NO_OUTPUT_BUFFER);
        ck_assert_uint_eq(n, 0);
        n = UNTOUCHED;
        ck_refused(calls.update(ctx, out, &n, sizeof(out), in, 5), ENV_R_CONTEXT_FAILED);
        ck_assert_uint_eq(n, 0);
        n = UNTOUCHED;
        ck_refused(calls.final(ctx, out, &n, sizeof(out)), ENV_R_CONTEXT_FAILED);
        ck_assert_uint_eq(n, 0);
        begin(sealing);
        ck_refused(calls.update(ctx, out, &n, sizeof(out), NULL, 5), ENV_R_BAD_PARAMETER);
        ck_assert_uint_eq(n, 0);
        begin(sealing);
        ck_assert_int_eq(calls.update(ctx, NULL, &n, 0, NULL, 0), 1);
        ck_assert_uint_eq(n, 0);
    }
    begin(0);
    ck_refused(calls.update(ctx, out, &n, sizeof(out), in, 5), ENV_R_NOT_A_MESSAGE);
    ck_assert_uint_eq(n, 0);
    begin(0);
    ck_refused(calls.final(ctx, out, &n, sizeof(out)), ENV_R_TRUNCATED);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* A segment was verified and written before the one that fails: the length is still 0. */
START_TEST(a_failure_after_output_sets_the_length_to_0)
{
    struct bytes plain = bytes_plain(2 * SEGMENT_PLAIN, 1);
    struct bytes sealed = caller_seal(libctx, plain);
    struct bytes out = bytes_new(sealed.len + 32);

    sealed.data[message_headers_len(sealed) + SEGMENT + 100] ^= 1;
    begin(0);
    ck_refused(calls.update(ctx, out.data, &n, out.len, sealed.data, sealed.len),
               ENV_R_BAD_SEGMENT);
    ck_assert_uint_eq(n, 0);
    ck_assert_mem_eq(out.data, plain.data, SEGMENT_PLAIN); /* it had come that far */
    bytes_free(&plain);
    bytes_free(&sealed);
    bytes_free(&out);
}
END_TEST

START_TEST(null_and_fresh_contexts_can_be_freed)
{
    void *fresh = calls.newctx(provctx);

    calls.freectx(NULL);
    calls.freectx(fresh); /* never initialised */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: callbacks called directly");
    TCase *tcase = tcase_create("dispatch");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, update_and_final_need_an_init);
    tcase_add_test(tcase, update_needs_its_allowance);
    tcase_add_test(tcase, final_needs_room_for_the_rest);
    tcase_add_test(tcase, lengths_beyond_an_int_are_refused);
    tcase_add_test(tcase, every_failure_sets_the_length_to_0);
    tcase_add_test(tcase, a_failure_after_output_sets_the_length_to_0);
    tcase_add_test(tcase, null_and_fresh_contexts_can_be_freed);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
