/* SPDX-License-Identifier: Apache-2.0 */
/* Only envelope is active, so nobody offers AES-GCM: an error, fixed by loading default.
 */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

static unsigned char room[2 * SEGMENT];
static int n = -1;

static struct bytes sealed_elsewhere(struct bytes plain)
{
    OSSL_LIB_CTX *other = fake_libctx_new();
    struct bytes sealed = caller_seal(other, plain);

    fake_libctx_free(other);
    return sealed;
}

START_TEST(without_aes_gcm_the_error_says_what_to_activate)
{
    OSSL_LIB_CTX *libctx;
    EVP_CIPHER_CTX *sealing, *opening;
    struct bytes plain = bytes_plain(300, 8);
    struct bytes sealed, opened;

    fake_reset();
    sealed = sealed_elsewhere(plain);
    libctx = fake_libctx_new_without_default();
    sealing = caller_begin(libctx, "ENVELOPE", 1); /* initialising needs nothing yet */
    opening = caller_begin(libctx, "ENVELOPE", 0);
    ck_refused(EVP_CipherUpdate(sealing, room, &n, plain.data, 300), ENV_R_NO_AES_GCM);
    ck_assert_int_eq(n, 0);
    ck_refused(EVP_CipherUpdate(opening, room, &n, sealed.data, (int)sealed.len), ENV_R_NO_AES_GCM);
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(atomic_load(&fake_keks[0].unwraps), 0);

    /* loaded after us, as when openssl.cnf lists it after us: the same contexts work then */
    ck_assert_ptr_nonnull(OSSL_PROVIDER_load(libctx, "default"));
    ck_assert_int_eq(EVP_CipherInit_ex2(sealing, NULL, NULL, NULL, -1, NULL), 1);
    ck_assert_int_eq(EVP_CipherInit_ex2(opening, NULL, NULL, NULL, -1, NULL), 1);
    opened = caller_finish(opening, sealed, 100);
    ck_assert_uint_eq(opened.len, 300);
    bytes_free(&opened);
    bytes_free(&sealed);
    sealed = caller_finish(sealing, plain, 100);
    opened = caller_open(libctx, sealed);
    ck_assert_uint_eq(opened.len, 300);
    ck_assert_mem_eq(opened.data, plain.data, 300);

    EVP_CIPHER_CTX_free(sealing);
    EVP_CIPHER_CTX_free(opening);
    bytes_free(&opened);
    bytes_free(&sealed);
    bytes_free(&plain);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: without the default provider");
    TCase *tcase = tcase_create("NO_AES_GCM");

    tcase_add_test(tcase, without_aes_gcm_the_error_says_what_to_activate);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
