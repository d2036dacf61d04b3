/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins in forked children, and in library contexts that a program makes itself. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"

#define LISTED "key-ciphers = AES-256-CBC\n"

static OSSL_LIB_CTX *libctx;

static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    libctx = fake_named_libctx(LISTED, true);
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
}

/* 16 zeros under a key; false when any call fails. */
static bool encrypt(OSSL_LIB_CTX *in, const char *query, const void *key, unsigned char out[16])
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(in, "AES-256-CBC", query);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char iv[16] = {0}, zeros[16] = {0};
    int n = 0;
    bool done = EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, out, &n, zeros, 16) == 1 && n == 16;

    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return done;
}

static bool is_right(OSSL_LIB_CTX *in)
{
    const struct fake_named_key *named = &fake_named_keys[FAKE_NAMED_32];
    unsigned char ours[16], stock[16];

    return encrypt(in, NULL, named->stand_in, ours) &&
           encrypt(in, "provider=default", named->key, stock) && memcmp(ours, stock, 16) == 0;
}

/* In a child that was forked before the first fetch, and after it. */
START_TEST(forked_children_use_them)
{
    int status = 0;
    pid_t child;

    if (_i == 1)
        ck_assert(is_right(libctx));
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(is_right(libctx) ? 0 : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert(is_right(libctx));
}
END_TEST

/* A context that was initialised goes on on both sides. */
START_TEST(a_context_goes_on_in_both_processes)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-CBC", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char iv[16] = {0}, zeros[16] = {0}, expected[16], out[16];
    int n, status = 0;
    pid_t child;

    ck_assert(encrypt(libctx, "provider=default", fake_named_keys[FAKE_NAMED_32].key, expected));
    ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, cipher,
                                         (const void *)fake_named_keys[FAKE_NAMED_32].stand_in, iv,
                                         NULL),
                     1);
    child = fork();
    ck_assert_int_ge(child, 0);
    n = 0;
    if (child == 0)
        _exit(EVP_EncryptUpdate(ctx, out, &n, zeros, 16) == 1 && memcmp(out, expected, 16) == 0
                  ? 0
                  : 1);
    ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &n, zeros, 16), 1);
    ck_assert_mem_eq(out, expected, 16);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}
END_TEST

/* Each has a configuration of its own, and so ciphers and keys of its own. */
START_TEST(contexts_have_their_own_lists)
{
    OSSL_LIB_CTX *other = fake_named_libctx("key-ciphers = AES-256-CTR\n", true);
    OSSL_LIB_CTX *plain = OSSL_LIB_CTX_new();
    unsigned char out[16];

    ck_assert(is_right(libctx));
    ERR_clear_error();
    ck_assert(!encrypt(other, NULL, fake_named_keys[FAKE_NAMED_32].stand_in, out));
    ck_assert_int_eq(caller_reason(), ENV_R_KEY_NOT_LISTED);
    ck_assert(is_right(libctx));
    /* one without a configuration is stock OpenSSL's alone */
    ck_assert_str_eq(fake_named_server(plain, "AES-256-CBC", NULL), "default");
    OSSL_LIB_CTX_free(other);
    OSSL_LIB_CTX_free(plain);
    ck_assert(is_right(libctx));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: processes and contexts");
    TCase *tcase = tcase_create("processes");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, forked_children_use_them, 0, 2);
    tcase_add_test(tcase, a_context_goes_on_in_both_processes);
    tcase_add_test(tcase, contexts_have_their_own_lists);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
