/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages (EVP_PKEY_encrypt) with KEKs; and a KEK refused for them and for sealed keys. */
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "kek_operations.h"

#define KIB64 65536u

static struct bytes encrypt(EVP_PKEY *pkey, struct bytes plain)
{
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, pkey, EVP_PKEY_encrypt_init_ex, NULL);
    size_t len = 0;
    struct bytes sealed;

    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, NULL, &len, plain.data, plain.len), 1);
    sealed = bytes_new(len);
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, sealed.data, &len, plain.data, plain.len), 1);
    ck_assert_uint_le(len, sealed.len);
    sealed.len = len;
    EVP_PKEY_CTX_free(ctx);
    return sealed;
}

static int decrypt(EVP_PKEY *pkey, struct bytes sealed, struct bytes *plain)
{
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, pkey, EVP_PKEY_decrypt_init_ex, NULL);
    size_t len = 0;
    int ok = EVP_PKEY_decrypt(ctx, NULL, &len, sealed.data, sealed.len);

    if (ok == 1) {
        *plain = bytes_new(len);
        ok = EVP_PKEY_decrypt(ctx, plain->data, &len, sealed.data, sealed.len);
        if (ok != 1)
            ck_assert(bytes_are(*plain, 0));
        plain->len = len;
        if (ok != 1)
            bytes_free(plain);
    }
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static void same(struct bytes a, struct bytes b)
{
    ck_assert_uint_eq(a.len, b.len);
    if (a.len > 0)
        ck_assert_mem_eq(a.data, b.data, a.len);
}

START_TEST(messages_go_both_ways)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, KIB64 - 1, KIB64};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bytes plain = bytes_plain(sizes[i], i + 1);
        struct bytes sealed = encrypt(kek0, plain);
        struct bytes by_cipher = caller_open(kek_libctx, sealed);
        struct bytes opened;

        same(plain, by_cipher);
        ck_assert_int_eq(decrypt(kek0, sealed, &opened), 1);
        same(plain, opened);
        bytes_free(&opened);
        bytes_free(&sealed);
        sealed = caller_seal(kek_libctx, plain);
        ck_assert_int_eq(decrypt(kek0, sealed, &opened), 1);
        same(plain, opened);
        bytes_free(&opened);
        bytes_free(&sealed);
        bytes_free(&by_cipher);
        bytes_free(&plain);
    }
}
END_TEST

START_TEST(each_of_several_keks_decrypts)
{
    struct bytes plain = bytes_plain(KIB64, 1);
    struct bytes sealed;
    struct bytes opened;

    fake_default_count = 32;
    sealed = caller_seal(kek_libctx, plain);
    ck_assert_int_eq(decrypt(kek1, sealed, &opened), 1);
    same(plain, opened);
    bytes_free(&opened);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(what_is_no_message_for_the_key_is_refused)
{
    unsigned char secret[SECRET];
    struct bytes plain = bytes_plain(5000, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes sealed_key = encapsulate(kek0, NULL, secret);
    struct bytes opened = {.data = NULL};

    ck_refused(decrypt(kek1, sealed, &opened), ENV_R_OTHER_KEK);
    ck_refused(decrypt(kek0, sealed_key, &opened), ENV_R_WRONG_CONTENT);
    ck_refused(decrypt(kek0, plain, &opened), ENV_R_NOT_A_MESSAGE);
    for (size_t len = 0; len < sealed.len; len += 13) {
        ERR_clear_error();
        ck_assert_int_eq(decrypt(kek0, (struct bytes){.data = sealed.data, .len = len}, &opened),
                         0);
        ck_assert_int_eq(caller_reason(), ENV_R_TRUNCATED);
    }
    sealed.data[sealed.len - 1] ^= 1; /* the last segment: the first one is not given out either */
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_BAD_SEGMENT);
    bytes_free(&sealed_key);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(more_than_64_kib_is_refused)
{
    struct bytes plain = bytes_plain(KIB64 + 1, 1);
    struct bytes far_too_long = bytes_new(200000);
    struct bytes sealed = caller_seal(kek_libctx, plain);
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encrypt_init_ex, NULL);
    struct bytes opened = {.data = NULL};
    size_t len = 0;

    ck_refused(EVP_PKEY_encrypt(ctx, NULL, &len, plain.data, plain.len), ENV_R_INPUT_TOO_LONG);
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_INPUT_TOO_LONG);
    ck_refused(decrypt(kek0, far_too_long, &opened), ENV_R_INPUT_TOO_LONG);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&far_too_long);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_short_output_is_refused)
{
    struct bytes plain = bytes_plain(1000, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes exact = bytes_new(sealed.len);
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encrypt_init_ex, NULL);
    size_t len = sealed.len - 1;

    ck_refused(EVP_PKEY_encrypt(ctx, exact.data, &len, plain.data, plain.len),
               ENV_R_OUTPUT_TOO_SMALL);
    ck_assert(bytes_are(exact, 0));
    len = sealed.len;
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, exact.data, &len, plain.data, plain.len), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_decrypt_init_ex, NULL);
    len = plain.len - 1;
    memset(exact.data, 0, exact.len);
    ck_refused(EVP_PKEY_decrypt(ctx, exact.data, &len, sealed.data, sealed.len),
               ENV_R_OUTPUT_TOO_SMALL);
    ck_assert(bytes_are(exact, 0));
    len = plain.len;
    ck_assert_int_eq(EVP_PKEY_decrypt(ctx, exact.data, &len, sealed.data, sealed.len), 1);
    ck_assert_mem_eq(exact.data, plain.data, plain.len);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&exact);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(the_context_must_match)
{
    struct bytes context = bytes_of("invoice 7", 9);
    struct bytes plain = bytes_plain(100, 1);
    struct bytes sealed = bytes_new(4096);
    struct bytes opened;
    OSSL_PARAM params[2];
    EVP_PKEY_CTX *ctx;

    context_param(params, context);
    ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encrypt_init_ex, params);
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, sealed.data, &sealed.len, plain.data, plain.len), 1);
    EVP_PKEY_CTX_free(ctx);
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_CONTEXT_MISMATCH);
    ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_decrypt_init_ex, params);
    opened = bytes_new(4096);
    ck_assert_int_eq(EVP_PKEY_decrypt(ctx, opened.data, &opened.len, sealed.data, sealed.len), 1);
    same(opened, plain);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&opened);
    bytes_free(&sealed);
    bytes_free(&plain);
    bytes_free(&context);
}
END_TEST

START_TEST(a_kek_that_the_policy_refuses_does_nothing)
{
    unsigned char secret[SECRET];
    struct bytes plain = bytes_plain(10, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes sealed_key = encapsulate(kek0, NULL, secret);
    struct bytes room = bytes_new(4096);
    struct bytes opened = {.data = NULL};
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encrypt_init_ex, NULL);
    size_t secret_len = SECRET;

    fake_keks[0].refusal = ENV_R_KEK_EXTRACTABLE;
    ck_refused(EVP_PKEY_encrypt(ctx, room.data, &room.len, plain.data, plain.len),
               ENV_R_KEK_EXTRACTABLE);
    EVP_PKEY_CTX_free(ctx);
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_KEK_EXTRACTABLE);
    ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encapsulate_init, NULL);
    ck_refused(EVP_PKEY_encapsulate(ctx, room.data, &room.len, secret, &secret_len),
               ENV_R_KEK_EXTRACTABLE);
    EVP_PKEY_CTX_free(ctx);
    ck_refused(decapsulate(kek0, NULL, sealed_key, secret), ENV_R_KEK_EXTRACTABLE);
    bytes_free(&room);
    bytes_free(&sealed_key);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(contexts_are_copied)
{
    struct bytes plain = bytes_plain(10, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes room = bytes_new(4096);
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_decrypt_init_ex, NULL);
    EVP_PKEY_CTX *copy = EVP_PKEY_CTX_dup(ctx);

    EVP_PKEY_CTX_free(ctx);
    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(EVP_PKEY_decrypt(copy, room.data, &room.len, sealed.data, sealed.len), 1);
    same(room, plain);
    EVP_PKEY_CTX_free(copy);
    bytes_free(&room);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: short messages by EVP_PKEY");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, kek_operations_set_up, kek_operations_tear_down);
    tcase_add_test(tcase, messages_go_both_ways);
    tcase_add_test(tcase, each_of_several_keks_decrypts);
    tcase_add_test(tcase, what_is_no_message_for_the_key_is_refused);
    tcase_add_test(tcase, more_than_64_kib_is_refused);
    tcase_add_test(tcase, a_short_output_is_refused);
    tcase_add_test(tcase, the_context_must_match);
    tcase_add_test(tcase, a_kek_that_the_policy_refuses_does_nothing);
    tcase_add_test(tcase, contexts_are_copied);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
