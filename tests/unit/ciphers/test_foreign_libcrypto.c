/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module in a program that has another libcrypto, as one that was built for OpenSSL 3 in a
 * program of OpenSSL 4: it loads, and every operation fails with both versions. The core is this
 * libcrypto's, but for a CRYPTO_malloc and a version of its own. (With a real second libcrypto:
 * tests/integration/second_libcrypto.sh.)
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <string.h>

#include "kek_pkey.h"
#include "provider/ciphers/envelope_cipher.h"
#include "provider/ciphers/wrap_cipher.h"
#include "provider/keys/kek_asym_cipher.h"
#include "provider/keys/kek_decoder.h"
#include "provider/keys/kek_kem.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_reference.h"
#include "provider/keys/kek_skeymgmt.h"

extern OSSL_provider_init_fn OSSL_provider_init;

static OSSL_LIB_CTX *libctx;
static void *provctx;
static OSSL_FUNC_core_get_params_fn *real_get_params;

/* ---- another core ---- */

static void *other_malloc(size_t size, const char *file, int line)
{
    return CRYPTO_malloc(size, file, line);
}

static int other_get_params(const OSSL_CORE_HANDLE *handle, OSSL_PARAM params[])
{
    static char version[] = "4.0.3";
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_CORE_VERSION);

    if (p == NULL)
        return real_get_params(handle, params);
    return OSSL_PARAM_set_utf8_ptr(p, version);
}

/* The real entry, of the module, with another core's functions. */
static int init_by_another_core(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                                const OSSL_DISPATCH **out, void **ctx)
{
    OSSL_DISPATCH other[256];
    size_t n = 0;
    int ok;

    for (; in[n].function_id != 0; n++) {
        ck_assert_uint_lt(n, 255);
        other[n] = in[n];
        if (in[n].function_id == OSSL_FUNC_CRYPTO_MALLOC)
            other[n].function = (void (*)(void))other_malloc;
        if (in[n].function_id == OSSL_FUNC_CORE_GET_PARAMS) {
            real_get_params = OSSL_FUNC_core_get_params(&in[n]);
            other[n].function = (void (*)(void))other_get_params;
        }
    }
    other[n] = in[n];
    ok = OSSL_provider_init(handle, other, out, ctx);
    memset(other, 0, sizeof(other)); /* nothing of it is used afterwards */
    return ok;
}

static int take_provctx(OSSL_PROVIDER *provider, void *arg)
{
    (void)arg;
    if (strcmp(OSSL_PROVIDER_get0_name(provider), "envelope") == 0)
        provctx = OSSL_PROVIDER_get0_provider_ctx(provider);
    return 1;
}

static void set_up(void)
{
    /* a missing module: the search reports that instead */
    libctx = libctx_new_configured(init_by_another_core,
                                   "kek = orders\nstandard-names = yes\n"
                                   "key-ciphers = AES-256-GCM\nkey-kdfs = PBKDF2\n"
                                   "pkcs11-module-path = /nowhere/module.so\n",
                                   true);
    provctx = NULL;
    ck_assert_int_eq(OSSL_PROVIDER_do_all(libctx, take_provctx, NULL), 1);
    ck_assert_ptr_nonnull(provctx);
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
}

/* The function of a dispatch table. */
static void (*function(const OSSL_DISPATCH *table, int id))(void)
{
    for (; table->function_id != 0; table++) {
        if (table->function_id == id)
            return table->function;
    }
    ck_abort_msg("no function %d", id);
    return NULL;
}

#define ck_nothing(call) ck_refused((call) != NULL, ENV_R_FOREIGN_LIBCRYPTO)

/* ---- ciphers ---- */

START_TEST(no_cipher_begins)
{
    static const char *const names[] = {
        "ENVELOPE",
        "ENVELOPE-AES-256-GCM",
        "ENVELOPE-REWRAP",
        "ENVELOPE-AES-128-WRAP",
        "ENVELOPE-AES-192-WRAP",
        "ENVELOPE-AES-256-WRAP",
        "ENVELOPE-AES-128-WRAP-PAD",
        "ENVELOPE-AES-192-WRAP-PAD",
        "ENVELOPE-AES-256-WRAP-PAD",
        /* with a key of the program's as well: it would be used by a libcrypto not its own */
        "AES-128-WRAP",
        "AES-192-WRAP",
        "AES-256-WRAP",
        "AES-128-WRAP-PAD",
        "AES-192-WRAP-PAD",
        "AES-256-WRAP-PAD",
    };
    static const unsigned char key[32] = {1};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, names[i], "provider=envelope");

        ck_assert_msg(cipher != NULL, "%s is not there", names[i]);
        for (int sealing = 0; sealing <= 1; sealing++) {
            EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

            ck_refused(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL),
                       ENV_R_FOREIGN_LIBCRYPTO);
            ck_refused(EVP_CipherInit_ex2(ctx, cipher, key, NULL, sealing, NULL),
                       ENV_R_FOREIGN_LIBCRYPTO);
            EVP_CIPHER_CTX_free(ctx);
        }
        EVP_CIPHER_free(cipher);
    }
}
END_TEST

START_TEST(both_versions_are_named)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const char *data = NULL;
    int flags = 0;
    char expected[200];

    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL), 0);
    ck_assert_int_eq(ERR_GET_REASON(ERR_get_error_all(NULL, NULL, NULL, &data, &flags)),
                     ENV_R_FOREIGN_LIBCRYPTO);
    ck_assert_int_ne(flags & ERR_TXT_STRING, 0);
    (void)snprintf(expected, sizeof(expected),
                   "the program's OpenSSL is 4.0.3, the module's is another one, %s",
                   OpenSSL_version(OPENSSL_VERSION_STRING));
    ck_assert_str_eq(data, expected);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}
END_TEST

START_TEST(it_says_that_it_does_not_run)
{
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(libctx, "envelope");
    int status = -1;
    OSSL_PARAM params[] = {OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, &status), OSSL_PARAM_END};

    ck_assert_ptr_nonnull(provider);
    ck_assert_int_eq(OSSL_PROVIDER_get_params(provider, params), 1);
    ck_assert_int_eq(status, 0);
    (void)OSSL_PROVIDER_unload(provider);
}
END_TEST

/* ---- keys ---- */

START_TEST(no_key_is_made)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);
    OSSL_FUNC_skeymgmt_generate_fn *generate = (OSSL_FUNC_skeymgmt_generate_fn *)function(
        env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_GENERATE);
    char label[] = "orders";
    const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("label", label, sizeof(label) - 1),
                                 OSSL_PARAM_END};

    ck_assert_ptr_nonnull(ctx);
    ck_refused(EVP_PKEY_keygen_init(ctx) == 1, ENV_R_FOREIGN_LIBCRYPTO);
    EVP_PKEY_CTX_free(ctx);
    ck_nothing(generate(provctx, params));
}
END_TEST

START_TEST(no_key_is_found)
{
    OSSL_FUNC_skeymgmt_import_fn *import = (OSSL_FUNC_skeymgmt_import_fn *)function(
        env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_IMPORT);
    char label[] = "orders";
    const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("label", label, sizeof(label) - 1),
                                 OSSL_PARAM_END};

    ck_nothing(import(provctx, 3, params));
    ck_nothing(OSSL_STORE_open_ex("envelope:", libctx, NULL, NULL, NULL, NULL, NULL, NULL));
    ck_nothing(
        OSSL_STORE_open_ex("envelope:object=orders", libctx, NULL, NULL, NULL, NULL, NULL, NULL));
}
END_TEST

START_TEST(no_operation_on_a_key_begins)
{
    ck_nothing(((OSSL_FUNC_kem_newctx_fn *)function(env_kek_kem_functions, OSSL_FUNC_KEM_NEWCTX))(
        provctx));
    ck_nothing(((OSSL_FUNC_asym_cipher_newctx_fn *)function(
        env_kek_asym_cipher_functions, OSSL_FUNC_ASYM_CIPHER_NEWCTX))(provctx));
}
END_TEST

/* ---- references ---- */

static struct bytes reference(bool pem)
{
    uint8_t *der = NULL;
    size_t len = 0;
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    struct bytes out;

    ck_assert(env_ok(env_kek_reference_encode("pkcs11:token=kek;object=orders", &der, &len)));
    if (pem)
        ck_assert_int_gt(PEM_write_bio(bio, ENV_KEK_PEM_NAME, "", der, (long)len), 0);
    else
        ck_assert_int_eq(BIO_write(bio, der, (int)len), (int)len);
    OPENSSL_free(der);
    len = (size_t)BIO_get_mem_data(bio, &text);
    out = bytes_of(text, len);
    BIO_free(bio);
    return out;
}

START_TEST(no_reference_is_loaded)
{
    for (int pem = 0; pem <= 1; pem++) {
        struct bytes encoded = reference(pem);

        ck_nothing(kek_decode(libctx, encoded, pem ? "PEM" : "DER"));
        bytes_free(&encoded);
    }
}
END_TEST

/* Our decoders are asked about every key that a program loads. */
START_TEST(keys_of_others_are_left_alone)
{
    BIO *bio = BIO_new_file(TEST_VECTORS "/rsa/kek-3072.pem", "r");
    EVP_PKEY *pkey;

    ck_assert_ptr_nonnull(bio);
    ERR_clear_error();
    pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, libctx, NULL);
    ck_assert_ptr_nonnull(pkey);
    ck_assert_int_eq(EVP_PKEY_is_a(pkey, "RSA"), 1);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
}
END_TEST

/* ---- one libcrypto ---- */

/* All as above, but for the core. */
START_TEST(the_same_libcrypto_is_none)
{
    OSSL_LIB_CTX *ours = libctx_new_configured(
        OSSL_provider_init, "kek = orders\npkcs11-module-path = /nowhere/module.so\n", true);
    EVP_CIPHER_CTX *ctx = caller_begin(ours, "ENVELOPE", 1);
    unsigned char in[1] = {0};
    unsigned char out[2 * SEGMENT];
    int n = 0;

    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 1), ENV_R_NO_MODULE);
    EVP_CIPHER_CTX_free(ctx);
    OSSL_LIB_CTX_free(ours);
}
END_TEST

/* Listed names are there and closed; the others are whose they were. */
START_TEST(listed_names_take_no_key)
{
    static const unsigned char key[32] = {1}, iv[16];
    EVP_CIPHER *listed = EVP_CIPHER_fetch(libctx, "AES-256-GCM", "?provider=envelope");
    EVP_CIPHER *other = EVP_CIPHER_fetch(libctx, "AES-256-CTR", "?provider=envelope");
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "PBKDF2", "?provider=envelope");
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(listed)), "envelope");
    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(other)), "default");
    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "envelope");
    ck_refused(EVP_CipherInit_ex2(ctx, listed, key, iv, 1, NULL), ENV_R_FOREIGN_LIBCRYPTO);
    ck_nothing(EVP_KDF_CTX_new(kdf));
    EVP_CIPHER_CTX_reset(ctx);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, other, key, iv, 1, NULL), 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(listed);
    EVP_CIPHER_free(other);
    EVP_KDF_free(kdf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("a different libcrypto from the program's");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, no_cipher_begins);
    tcase_add_test(tcase, both_versions_are_named);
    tcase_add_test(tcase, it_says_that_it_does_not_run);
    tcase_add_test(tcase, no_key_is_made);
    tcase_add_test(tcase, no_key_is_found);
    tcase_add_test(tcase, no_operation_on_a_key_begins);
    tcase_add_test(tcase, no_reference_is_loaded);
    tcase_add_test(tcase, keys_of_others_are_left_alone);
    tcase_add_test(tcase, the_same_libcrypto_is_none);
    tcase_add_test(tcase, listed_names_take_no_key);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
