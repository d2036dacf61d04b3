/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEKs as EVP_SKEYs, by the functions that libcrypto 3.5 calls, so that they are tested with
 * earlier versions as well.
 */
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "kek_pkey.h"
#include "provider/ciphers/envelope_cipher.h"
#include "provider/ciphers/wrap_cipher.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_skeymgmt.h"

static OSSL_LIB_CTX *libctx;
static void *provctx;

static int take_provctx(OSSL_PROVIDER *provider, void *arg)
{
    (void)arg;
    if (strcmp(OSSL_PROVIDER_get0_name(provider), "envelope") == 0)
        provctx = OSSL_PROVIDER_get0_provider_ctx(provider);
    return 1;
}

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    ck_assert_int_eq(OSSL_PROVIDER_do_all(libctx, take_provctx, NULL), 1);
    ck_assert_ptr_nonnull(provctx);
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* A function of a dispatch table. */
static void (*function(const OSSL_DISPATCH *table, int id))(void)
{
    for (; table->function_id != 0; table++) {
        if (table->function_id == id)
            return table->function;
    }
    ck_abort_msg("no function %d", id);
    return NULL;
}

static void *import(const OSSL_PARAM params[])
{
    OSSL_FUNC_skeymgmt_import_fn *call = (OSSL_FUNC_skeymgmt_import_fn *)function(
        env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_IMPORT);

    return call(provctx, 3, params);
}

static void *import_text(const char *name, const char *value)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)value, 0),
        OSSL_PARAM_construct_end(),
    };

    return import(params);
}

static const char *key_id(void *skey)
{
    OSSL_FUNC_skeymgmt_get_key_id_fn *call = (OSSL_FUNC_skeymgmt_get_key_id_fn *)function(
        env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_GET_KEY_ID);

    return call(skey);
}

static void free_skey(void *skey)
{
    OSSL_FUNC_skeymgmt_free_fn *call =
        (OSSL_FUNC_skeymgmt_free_fn *)function(env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_FREE);

    call(skey);
}

#define ck_no_skey(call, why)                                                                      \
    do {                                                                                           \
        ERR_clear_error();                                                                         \
        ck_assert_ptr_null(call);                                                                  \
        ck_assert_int_eq(caller_reason(), (why));                                                  \
    } while (0)

START_TEST(keys_are_imported_by_name)
{
    void *by_label = import_text("label", "kek3");
    void *by_uri = import_text("uri", "pkcs11:token=fake;object=kek3;type=secret-key");

    ck_assert_ptr_nonnull(by_label);
    ck_assert_ptr_nonnull(by_uri);
    ck_assert_str_eq(key_id(by_label), "pkcs11:token=fake;object=kek3;type=secret-key");
    ck_assert_str_eq(key_id(by_uri), key_id(by_label));
    free_skey(by_label);
    free_skey(by_uri);
}
END_TEST

START_TEST(raw_bytes_and_bad_names_are_not_imported)
{
    unsigned char raw[32] = {1};
    char label[] = "kek3";
    char uri[] = "pkcs11:object=kek3";
    const OSSL_PARAM bytes[] = {
        OSSL_PARAM_octet_string("raw-bytes", raw, sizeof(raw)),
        OSSL_PARAM_END,
    };
    const OSSL_PARAM both[] = {
        OSSL_PARAM_utf8_string("label", label, sizeof(label) - 1),
        OSSL_PARAM_utf8_string("uri", uri, sizeof(uri) - 1),
        OSSL_PARAM_END,
    };
    const OSSL_PARAM nothing[] = {OSSL_PARAM_END};

    ck_no_skey(import(bytes), ENV_R_KEK_NO_IMPORT);
    ck_no_skey(import(nothing), ENV_R_KEK_NO_IMPORT);
    ck_no_skey(import(both), ENV_R_BAD_PARAMETER);
    ck_no_skey(import_text("uri", "kek3"), ENV_R_BAD_PARAMETER);
    ck_no_skey(import_text("label", "absent"), ENV_R_KEK_NOT_FOUND);
}
END_TEST

static int never(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    (void)arg;
    ck_abort_msg("something was exported");
    return 1;
}

START_TEST(nothing_is_exported)
{
    OSSL_FUNC_skeymgmt_export_fn *call = (OSSL_FUNC_skeymgmt_export_fn *)function(
        env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_EXPORT);
    void *skey = import_text("label", "kek3");

    ck_refused(call(skey, 3, never, NULL), ENV_R_KEK_NO_EXPORT);
    free_skey(skey);
}
END_TEST

START_TEST(keys_are_generated)
{
    OSSL_FUNC_skeymgmt_generate_fn *call = (OSSL_FUNC_skeymgmt_generate_fn *)function(
        env_kek_skeymgmt_functions, OSSL_FUNC_SKEYMGMT_GENERATE);
    char label[] = "fresh";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string("label", label, sizeof(label) - 1),
        OSSL_PARAM_END,
    };
    const OSSL_PARAM nothing[] = {OSSL_PARAM_END};
    void *skey;

    ck_no_skey(call(provctx, nothing), ENV_R_LABEL_MISSING);
    ck_no_skey(call(provctx, params), ENV_R_KEK_NOT_MADE);
    fake_keks[4].absent = true;
    skey = call(provctx, params);
    ck_assert_ptr_nonnull(skey);
    ck_assert_str_eq(key_id(skey), "pkcs11:token=fake;object=fresh;type=secret-key");
    free_skey(skey);
}
END_TEST

/* What OpenSSL 4.0 does with an object of a store: back to us as a pointer to the reference. */
static int take_object(const OSSL_PARAM params[], void *arg)
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_REFERENCE);
    const void *reference = NULL;
    size_t len = 0;
    OSSL_PARAM back[2] = {OSSL_PARAM_END, OSSL_PARAM_END};

    ck_assert_int_eq(OSSL_PARAM_get_octet_string_ptr(p, &reference, &len), 1);
    back[0] = OSSL_PARAM_construct_octet_ptr(OSSL_OBJECT_PARAM_REFERENCE,
                                             (void **)(uintptr_t)&reference, len);
    *(void **)arg = import(back);
    return 1;
}

START_TEST(keys_come_from_a_store)
{
    struct env_key *key = import_text("label", "kek5");
    void *skey = NULL;

    ck_assert_int_eq(env_key_hand_over(key, 5, take_object, &skey), 1);
    ck_assert_ptr_eq(skey, key);
    free_skey(skey);
}
END_TEST

/* ---- with the ciphers ---- */

static void *new_cipher(const OSSL_DISPATCH *table)
{
    return ((OSSL_FUNC_cipher_newctx_fn *)function(table, OSSL_FUNC_CIPHER_NEWCTX))(provctx);
}

static int init_with(const OSSL_DISPATCH *table, int id, void *ctx, void *skey)
{
    return ((OSSL_FUNC_cipher_encrypt_skey_init_fn *)function(table, id))(ctx, skey, NULL, 0, NULL);
}

static size_t run(const OSSL_DISPATCH *table, void *ctx, const void *in, size_t in_len,
                  unsigned char *out, size_t size)
{
    size_t n = 0;
    size_t last = 0;

    ck_assert_int_eq(((OSSL_FUNC_cipher_update_fn *)function(table, OSSL_FUNC_CIPHER_UPDATE))(
                         ctx, out, &n, size, in, in_len),
                     1);
    ck_assert_int_eq(((OSSL_FUNC_cipher_final_fn *)function(table, OSSL_FUNC_CIPHER_FINAL))(
                         ctx, out + n, &last, size - n),
                     1);
    return n + last;
}

static void free_cipher(const OSSL_DISPATCH *table, void *ctx)
{
    ((OSSL_FUNC_cipher_freectx_fn *)function(table, OSSL_FUNC_CIPHER_FREECTX))(ctx);
}

START_TEST(messages_are_sealed_for_the_key)
{
    const OSSL_DISPATCH *table = env_envelope_functions;
    void *ctx = new_cipher(table);
    void *skey = import_text("label", "kek6");
    unsigned char key_bytes[32] = "kek7";
    unsigned char sealed[8192];
    unsigned char opened[8192];
    size_t len;

    ck_assert_int_eq(init_with(table, OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, ctx, skey), 1);
    free_skey(skey); /* the context does without it */
    len = run(table, ctx, "words", 5, sealed, sizeof(sealed));
    ck_assert_int_eq(atomic_load(&fake_keks[6].wraps), 1);
    skey = import_text("label", "kek6");
    ck_assert_int_eq(init_with(table, OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT, ctx, skey), 1);
    ck_assert_uint_eq(run(table, ctx, sealed, len, opened, sizeof(opened)), 5);
    ck_assert_mem_eq(opened, "words", 5);
    /* initialised again without a key, it stays; key bytes take its place */
    ck_assert_int_eq(init_with(table, OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, ctx, NULL), 1);
    (void)run(table, ctx, "words", 5, sealed, sizeof(sealed));
    ck_assert_int_eq(atomic_load(&fake_keks[6].wraps), 2);
    ck_assert_int_eq(
        ((OSSL_FUNC_cipher_encrypt_init_fn *)function(table, OSSL_FUNC_CIPHER_ENCRYPT_INIT))(
            ctx, key_bytes, sizeof(key_bytes), NULL, 0, NULL),
        1);
    (void)run(table, ctx, "words", 5, sealed, sizeof(sealed));
    ck_assert_int_eq(atomic_load(&fake_keks[6].wraps), 2);
    ck_assert_int_eq(atomic_load(&fake_keks[7].wraps), 1);
    free_skey(skey);
    free_cipher(table, ctx);
}
END_TEST

/* As libcrypto makes one before it fills it. */
static struct env_key *new_key(void)
{
    struct env_key *key = NULL;

    ck_assert(env_ok(env_key_new(provctx, NULL, &key)));
    return key;
}

START_TEST(an_empty_key_is_refused)
{
    void *ctx = new_cipher(env_envelope_functions);
    struct env_key *empty = new_key();

    ck_refused(init_with(env_envelope_functions, OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, ctx, empty),
               ENV_R_NO_KEY);
    env_key_free(empty);
    free_cipher(env_envelope_functions, ctx);
    ctx = new_cipher(env_wrap_256_functions);
    empty = new_key();
    ck_refused(init_with(env_wrap_256_functions, OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, ctx, empty),
               ENV_R_NO_KEY);
    env_key_free(empty);
    free_cipher(env_wrap_256_functions, ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: KEKs as EVP_SKEY");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, keys_are_imported_by_name);
    tcase_add_test(tcase, raw_bytes_and_bad_names_are_not_imported);
    tcase_add_test(tcase, nothing_is_exported);
    tcase_add_test(tcase, keys_are_generated);
    tcase_add_test(tcase, keys_come_from_a_store);
    tcase_add_test(tcase, messages_are_sealed_for_the_key);
    tcase_add_test(tcase, an_empty_key_is_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
