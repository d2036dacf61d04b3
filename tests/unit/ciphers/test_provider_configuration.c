/* SPDX-License-Identifier: Apache-2.0 */
/* The provider with an openssl.cnf: loaded, queried, misconfigured, unloaded and loaded again. */
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "fake_keyring.h"

static struct bytes plain;
static unsigned char room[2 * SEGMENT];
static int n;

static void set_up(void)
{
    fake_reset();
    plain = bytes_plain(300, 60);
}

static void tear_down(void)
{
    bytes_free(&plain);
    ck_assert_int_eq(fake_references(), 0);
}

static EVP_CIPHER_CTX *not_begun(OSSL_LIB_CTX *libctx, EVP_CIPHER **cipher)
{
    *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    ck_assert_ptr_nonnull(*cipher);
    return EVP_CIPHER_CTX_new();
}

/* The provider loads with any configuration, and reports errors at the first operation. */
START_TEST(mistakes_are_reported_at_first_use)
{
    static const struct {
        const char *lines;
        int reason;
    } mistakes[] = {
        {"wrap = rot13", ENV_R_CONFIG_VALUE},
        {"allow-weak-kek = maybe", ENV_R_CONFIG_VALUE},
        {"allow-imported-kek = 1", ENV_R_CONFIG_VALUE},
        {"pin = 1234", ENV_R_CONFIG_UNKNOWN_KEY},
        {"pin_source = file:/x", ENV_R_CONFIG_UNKNOWN_KEY},
        {"keks = orders", ENV_R_CONFIG_UNKNOWN_KEY},
        {"allow_weak_kek = yes", ENV_R_CONFIG_UNKNOWN_KEY},
    };

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        OSSL_LIB_CTX *libctx = fake_libctx_new_configured(mistakes[i].lines, false);
        EVP_CIPHER *cipher;
        EVP_CIPHER_CTX *ctx = not_begun(libctx, &cipher);

        for (int sealing = 0; sealing <= 1; sealing++) {
            ck_refused(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL),
                       mistakes[i].reason);
            ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 10), ENV_R_NOT_INITIALISED);
        }
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_free(cipher);
        OSSL_LIB_CTX_free(libctx);
    }
}
END_TEST

/* A misspelt pin's value is secret: the error has the key alone. */
START_TEST(a_misspelt_pin_is_not_shown)
{
    OSSL_LIB_CTX *libctx = fake_libctx_new_configured("pin = tr0ub4dor", false);
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx = not_begun(libctx, &cipher);
    const char *data = NULL;
    int flags = 0;

    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, 1, NULL), 0);
    ck_assert_uint_ne(ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags), 0);
    ck_assert_ptr_nonnull(strstr(data, "pin"));
    ck_assert_ptr_null(strstr(data, "tr0ub4dor"));
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    OSSL_LIB_CTX_free(libctx);
}
END_TEST

static struct bytes seal_with(OSSL_LIB_CTX *libctx, const char *context)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string("context", (void *)context, context != NULL ? strlen(context) : 0),
        OSSL_PARAM_END};
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
    struct bytes sealed;

    if (context != NULL)
        ck_assert_int_eq(EVP_CIPHER_CTX_set_params(ctx, params), 1);
    sealed = caller_finish(ctx, plain, 100);
    EVP_CIPHER_CTX_free(ctx);
    return sealed;
}

static int open_with(OSSL_LIB_CTX *libctx, struct bytes sealed)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    int reason = ENV_R_NONE;

    ERR_clear_error();
    if (EVP_CipherUpdate(ctx, room, &n, sealed.data, (int)sealed.len) != 1 ||
        EVP_CipherFinal_ex(ctx, room, &n) != 1)
        reason = caller_reason();
    EVP_CIPHER_CTX_free(ctx);
    return reason;
}

/* The default context of openssl.cnf, in every context that is not given another. */
START_TEST(the_configured_context_is_the_default)
{
    OSSL_LIB_CTX *libctx = fake_libctx_new_configured("context = payroll", false);
    OSSL_LIB_CTX *without = fake_libctx_new_configured("", false);
    EVP_CIPHER_CTX *ctx;
    struct bytes sealed = seal_with(libctx, NULL);

    ck_assert_int_eq(open_with(libctx, sealed), ENV_R_NONE);
    ck_assert_int_eq(open_with(without, sealed), ENV_R_CONTEXT_MISMATCH);
    bytes_free(&sealed);
    sealed = seal_with(without, "payroll");
    ck_assert_int_eq(open_with(libctx, sealed), ENV_R_NONE);
    bytes_free(&sealed);
    sealed = seal_with(libctx, "");
    ck_assert_int_eq(open_with(libctx, sealed), ENV_R_CONTEXT_MISMATCH);
    ck_assert_int_eq(open_with(without, sealed), ENV_R_NONE);
    bytes_free(&sealed);
    /* it stays for the context's next messages */
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
        sealed = caller_finish(ctx, plain, 100);
        ck_assert_int_eq(open_with(libctx, sealed), ENV_R_NONE);
        ck_assert_int_eq(open_with(without, sealed), ENV_R_CONTEXT_MISMATCH);
        bytes_free(&sealed);
    }
    EVP_CIPHER_CTX_free(ctx);
    OSSL_LIB_CTX_free(libctx);
    OSSL_LIB_CTX_free(without);
}
END_TEST

/* propquery restricts what we fetch; one that nothing satisfies is an error. */
START_TEST(propquery_narrows_what_is_fetched)
{
    OSSL_LIB_CTX *libctx = fake_libctx_new_configured("propquery = provider=default", false);
    OSSL_LIB_CTX *nobody = fake_libctx_new_configured("propquery = provider=nobody", false);
    struct bytes sealed = seal_with(libctx, NULL);
    EVP_CIPHER_CTX *ctx = caller_begin(nobody, "ENVELOPE", 1);

    ck_assert_int_eq(open_with(libctx, sealed), ENV_R_NONE);
    ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 10), ENV_R_NO_AES_GCM);
    ck_assert_int_eq(open_with(nobody, sealed), ENV_R_NO_AES_GCM);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&sealed);
    OSSL_LIB_CTX_free(libctx);
    OSSL_LIB_CTX_free(nobody);
}
END_TEST

/* Nothing is left behind (LeakSanitizer looks), and a message outlives the provider it came from.
 */
START_TEST(loading_and_freeing_leaves_nothing_behind)
{
    struct bytes sealed = {0};

    for (int i = 0; i < 30; i++) {
        OSSL_LIB_CTX *libctx = fake_libctx_new();

        if (i > 0)
            ck_assert_int_eq(open_with(libctx, sealed), ENV_R_NONE);
        bytes_free(&sealed);
        if (i % 3 != 2) { /* and now and then loaded without being used */
            sealed = caller_seal(libctx, plain);
        } else {
            OSSL_LIB_CTX *another = fake_libctx_new();

            sealed = caller_seal(another, plain);
            fake_libctx_free(another);
        }
        fake_libctx_free(libctx);
    }
    bytes_free(&sealed);
}
END_TEST

/* Every reason that we raise has its text on OpenSSL's error stack. */
START_TEST(every_reason_has_a_text)
{
    static const struct {
        int reason;
        const char *text;
    } reasons[] = {
#define REASON(name, number, text) {(number), (text)},
        ENV_REASONS(REASON)
#undef REASON
    };
    OSSL_LIB_CTX *libctx = fake_libctx_new();
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    int library;

    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room, &n), 0);
    library = ERR_GET_LIB(ERR_peek_last_error());
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        const char *text = ERR_reason_error_string(ERR_PACK(library, 0, reasons[i].reason));

        ck_assert_ptr_nonnull(text);
        ck_assert_str_eq(text, reasons[i].text);
        ck_assert_str_eq(env_reason_text((enum env_reason)reasons[i].reason), reasons[i].text);
        for (size_t j = 0; j < i; j++)
            ck_assert_int_ne(reasons[i].reason, reasons[j].reason);
    }
    EVP_CIPHER_CTX_free(ctx);
    fake_libctx_free(libctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: configuration of the provider");
    TCase *tcase = tcase_create("provider");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, mistakes_are_reported_at_first_use);
    tcase_add_test(tcase, a_misspelt_pin_is_not_shown);
    tcase_add_test(tcase, the_configured_context_is_the_default);
    tcase_add_test(tcase, propquery_narrows_what_is_fetched);
    tcase_add_test(tcase, loading_and_freeing_leaves_nothing_behind);
    tcase_add_test(tcase, every_reason_has_a_text);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
