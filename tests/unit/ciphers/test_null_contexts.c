/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every callback of every dispatch table, called by hand without its object (libcrypto does that
 * after a copy that was refused), and with one that was made and never initialised.
 */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_skeymgmt.h"
#include "provider_calls.h"

/* ---- every callback ---- */

#define OF_PROVIDER 0 /* the provider's own table, beside OSSL_OP_... */

/* What the callback works on. */
enum object {
    NONE,     /* nothing that could be half-made */
    INSTANCE, /* the provider: what it gets is not half-made, but has no key */
    CONTEXT,  /* from newctx */
    KEY,      /* from KEYMGMT's new */
    GEN,      /* from KEYMGMT's gen_init, without a label */
};

static const struct provider_call {
    int operation;
    int id;
    provider_call_fn *call;
    enum object object;
    enum env_reason half_made; /* why it fails with one that was made and no more; NONE: it works */
} provider_calls[] = {
#define CIPHER(id, call, ...)                                                                      \
    {                                                                                              \
        OSSL_OP_CIPHER, OSSL_FUNC_CIPHER_##id, call, __VA_ARGS__                                   \
    }
    CIPHER(NEWCTX, call_cipher_newctx, INSTANCE, ENV_R_NONE),
    CIPHER(FREECTX, call_free_nothing, CONTEXT, ENV_R_NONE),
    CIPHER(DUPCTX, call_cipher_dupctx, CONTEXT, ENV_R_NONE),
    CIPHER(ENCRYPT_INIT, call_cipher_init, CONTEXT, ENV_R_NONE),
    CIPHER(DECRYPT_INIT, call_cipher_init, CONTEXT, ENV_R_NONE),
    CIPHER(ENCRYPT_SKEY_INIT, call_cipher_skey_init, CONTEXT, ENV_R_NONE),
    CIPHER(DECRYPT_SKEY_INIT, call_cipher_skey_init, CONTEXT, ENV_R_NONE),
    CIPHER(UPDATE, call_cipher_update, CONTEXT, ENV_R_NOT_INITIALISED),
    CIPHER(FINAL, call_cipher_final, CONTEXT, ENV_R_NOT_INITIALISED),
    CIPHER(CIPHER, call_cipher_update, CONTEXT, ENV_R_NOT_INITIALISED),
    CIPHER(GET_PARAMS, call_no_params, NONE, ENV_R_NONE),
    CIPHER(GETTABLE_PARAMS, call_list_of_provider, NONE, ENV_R_NONE),
    CIPHER(GET_CTX_PARAMS, call_params_of_context, CONTEXT, ENV_R_NONE),
    CIPHER(GETTABLE_CTX_PARAMS, call_list, NONE, ENV_R_NONE),
    CIPHER(SET_CTX_PARAMS, call_set_params, CONTEXT, ENV_R_NONE),
    CIPHER(SETTABLE_CTX_PARAMS, call_list, NONE, ENV_R_NONE),
#define KEYMGMT(id, call, ...)                                                                     \
    {                                                                                              \
        OSSL_OP_KEYMGMT, OSSL_FUNC_KEYMGMT_##id, call, __VA_ARGS__                                 \
    }
    KEYMGMT(NEW, call_key_new, INSTANCE, ENV_R_NONE),
    KEYMGMT(FREE, call_free_nothing, KEY, ENV_R_NONE),
    KEYMGMT(GEN_INIT, call_gen_init, INSTANCE, ENV_R_NONE),
    KEYMGMT(GEN_SET_PARAMS, call_set_params, GEN, ENV_R_NONE),
    KEYMGMT(GEN_SETTABLE_PARAMS, call_list, NONE, ENV_R_NONE),
    KEYMGMT(GEN, call_gen, GEN, ENV_R_LABEL_MISSING),
    KEYMGMT(GEN_CLEANUP, call_free_nothing, GEN, ENV_R_NONE),
    KEYMGMT(LOAD, call_load, NONE, ENV_R_NONE),
    KEYMGMT(HAS, call_has, KEY, ENV_R_NONE),
    KEYMGMT(MATCH, call_match, KEY, ENV_R_NONE),
    KEYMGMT(DUP, call_key_dup, KEY, ENV_R_NONE),
    KEYMGMT(GET_PARAMS, call_params_of_context, KEY, ENV_R_NONE),
    KEYMGMT(GETTABLE_PARAMS, call_list_of_provider, NONE, ENV_R_NONE),
    KEYMGMT(IMPORT, call_import, KEY, ENV_R_KEK_NO_IMPORT),
    KEYMGMT(IMPORT_TYPES, call_types, NONE, ENV_R_NONE),
    KEYMGMT(EXPORT, call_export, KEY, ENV_R_KEK_NO_EXPORT),
    KEYMGMT(EXPORT_TYPES, call_types, NONE, ENV_R_NONE),
#define SKEYMGMT(id, call, ...)                                                                    \
    {                                                                                              \
        OSSL_OP_SKEYMGMT, OSSL_FUNC_SKEYMGMT_##id, call, __VA_ARGS__                               \
    }
    SKEYMGMT(FREE, call_free_nothing, KEY, ENV_R_NONE),
    SKEYMGMT(IMPORT, call_skey_import, INSTANCE, ENV_R_KEK_NO_IMPORT),
    SKEYMGMT(EXPORT, call_export, KEY, ENV_R_KEK_NO_EXPORT),
    SKEYMGMT(GENERATE, call_skey_generate, INSTANCE, ENV_R_LABEL_MISSING),
    SKEYMGMT(GET_KEY_ID, call_skey_id, KEY, ENV_R_NONE),
    SKEYMGMT(IMP_SETTABLE_PARAMS, call_list_of_provider, NONE, ENV_R_NONE),
    SKEYMGMT(GEN_SETTABLE_PARAMS, call_list_of_provider, NONE, ENV_R_NONE),
#define KEM(id, call, ...)                                                                         \
    {                                                                                              \
        OSSL_OP_KEM, OSSL_FUNC_KEM_##id, call, __VA_ARGS__                                         \
    }
    KEM(NEWCTX, call_kem_newctx, INSTANCE, ENV_R_NONE),
    KEM(FREECTX, call_free_nothing, CONTEXT, ENV_R_NONE),
    KEM(DUPCTX, call_kem_dupctx, CONTEXT, ENV_R_NONE),
    KEM(ENCAPSULATE_INIT, call_pkey_init, CONTEXT, ENV_R_NO_KEY),
    KEM(ENCAPSULATE, call_encapsulate, CONTEXT, ENV_R_NO_KEY),
    KEM(DECAPSULATE_INIT, call_pkey_init, CONTEXT, ENV_R_NO_KEY),
    KEM(DECAPSULATE, call_decapsulate, CONTEXT, ENV_R_NO_KEY),
    KEM(SET_CTX_PARAMS, call_set_params, CONTEXT, ENV_R_NONE),
    KEM(SETTABLE_CTX_PARAMS, call_list, NONE, ENV_R_NONE),
#define ASYM(id, call, ...)                                                                        \
    {                                                                                              \
        OSSL_OP_ASYM_CIPHER, OSSL_FUNC_ASYM_CIPHER_##id, call, __VA_ARGS__                         \
    }
    ASYM(NEWCTX, call_asym_newctx, INSTANCE, ENV_R_NONE),
    ASYM(FREECTX, call_free_nothing, CONTEXT, ENV_R_NONE),
    ASYM(DUPCTX, call_asym_dupctx, CONTEXT, ENV_R_NONE),
    ASYM(ENCRYPT_INIT, call_pkey_init, CONTEXT, ENV_R_NO_KEY),
    ASYM(ENCRYPT, call_asym_run, CONTEXT, ENV_R_NO_KEY),
    ASYM(DECRYPT_INIT, call_pkey_init, CONTEXT, ENV_R_NO_KEY),
    ASYM(DECRYPT, call_asym_run, CONTEXT, ENV_R_NO_KEY),
    ASYM(SET_CTX_PARAMS, call_set_params, CONTEXT, ENV_R_NONE),
    ASYM(SETTABLE_CTX_PARAMS, call_list, NONE, ENV_R_NONE),
#define ENCODER(id, call, ...)                                                                     \
    {                                                                                              \
        OSSL_OP_ENCODER, OSSL_FUNC_ENCODER_##id, call, __VA_ARGS__                                 \
    }
    ENCODER(NEWCTX, call_coder_newctx, INSTANCE, ENV_R_NONE),
    ENCODER(FREECTX, call_free_nothing, INSTANCE, ENV_R_NONE),
    ENCODER(DOES_SELECTION, call_does_selection, NONE, ENV_R_NONE),
    ENCODER(ENCODE, call_encode, INSTANCE, ENV_R_NO_KEY),
#define DECODER(id, call, ...)                                                                     \
    {                                                                                              \
        OSSL_OP_DECODER, OSSL_FUNC_DECODER_##id, call, __VA_ARGS__                                 \
    }
    DECODER(NEWCTX, call_coder_newctx, INSTANCE, ENV_R_NONE),
    DECODER(FREECTX, call_free_nothing, INSTANCE, ENV_R_NONE),
    DECODER(DOES_SELECTION, call_does_selection, NONE, ENV_R_NONE),
    DECODER(DECODE, call_decode, NONE, ENV_R_NONE),
#define STORE(id, call, ...)                                                                       \
    {                                                                                              \
        OSSL_OP_STORE, OSSL_FUNC_STORE_##id, call, __VA_ARGS__                                     \
    }
    STORE(OPEN, call_store_open, INSTANCE, ENV_R_NONE),
    STORE(SETTABLE_CTX_PARAMS, call_list_of_provider, NONE, ENV_R_NONE),
    STORE(SET_CTX_PARAMS, call_set_params, NONE, ENV_R_NONE),
    STORE(LOAD, call_store_load, NONE, ENV_R_NONE),
    STORE(EOF, call_store_eof, NONE, ENV_R_NONE),
    STORE(CLOSE, call_store_close, NONE, ENV_R_NONE),
#define PROVIDER(id, call)                                                                         \
    {                                                                                              \
        OF_PROVIDER, OSSL_FUNC_PROVIDER_##id, call, NONE, ENV_R_NONE                               \
    }
    PROVIDER(TEARDOWN, call_free_nothing),
    PROVIDER(GETTABLE_PARAMS, call_list_of_provider),
    PROVIDER(GET_PARAMS, call_provider_params),
    PROVIDER(QUERY_OPERATION, call_query),
    PROVIDER(GET_REASON_STRINGS, call_list_of_provider),
};

#define CALLS (sizeof(provider_calls) / sizeof(provider_calls[0]))

static OSSL_LIB_CTX *libctx;
static void *provctx;
static const OSSL_DISPATCH *provider_functions;
static bool was_called[CALLS];

/* A callback that is not in the list is a fault of the list. */
static const struct provider_call *call_of(int operation, int id)
{
    for (size_t i = 0; i < CALLS; i++) {
        if (provider_calls[i].operation == operation && provider_calls[i].id == id) {
            was_called[i] = true;
            return &provider_calls[i];
        }
    }
    ck_abort_msg("nothing calls function %d of operation %d", id, operation);
    return NULL;
}

typedef void visit_fn(const char *names, const struct provider_call *call, callback f);

static void visit_table(int operation, const char *names, const OSSL_DISPATCH *functions,
                        visit_fn *visit)
{
    for (const OSSL_DISPATCH *d = functions; d->function_id != 0; d++) {
        provider_table = functions;
        visit(names, call_of(operation, d->function_id), d->function);
    }
}

/* Calls visit with every function of every table that the provider offers. */
static void each_callback(visit_fn *visit)
{
    static const int operations[] = {OSSL_OP_CIPHER,  OSSL_OP_KEYMGMT,     OSSL_OP_SKEYMGMT,
                                     OSSL_OP_KEM,     OSSL_OP_ASYM_CIPHER, OSSL_OP_ENCODER,
                                     OSSL_OP_DECODER, OSSL_OP_STORE};
    OSSL_FUNC_provider_query_operation_fn *offers;

    memset(was_called, 0, sizeof(was_called));
    provider_table = provider_functions;
    offers = (OSSL_FUNC_provider_query_operation_fn *)provider_function(
        OSSL_FUNC_PROVIDER_QUERY_OPERATION);
    visit_table(OF_PROVIDER, "the provider", provider_functions, visit);
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        int no_cache = 0;

        for (const OSSL_ALGORITHM *a = offers(provctx, operations[i], &no_cache);
             a->algorithm_names != NULL; a++)
            visit_table(operations[i], a->algorithm_names, a->implementation, visit);
    }
    for (size_t i = 0; i < CALLS; i++)
        ck_assert_msg(was_called[i], "there is no function %d of operation %d",
                      provider_calls[i].id, provider_calls[i].operation);
}

static int init_and_look(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                         const OSSL_DISPATCH **out, void **ctx)
{
    int ok = OSSL_provider_init(handle, in, out, ctx);

    provider_functions = *out;
    provctx = *ctx;
    return ok;
}

static void set_up_with(const char *lines)
{
    libctx = libctx_new_configured(init_and_look, lines, false);
    ck_assert_ptr_nonnull(provctx);
}

static void set_up(void)
{
    set_up_with("standard-names = yes\npkcs11-scheme = yes\n");
}

static void set_up_strict(void)
{
    set_up_with("standard-names = yes\nstrict-output = yes\n");
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
}

/* ---- without an object ---- */

static void call_without(const char *names, const struct provider_call *call, callback f)
{
    enum outcome outcome;
    int reason;

    ERR_clear_error();
    outcome = call->call(f, NULL);
    reason = caller_reason();
    ck_assert_msg(outcome != WORKED, "%s: function %d works on nothing", names, call->id);
    ck_assert_msg(reason == (outcome == FAILED ? ENV_R_NO_CONTEXT : ENV_R_NONE),
                  "%s: function %d says %d", names, call->id, reason);
}

START_TEST(every_callback_without_an_object)
{
    each_callback(call_without);
}
END_TEST

/* Nobody is there to raise the error: the call fails all the same. */
START_TEST(a_callback_without_an_object_and_without_a_provider)
{
    int no_cache = 0;
    const OSSL_ALGORITHM *ciphers;

    provider_table = provider_functions;
    ciphers = ((OSSL_FUNC_provider_query_operation_fn *)provider_function(
        OSSL_FUNC_PROVIDER_QUERY_OPERATION))(provctx, OSSL_OP_CIPHER, &no_cache);
    provider_table = ciphers[0].implementation;
    OSSL_LIB_CTX_free(libctx);
    libctx = NULL;
    ck_refused(((OSSL_FUNC_cipher_set_ctx_params_fn *)provider_function(
                   OSSL_FUNC_CIPHER_SET_CTX_PARAMS))(NULL, NULL),
               ENV_R_NONE);
}
END_TEST

/* ---- with one that was made, and nothing else ---- */

static void *make(const struct provider_call *call)
{
    struct env_key *key = NULL;

    switch (call->object) {
    case CONTEXT: /* function 1 of every table that has contexts makes them */
        return ((OSSL_FUNC_cipher_newctx_fn *)provider_function(OSSL_FUNC_CIPHER_NEWCTX))(provctx);
    case KEY:
        ck_assert(env_ok(env_key_new(provctx, NULL, &key)));
        return key;
    case GEN:
        return ((OSSL_FUNC_keymgmt_gen_init_fn *)provider_function(OSSL_FUNC_KEYMGMT_GEN_INIT))(
            provctx, OSSL_KEYMGMT_SELECT_KEYPAIR, NULL);
    default:
        return provctx;
    }
}

static void free_made(const struct provider_call *call, void *object)
{
    int id = call->operation == OSSL_OP_CIPHER ? OSSL_FUNC_CIPHER_FREECTX : OSSL_FUNC_KEM_FREECTX;

    switch (call->object) {
    case CONTEXT:
        ((OSSL_FUNC_cipher_freectx_fn *)provider_function(id))(object);
        break;
    case KEY:
        env_key_free(object);
        break;
    case GEN:
        ((OSSL_FUNC_keymgmt_gen_cleanup_fn *)provider_function(OSSL_FUNC_KEYMGMT_GEN_CLEANUP))(
            object);
        break;
    default:
        break;
    }
}

/* Where a cipher differs from the others. */
static enum env_reason expected(const char *names, const struct provider_call *call)
{
    if (call->operation == OSSL_OP_CIPHER && call->id == OSSL_FUNC_CIPHER_DECRYPT_INIT &&
        strcmp(names, "ENVELOPE-REWRAP") == 0)
        return ENV_R_REWRAP_DECRYPT;
    if (call->operation == OSSL_OP_CIPHER && call->id == OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT &&
        strcmp(names, "ENVELOPE-REWRAP") == 0)
        return ENV_R_REWRAP_DECRYPT;
    if (call->operation == OSSL_OP_CIPHER && call->id == OSSL_FUNC_CIPHER_FINAL &&
        strncmp(names, "AES-", 4) == 0)
        return ENV_R_NONE; /* the stock cipher's final always works */
    return call->half_made;
}

static void call_half_made(const char *names, const struct provider_call *call, callback f)
{
    enum env_reason wanted = expected(names, call);
    void *object;
    enum outcome outcome;
    int reason;

    if (call->object == NONE)
        return;
    object = make(call);
    ck_assert_ptr_nonnull(object);
    ERR_clear_error();
    outcome = call->call(f, object);
    reason = caller_reason();
    ck_assert_msg((outcome == FAILED) == (wanted != ENV_R_NONE), "%s: function %d %s", names,
                  call->id, outcome == FAILED ? "fails" : "works");
    ck_assert_msg(reason == (int)wanted, "%s: function %d says %d", names, call->id, reason);
    free_made(call, object);
}

START_TEST(every_callback_with_an_object_that_is_not_initialised)
{
    each_callback(call_half_made);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("callbacks without an object");
    TCase *usual = tcase_create("usual");
    TCase *strict = tcase_create("strict output");

    tcase_add_checked_fixture(usual, set_up, tear_down);
    tcase_add_test(usual, every_callback_without_an_object);
    tcase_add_test(usual, a_callback_without_an_object_and_without_a_provider);
    tcase_add_test(usual, every_callback_with_an_object_that_is_not_initialised);
    tcase_add_checked_fixture(strict, set_up_strict, tear_down);
    tcase_add_test(strict, every_callback_without_an_object);
    tcase_add_test(strict, every_callback_with_an_object_that_is_not_initialised);
    suite_add_tcase(suite, usual);
    suite_add_tcase(suite, strict);
    return caller_run(suite);
}
