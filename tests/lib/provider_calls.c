/* SPDX-License-Identifier: Apache-2.0 */
#include "provider_calls.h"

#include "caller.h"
#include "provider/keys/kek_skeymgmt.h"

const OSSL_DISPATCH *provider_table;

static unsigned char room[64];

callback provider_function(int id)
{
    for (const OSSL_DISPATCH *d = provider_table; d->function_id != 0; d++) {
        if (d->function_id == id)
            return d->function;
    }
    ck_abort_msg("no function %d", id);
    return NULL;
}

/* What a call made is freed by that function of its table. */
static enum outcome made(void *object, int free_id)
{
    if (object == NULL)
        return FAILED;
    ((void (*)(void *))provider_function(free_id))(object);
    return WORKED;
}

static enum outcome number(int result)
{
    ck_assert(result == 0 || result == 1);
    return result == 1 ? WORKED : FAILED;
}

/* ---- ciphers ---- */

/* What there is, is freed by who made it. */
enum outcome call_free_nothing(callback f, void *object)
{
    if (object == NULL)
        ((void (*)(void *))f)(NULL);
    return HARMLESS;
}

enum outcome call_cipher_newctx(callback f, void *object)
{
    return made(((OSSL_FUNC_cipher_newctx_fn *)f)(object), OSSL_FUNC_CIPHER_FREECTX);
}

enum outcome call_cipher_dupctx(callback f, void *object)
{
    return made(((OSSL_FUNC_cipher_dupctx_fn *)f)(object), OSSL_FUNC_CIPHER_FREECTX);
}

enum outcome call_cipher_init(callback f, void *object)
{
    return number(((OSSL_FUNC_cipher_encrypt_init_fn *)f)(object, NULL, 0, NULL, 0, NULL));
}

enum outcome call_cipher_skey_init(callback f, void *object)
{
    return number(((OSSL_FUNC_cipher_encrypt_skey_init_fn *)f)(object, NULL, NULL, 0, NULL));
}

enum outcome call_cipher_update(callback f, void *object)
{
    OSSL_FUNC_cipher_update_fn *update = (OSSL_FUNC_cipher_update_fn *)f;
    unsigned char in[16] = {0};
    size_t n = 99;
    int result = update(object, room, &n, sizeof(room), in, sizeof(in));

    if (result == 0)
        ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(update(object, room, NULL, sizeof(room), in, sizeof(in)), result);
    return number(result);
}

enum outcome call_cipher_final(callback f, void *object)
{
    OSSL_FUNC_cipher_final_fn *final = (OSSL_FUNC_cipher_final_fn *)f;
    size_t n = 99;
    int result = final(object, room, &n, sizeof(room));

    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(final(object, room, NULL, sizeof(room)), result);
    return number(result);
}

/* With a context, and for lists of parameters without one: any function of one argument. */
enum outcome call_params_of_context(callback f, void *object)
{
    int n = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_int("keylen", &n), OSSL_PARAM_END};

    return number(((int (*)(void *, OSSL_PARAM *))f)(object, params));
}

enum outcome call_no_params(callback f, void *object)
{
    (void)object;
    return ((int (*)(OSSL_PARAM *))f)(NULL) == 1 ? HARMLESS : FAILED;
}

enum outcome call_list(callback f, void *object)
{
    return ((const void *(*)(void *, void *))f)(NULL, object) != NULL ? HARMLESS : FAILED;
}

enum outcome call_list_of_provider(callback f, void *object)
{
    return ((const void *(*)(void *))f)(object) != NULL ? HARMLESS : FAILED;
}

/* ---- keys ---- */

enum outcome call_key_new(callback f, void *object)
{
    return made(((OSSL_FUNC_keymgmt_new_fn *)f)(object), OSSL_FUNC_KEYMGMT_FREE);
}

enum outcome call_gen_init(callback f, void *object)
{
    return made(((OSSL_FUNC_keymgmt_gen_init_fn *)f)(object, OSSL_KEYMGMT_SELECT_KEYPAIR, NULL),
                OSSL_FUNC_KEYMGMT_GEN_CLEANUP);
}

enum outcome call_set_params(callback f, void *object)
{
    return number(((int (*)(void *, const OSSL_PARAM *))f)(object, NULL));
}

enum outcome call_gen(callback f, void *object)
{
    return made(((OSSL_FUNC_keymgmt_gen_fn *)f)(object, NULL, NULL), OSSL_FUNC_KEYMGMT_FREE);
}

/* Two references that are none: no bytes at all, and bytes whose key was taken already. */
enum outcome call_load(callback f, void *object)
{
    OSSL_FUNC_keymgmt_load_fn *call = (OSSL_FUNC_keymgmt_load_fn *)f;
    void *taken = NULL;

    (void)object;
    ck_assert_ptr_null(call(NULL, sizeof(void *)));
    ck_assert_ptr_null(call(&taken, sizeof(taken)));
    ck_assert_ptr_null(call(&taken, 3));
    return HARMLESS;
}

enum outcome call_has(callback f, void *object)
{
    ck_assert_int_eq(((OSSL_FUNC_keymgmt_has_fn *)f)(object, OSSL_KEYMGMT_SELECT_ALL), 0);
    return HARMLESS;
}

/* An empty key matches an empty one, and none matches none. */
enum outcome call_match(callback f, void *object)
{
    OSSL_FUNC_keymgmt_match_fn *call = (OSSL_FUNC_keymgmt_match_fn *)f;

    ck_assert_int_eq(call(object, NULL, OSSL_KEYMGMT_SELECT_ALL), 0);
    ck_assert_int_eq(call(NULL, object, OSSL_KEYMGMT_SELECT_ALL), 0);
    ck_assert_int_eq(call(object, object, OSSL_KEYMGMT_SELECT_ALL), object != NULL);
    return HARMLESS;
}

enum outcome call_key_dup(callback f, void *object)
{
    return made(((OSSL_FUNC_keymgmt_dup_fn *)f)(object, OSSL_KEYMGMT_SELECT_ALL),
                OSSL_FUNC_KEYMGMT_FREE);
}

enum outcome call_import(callback f, void *object)
{
    return number(((OSSL_FUNC_keymgmt_import_fn *)f)(object, OSSL_KEYMGMT_SELECT_ALL, NULL));
}

static int take_nothing(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    (void)arg;
    ck_abort_msg("something was exported or loaded");
    return 0;
}

enum outcome call_export(callback f, void *object)
{
    return number(((OSSL_FUNC_keymgmt_export_fn *)f)(object, OSSL_KEYMGMT_SELECT_PUBLIC_KEY,
                                                     take_nothing, NULL));
}

/* Only the public half has a list. */
enum outcome call_types(callback f, void *object)
{
    OSSL_FUNC_keymgmt_import_types_fn *call = (OSSL_FUNC_keymgmt_import_types_fn *)f;

    (void)object;
    ck_assert_ptr_null(call(OSSL_KEYMGMT_SELECT_PRIVATE_KEY));
    return call(OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != NULL ? HARMLESS : FAILED;
}

enum outcome call_skey_import(callback f, void *object)
{
    return made(((OSSL_FUNC_skeymgmt_import_fn *)f)(object, 0, NULL), OSSL_FUNC_SKEYMGMT_FREE);
}

enum outcome call_skey_generate(callback f, void *object)
{
    return made(((OSSL_FUNC_skeymgmt_generate_fn *)f)(object, NULL), OSSL_FUNC_SKEYMGMT_FREE);
}

enum outcome call_skey_id(callback f, void *object)
{
    ck_assert_ptr_null(((OSSL_FUNC_skeymgmt_get_key_id_fn *)f)(object));
    return HARMLESS;
}

/* ---- operations with a key ---- */

enum outcome call_kem_newctx(callback f, void *object)
{
    return made(((OSSL_FUNC_kem_newctx_fn *)f)(object), OSSL_FUNC_KEM_FREECTX);
}

enum outcome call_kem_dupctx(callback f, void *object)
{
    return made(((OSSL_FUNC_kem_dupctx_fn *)f)(object), OSSL_FUNC_KEM_FREECTX);
}

enum outcome call_pkey_init(callback f, void *object)
{
    return number(((OSSL_FUNC_kem_encapsulate_init_fn *)f)(object, NULL, NULL));
}

enum outcome call_encapsulate(callback f, void *object)
{
    OSSL_FUNC_kem_encapsulate_fn *call = (OSSL_FUNC_kem_encapsulate_fn *)f;
    size_t n = sizeof(room);

    ck_assert_int_eq(call(object, NULL, NULL, NULL, NULL), 0);
    return number(call(object, room, &n, room, &n));
}

enum outcome call_decapsulate(callback f, void *object)
{
    OSSL_FUNC_kem_decapsulate_fn *call = (OSSL_FUNC_kem_decapsulate_fn *)f;
    size_t n = sizeof(room);

    ck_assert_int_eq(call(object, NULL, NULL, NULL, 0), 0);
    return number(call(object, room, &n, room, sizeof(room)));
}

enum outcome call_asym_newctx(callback f, void *object)
{
    return made(((OSSL_FUNC_asym_cipher_newctx_fn *)f)(object), OSSL_FUNC_ASYM_CIPHER_FREECTX);
}

enum outcome call_asym_dupctx(callback f, void *object)
{
    return made(((OSSL_FUNC_asym_cipher_dupctx_fn *)f)(object), OSSL_FUNC_ASYM_CIPHER_FREECTX);
}

enum outcome call_asym_run(callback f, void *object)
{
    OSSL_FUNC_asym_cipher_encrypt_fn *call = (OSSL_FUNC_asym_cipher_encrypt_fn *)f;
    size_t n = sizeof(room);

    ck_assert_int_eq(call(object, NULL, NULL, 0, NULL, 0), 0);
    return number(call(object, room, &n, sizeof(room), room, sizeof(room)));
}

/* ---- files and stores ---- */

enum outcome call_coder_newctx(callback f, void *object)
{
    ck_assert_ptr_eq(((OSSL_FUNC_encoder_newctx_fn *)f)(object), object);
    return HARMLESS;
}

enum outcome call_does_selection(callback f, void *object)
{
    return ((OSSL_FUNC_encoder_does_selection_fn *)f)(object, 0) == 1 ? HARMLESS : FAILED;
}

enum outcome call_encode(callback f, void *object)
{
    return number(((OSSL_FUNC_encoder_encode_fn *)f)(object, NULL, NULL, NULL, 0, NULL, NULL));
}

enum outcome call_decode(callback f, void *object)
{
    return number(
        ((OSSL_FUNC_decoder_decode_fn *)f)(object, NULL, 0, take_nothing, NULL, NULL, NULL));
}

enum outcome call_store_open(callback f, void *object)
{
    return made(((OSSL_FUNC_store_open_fn *)f)(object, "envelope:"), OSSL_FUNC_STORE_CLOSE);
}

enum outcome call_store_load(callback f, void *object)
{
    return number(((OSSL_FUNC_store_load_fn *)f)(object, take_nothing, NULL, NULL, NULL));
}

/* Nothing more comes: who reads to the end gets there. */
enum outcome call_store_eof(callback f, void *object)
{
    ck_assert_int_eq(((OSSL_FUNC_store_eof_fn *)f)(object), 1);
    return HARMLESS;
}

enum outcome call_store_close(callback f, void *object)
{
    return number(((OSSL_FUNC_store_close_fn *)f)(object));
}

/* ---- the provider ---- */

enum outcome call_query(callback f, void *object)
{
    OSSL_FUNC_provider_query_operation_fn *call = (OSSL_FUNC_provider_query_operation_fn *)f;
    int no_cache = 99;

    ck_assert_ptr_null(call(object, OSSL_OP_CIPHER, &no_cache));
    ck_assert_int_eq(no_cache, 0);
    return HARMLESS;
}

enum outcome call_provider_params(callback f, void *object)
{
    return ((OSSL_FUNC_provider_get_params_fn *)f)(object, NULL) == 1 ? HARMLESS : FAILED;
}
