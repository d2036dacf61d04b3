/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ciphers that cannot be spliced. A listed name never disappears from our answer, because stock
 * OpenSSL would use the stand-in as the key. One that is not listed is omitted, and stock OpenSSL
 * serves it.
 */
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/stock_names.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"
#include "odd_provider.h"
#include "provider/stock/closed.h"
#include "provider/stock/guard.h"
#include "provider/stock/slots.h"
#include "provider_calls.h"

#define LISTED "key-ciphers = AES-256-GCM AES-256-CBC\n"

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER_CTX *ctx;
static OSSL_PROVIDER *ours, *other;
static unsigned char raw_key[32], iv[16], out[64];
static int n;

/* ---- memory that fails ---- */

static int left = -1; /* allocations that succeed yet; negative: all */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

static void *failing_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : malloc(size);
}

static void *failing_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : realloc(p, size);
}

static void free_it(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* ---- contexts ---- */

static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    odd_reset();
    ctx = EVP_CIPHER_CTX_new();
    memset(raw_key, 0x42, sizeof(raw_key));
    libctx = fake_named_libctx_alone(LISTED);
    ours = OSSL_PROVIDER_load(libctx, "envelope");
}

static void tear_down(void)
{
    left = -1;
    EVP_CIPHER_CTX_free(ctx);
    if (other != NULL)
        ck_assert_int_eq(OSSL_PROVIDER_unload(other), 1);
    other = NULL;
    ck_assert_int_eq(OSSL_PROVIDER_unload(ours), 1);
    OSSL_LIB_CTX_free(libctx);
}

static int begin_in(OSSL_LIB_CTX *in, const char *name, const void *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(in, name, NULL);
    int ok;

    ck_assert_ptr_nonnull(cipher);
    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)), "envelope");
    ok = EVP_CipherInit_ex2(ctx, cipher, key, iv, 1, NULL);
    EVP_CIPHER_free(cipher);
    return ok;
}

static int begin(const char *name, const void *key)
{
    return begin_in(libctx, name, key);
}

static const char *stand_in(void)
{
    return fake_named_keys[FAKE_NAMED_32].stand_in;
}

/* ---- what stock OpenSSL does not have ---- */

START_TEST(before_there_is_a_stock_provider_listed_names_are_closed)
{
    ck_refused(begin("AES-256-GCM", raw_key), ENV_R_STOCK_NOT_THERE);
    ck_refused(begin("AES-256-GCM", NULL), ENV_R_STOCK_NOT_THERE);
    ck_refused(begin("AES-256-CBC", stand_in()), ENV_R_STOCK_NOT_THERE);
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-CTR", NULL), "");
    ck_assert_str_eq(fake_named_server(libctx, "ENVELOPE", NULL), "envelope");
    /* and then there is one */
    other = OSSL_PROVIDER_load(libctx, "default");
    ck_assert_int_eq(begin("AES-256-GCM", raw_key), 1);
    ck_assert_int_eq(begin("AES-256-CBC", stand_in()), 1);
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-CTR", NULL), "envelope");
}
END_TEST

START_TEST(a_listed_cipher_that_stock_lacks_is_closed)
{
    odd_ciphers[0] = (struct odd_cipher){.name = "AES-256-GCM"};
    other = odd_load(libctx);
    ck_assert_int_eq(begin("AES-256-GCM", stand_in()), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &n, raw_key, 32), 1);
    ck_refused(begin("AES-256-CBC", raw_key), ENV_R_STOCK_NOT_THERE);
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-CTR", NULL), "");
}
END_TEST

START_TEST(a_table_without_a_function_that_we_need_is_closed)
{
    static const int needed[] = {OSSL_FUNC_CIPHER_NEWCTX,       OSSL_FUNC_CIPHER_FREECTX,
                                 OSSL_FUNC_CIPHER_ENCRYPT_INIT, OSSL_FUNC_CIPHER_DECRYPT_INIT,
                                 OSSL_FUNC_CIPHER_UPDATE,       OSSL_FUNC_CIPHER_FINAL,
                                 OSSL_FUNC_CIPHER_GET_PARAMS};

    odd_ciphers[0] = (struct odd_cipher){.name = "AES-256-GCM"};
    odd_ciphers[1] = (struct odd_cipher){.name = "AES-256-CBC", .without = needed[_i]};
    odd_ciphers[2] = (struct odd_cipher){.name = "AES-256-CTR", .without = needed[_i]};
    other = odd_load(libctx);
    ck_assert_int_eq(begin("AES-256-GCM", stand_in()), 1);
    ck_refused(begin("AES-256-CBC", raw_key), ENV_R_STOCK_NOT_THERE);
    ck_refused(EVP_EncryptUpdate(ctx, out, &n, raw_key, 32), ENV_R_STOCK_NOT_THERE);
    ck_refused(EVP_EncryptFinal_ex(ctx, out, &n), ENV_R_STOCK_NOT_THERE);
    ck_assert_str_ne(fake_named_server(libctx, "AES-256-CTR", NULL), "envelope");
}
END_TEST

START_TEST(functions_that_nobody_knows_are_left_out)
{
    odd_ciphers[0] = (struct odd_cipher){.name = "AES-256-GCM", .invented = true};
    other = odd_load(libctx);
    ck_assert_int_eq(begin("AES-256-GCM", stand_in()), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &n, raw_key, 32), 1);
    ck_assert_int_eq(EVP_EncryptFinal_ex(ctx, out, &n), 1);
    ck_assert_int_eq(odd_invented_called, 0);
}
END_TEST

/* What a program asks a cipher for before it gives it a key. */
START_TEST(closed_ciphers_answer_as_stock_openssl_does)
{
    const struct env_stock_cipher *about = &env_stock_ciphers[_i];
    char lines[100];
    OSSL_LIB_CTX *alone, *stock = OSSL_LIB_CTX_new();
    EVP_CIPHER *closed, *open;

    (void)snprintf(lines, sizeof(lines), "key-ciphers = %s\npropquery = provider=nobody\n",
                   about->name);
    alone = fake_named_libctx(lines, true);
    closed = EVP_CIPHER_fetch(alone, about->name, "provider=envelope");
    open = EVP_CIPHER_fetch(stock, about->name, NULL);
    ck_refused(EVP_CipherInit_ex2(ctx, closed, raw_key, iv, 1, NULL), ENV_R_STOCK_NOT_THERE);
    ck_assert_uint_eq(EVP_CIPHER_get_flags(closed), EVP_CIPHER_get_flags(open));
    ck_assert_int_eq(EVP_CIPHER_get_key_length(closed), EVP_CIPHER_get_key_length(open));
    ck_assert_int_eq(EVP_CIPHER_get_iv_length(closed), EVP_CIPHER_get_iv_length(open));
    ck_assert_int_eq(EVP_CIPHER_get_block_size(closed), EVP_CIPHER_get_block_size(open));
    ck_assert_int_eq(EVP_CIPHER_get_mode(closed), EVP_CIPHER_get_mode(open));
    ck_assert_int_eq(EVP_CIPHER_get_nid(closed), EVP_CIPHER_get_nid(open));
    EVP_CIPHER_CTX_reset(ctx);
    EVP_CIPHER_free(closed);
    EVP_CIPHER_free(open);
    OSSL_LIB_CTX_free(alone);
    OSSL_LIB_CTX_free(stock);
}
END_TEST

START_TEST(pbkdf2_is_closed_as_well)
{
    static const unsigned char zeros[32];
    OSSL_LIB_CTX *alone =
        fake_named_libctx("key-kdfs = PBKDF2\npropquery = provider=nobody\n", true);
    EVP_KDF *kdf = EVP_KDF_fetch(alone, "PBKDF2", NULL);
    EVP_KDF_CTX *kctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string("pass", raw_key, 32), OSSL_PARAM_END};

    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "envelope");
    ck_refused(EVP_KDF_CTX_set_params(kctx, params), ENV_R_STOCK_NOT_THERE);
    memset(out, 0, 32);
    ck_refused(EVP_KDF_derive(kctx, out, 32, params), ENV_R_STOCK_NOT_THERE);
    ck_assert_mem_ne(out, zeros, 32); /* not a key of zeros, for who looks at no result */
    EVP_KDF_CTX_reset(kctx);
    EVP_KDF_CTX_free(kctx);
    EVP_KDF_free(kdf);
    OSSL_LIB_CTX_free(alone);
}
END_TEST

/* ---- callbacks without a context ---- */

static enum outcome call_derive(callback f, void *object)
{
    return ((OSSL_FUNC_kdf_derive_fn *)f)(object, out, 16, NULL) == 1 ? WORKED : FAILED;
}

struct closed_call {
    int id;
    provider_call_fn *call;
};

static const struct closed_call cipher_calls[] = {
    {OSSL_FUNC_CIPHER_NEWCTX, call_cipher_newctx},
    {OSSL_FUNC_CIPHER_FREECTX, call_free_nothing},
    {OSSL_FUNC_CIPHER_DUPCTX, call_cipher_dupctx},
    {OSSL_FUNC_CIPHER_ENCRYPT_INIT, call_cipher_init},
    {OSSL_FUNC_CIPHER_DECRYPT_INIT, call_cipher_init},
    {OSSL_FUNC_CIPHER_UPDATE, call_cipher_update},
    {OSSL_FUNC_CIPHER_CIPHER, call_cipher_update},
    {OSSL_FUNC_CIPHER_FINAL, call_cipher_final},
    {OSSL_FUNC_CIPHER_GET_PARAMS, call_no_params},
    {0, NULL},
};

static const struct closed_call kdf_calls[] = {
    {OSSL_FUNC_KDF_NEWCTX, call_cipher_newctx},
    {OSSL_FUNC_KDF_FREECTX, call_free_nothing},
    {OSSL_FUNC_KDF_DUPCTX, call_cipher_dupctx},
    {OSSL_FUNC_KDF_RESET, call_free_nothing},
    {OSSL_FUNC_KDF_DERIVE, call_derive},
    {OSSL_FUNC_KDF_SET_CTX_PARAMS, call_set_params},
    {0, NULL},
};

static void call_without_a_context(const OSSL_DISPATCH *table, const struct closed_call *calls)
{
    provider_table = table;
    for (; table->function_id != 0; table++) {
        const struct closed_call *found = calls;
        enum outcome outcome;

        while (found->id != 0 && found->id != table->function_id)
            found++;
        ck_assert_msg(found->id != 0, "nobody calls function %d", table->function_id);
        ERR_clear_error();
        outcome = found->call(table->function, NULL);
        ck_assert_int_ne(outcome, WORKED);
        ck_assert_int_eq(caller_reason(), outcome == FAILED ? ENV_R_NO_CONTEXT : ENV_R_NONE);
    }
}

/* libcrypto keeps a cipher and no context after a copy that failed. */
START_TEST(closed_callbacks_bear_that_there_is_no_context)
{
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++)
        call_without_a_context(env_closed_ciphers[i], cipher_calls);
    call_without_a_context(env_closed_pbkdf2, kdf_calls);
}
END_TEST

/* ---- whose ciphers they are ---- */

START_TEST(propquery_chooses_whose_ciphers_are_spliced)
{
    OSSL_LIB_CTX *both = fake_named_libctx(LISTED "propquery = x.y=z\n", true);
    OSSL_PROVIDER *odd;
    EVP_CIPHER *cipher;

    odd_ciphers[0] = (struct odd_cipher){.name = "AES-256-GCM", .definition = "x.y=z,provider=odd"};
    odd_ciphers[1] = (struct odd_cipher){.name = "AES-256-CBC", .definition = "provider=odd"};
    odd = odd_load(both);
    /* the rest of the definition is stock's, so that queries find ours as they found theirs */
    cipher = EVP_CIPHER_fetch(both, "AES-256-GCM", "provider=envelope,x.y=z");
    ck_assert_ptr_nonnull(cipher);
    EVP_CIPHER_free(cipher);
    ck_assert_int_eq(begin_in(both, "AES-256-GCM", stand_in()), 1);
    ck_refused(begin_in(both, "AES-256-CBC", stand_in()), ENV_R_STOCK_NOT_THERE);
    EVP_CIPHER_CTX_reset(ctx);
    ck_assert_int_eq(OSSL_PROVIDER_unload(odd), 1);
    OSSL_LIB_CTX_free(both);
}
END_TEST

/* fips=yes in the default properties: what has it not is nobody's, and not ours either. */
START_TEST(fips_properties_choose_as_well)
{
    OSSL_LIB_CTX *both = fake_named_libctx(LISTED, true);
    OSSL_PROVIDER *odd;

    odd_ciphers[0] =
        (struct odd_cipher){.name = "AES-256-GCM", .definition = "provider=odd,fips=yes"};
    odd = odd_load(both);
    ck_assert_int_eq(EVP_default_properties_enable_fips(both, 1), 1);
    ck_assert_int_eq(begin_in(both, "AES-256-GCM", stand_in()), 1);
    ck_assert_str_eq(fake_named_server(both, "AES-256-CTR", NULL), "");
    EVP_CIPHER_CTX_reset(ctx);
    ck_assert_int_eq(OSSL_PROVIDER_unload(odd), 1);
    OSSL_LIB_CTX_free(both);
}
END_TEST

/* ---- slots ---- */

/* The first is the default context's. */
#define SLOTS (ENV_STOCK_SLOTS - 1)

static int seal(OSSL_LIB_CTX *in)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(in, "ENVELOPE", NULL);
    const unsigned char no_key[32] = {0};
    unsigned char message[5000];
    int ok = EVP_CipherInit_ex2(ctx, cipher, no_key, NULL, 1, NULL) == 1 &&
             EVP_EncryptUpdate(ctx, message, &n, raw_key, 32) == 1 &&
             EVP_EncryptFinal_ex(ctx, message + n, &n) == 1;

    EVP_CIPHER_free(cipher);
    return ok;
}

START_TEST(contexts_without_a_slot_are_closed)
{
    OSSL_LIB_CTX *contexts[SLOTS];

    /* the fixture's context has one */
    for (int i = 0; i < SLOTS; i++)
        contexts[i] = fake_named_libctx(LISTED "key-kdfs = PBKDF2\n", true);
    for (int i = 0; i < SLOTS - 1; i++)
        ck_assert_int_eq(begin_in(contexts[i], "AES-256-GCM", stand_in()), 1);
    ck_refused(begin_in(contexts[SLOTS - 1], "AES-256-GCM", raw_key), ENV_R_STOCK_NO_ROOM);
    ck_assert_str_eq(fake_named_server(contexts[SLOTS - 1], "AES-256-CTR", NULL), "default");
    /* our own ciphers do without ours */
    ck_assert_int_eq(seal(contexts[SLOTS - 1]), 1);
    EVP_CIPHER_CTX_reset(ctx);
    for (int i = 0; i < SLOTS; i++)
        OSSL_LIB_CTX_free(contexts[i]);
}
END_TEST

/* SoftHSM computes there in our process, and what it lacks is a wrong PIN to it. */
START_TEST(the_default_context_has_a_slot_of_its_own)
{
    int slots[SLOTS];
    int first;

    for (int i = 0; i < SLOTS - 1; i++) {
        slots[i] = env_slot_claim(false);
        ck_assert_int_gt(slots[i], 0);
    }
    ck_assert_int_eq(env_slot_claim(false), ENV_STOCK_NO_SLOT);
    first = env_slot_claim(true);
    ck_assert_int_eq(first, 0);
    env_slot_release(first);
    for (int i = 0; i < SLOTS - 1; i++)
        env_slot_release(slots[i]);
}
END_TEST

/* Configures the default context by one of the two names that it has. */
static void configure_default(OSSL_LIB_CTX *called)
{
    static const char text[] = "openssl_conf = init\n[init]\nproviders = providers\n[providers]\n"
                               "default = default_sect\nenvelope = envelope_sect\n"
                               "[default_sect]\nactivate = 1\n[envelope_sect]\nactivate = 1\n";
    BIO *lines = BIO_new(BIO_s_mem());
    CONF *cnf = NCONF_new_ex(called, NULL);

    ck_assert_int_eq(fake_named_add_builtin(called), 1);
    ck_assert_int_gt(BIO_printf(lines, "%s%s", text, LISTED), 0);
    ck_assert_int_eq(NCONF_load_bio(cnf, lines, NULL), 1);
    ck_assert_int_eq(CONF_modules_load(cnf, NULL, 0), 1);
    ck_assert_int_eq(EVP_set_default_properties(called, "?provider=envelope"), 1);
    NCONF_free(cnf);
    BIO_free(lines);
}

/* However late it is configured, and however the program calls it. */
START_TEST(the_default_context_comes_after_all_others)
{
    OSSL_LIB_CTX *contexts[SLOTS];

    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    for (int i = 0; i < SLOTS; i++)
        contexts[i] = fake_named_libctx(LISTED, true);
    configure_default(_i == 0 ? NULL : OSSL_LIB_CTX_get0_global_default());
    ck_assert_int_eq(begin_in(NULL, "AES-256-GCM", stand_in()), 1);
    EVP_CIPHER_CTX_reset(ctx);
    for (int i = 0; i < SLOTS; i++)
        OSSL_LIB_CTX_free(contexts[i]);
}
END_TEST

/* A program that makes contexts over and over does not run out of them. */
START_TEST(slots_are_given_back)
{
    for (int i = 0; i < 5 * ENV_STOCK_SLOTS; i++) {
        OSSL_LIB_CTX *one = fake_named_libctx(LISTED, true);

        ck_assert_int_eq(begin_in(one, "AES-256-GCM", stand_in()), 1);
        EVP_CIPHER_CTX_reset(ctx);
        OSSL_LIB_CTX_free(one);
    }
}
END_TEST

/* ---- the answer itself ---- */

static const OSSL_ALGORITHM *ask(int operation, int *no_cache)
{
    return OSSL_PROVIDER_query_operation(ours, operation, no_cache);
}

static bool is_in(const OSSL_ALGORITHM *list, const char *name)
{
    for (; list->algorithm_names != NULL; list++) {
        if (strncmp(list->algorithm_names, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

/* Every allocation of the look fails in turn: each answer has all listed names. */
START_TEST(without_memory_listed_names_are_there_and_closed)
{
    int failures = 0;

    for (int i = 0; i >= 0; i++) {
        OSSL_LIB_CTX *one = fake_named_libctx(LISTED, true);
        OSSL_PROVIDER *provider = OSSL_PROVIDER_load(one, "envelope");
        const OSSL_ALGORITHM *list;
        int no_cache = 0;

        left = i;
        list = OSSL_PROVIDER_query_operation(provider, OSSL_OP_CIPHER, &no_cache);
        if (left < 0) {
            ck_assert_ptr_nonnull(list);
            ck_assert(is_in(list, "AES-256-GCM") && is_in(list, "AES-256-CBC"));
            ck_assert(is_in(list, "ENVELOPE"));
            ck_assert_int_eq(is_in(list, "AES-256-CTR"), no_cache == 0);
            failures += no_cache;
            /* with memory again all is there */
            ck_assert_int_eq(begin_in(one, "AES-256-GCM", stand_in()), 1);
            EVP_CIPHER_CTX_reset(ctx);
            ERR_clear_error();
        }
        if (left >= 0) /* there was enough for everything */
            i = -2;
        left = -1;
        ck_assert_int_eq(OSSL_PROVIDER_unload(provider), 1);
        OSSL_LIB_CTX_free(one);
    }
    ck_assert_int_gt(failures, 4);
}
END_TEST

START_TEST(while_we_look_we_are_asked_in_vain)
{
    static const int operations[] = {OSSL_OP_CIPHER, OSSL_OP_KDF, OSSL_OP_KEYMGMT, OSSL_OP_STORE};

    env_stock_guard_up();
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        int no_cache = 0;

        ck_assert_ptr_null(ask(operations[i], &no_cache));
        ck_assert_int_eq(no_cache, 1);
    }
    env_stock_guard_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: closed names");
    TCase *tcase = tcase_create("closed");

    if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, free_it) != 1)
        return 1;
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, before_there_is_a_stock_provider_listed_names_are_closed);
    tcase_add_test(tcase, a_listed_cipher_that_stock_lacks_is_closed);
    tcase_add_loop_test(tcase, a_table_without_a_function_that_we_need_is_closed, 0, 7);
    tcase_add_test(tcase, functions_that_nobody_knows_are_left_out);
    tcase_add_loop_test(tcase, closed_ciphers_answer_as_stock_openssl_does, 0,
                        ENV_STOCK_CIPHER_COUNT);
    tcase_add_test(tcase, pbkdf2_is_closed_as_well);
    tcase_add_test(tcase, closed_callbacks_bear_that_there_is_no_context);
    tcase_add_test(tcase, propquery_chooses_whose_ciphers_are_spliced);
    tcase_add_test(tcase, fips_properties_choose_as_well);
    tcase_add_test(tcase, contexts_without_a_slot_are_closed);
    tcase_add_test(tcase, the_default_context_has_a_slot_of_its_own);
    tcase_add_loop_test(tcase, the_default_context_comes_after_all_others, 0, 2);
    tcase_add_test(tcase, slots_are_given_back);
    tcase_add_test(tcase, without_memory_listed_names_are_there_and_closed);
    tcase_add_test(tcase, while_we_look_we_are_asked_in_vain);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
