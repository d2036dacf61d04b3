/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that call the provider's callbacks by hand: with the object that the callback works on,
 * which may be NULL, and nothing else that it could use.
 */
#ifndef ENVELOPE_TESTS_PROVIDER_CALLS_H
#define ENVELOPE_TESTS_PROVIDER_CALLS_H

#include <openssl/core_dispatch.h>

typedef void (*callback)(void);

/* What a call came to. */
enum outcome {
    FAILED,   /* 0 or NULL */
    WORKED,   /* 1, or an object, which was freed */
    HARMLESS, /* a list, or nothing: there is nothing to fail */
};

typedef enum outcome provider_call_fn(callback f, void *object);

provider_call_fn call_free_nothing, call_cipher_newctx, call_cipher_dupctx, call_cipher_init,
    call_cipher_skey_init, call_cipher_update, call_cipher_final, call_params_of_context,
    call_no_params, call_list, call_list_of_provider, call_key_new, call_gen_init, call_set_params,
    call_gen, call_load, call_has, call_match, call_key_dup, call_import, call_export, call_types,
    call_skey_import, call_skey_generate, call_skey_id, call_kem_newctx, call_kem_dupctx,
    call_pkey_init, call_encapsulate, call_decapsulate, call_asym_newctx, call_asym_dupctx,
    call_asym_run, call_coder_newctx, call_does_selection, call_encode, call_decode,
    call_store_open, call_store_load, call_store_eof, call_store_close, call_query,
    call_provider_params;

/* The table that the callback is from: what a call makes is freed by its functions. */
extern const OSSL_DISPATCH *provider_table;
callback provider_function(int id);

#endif
