/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's dispatch, with what 3.5 added to it. */
#ifndef ENVELOPE_NEWER_DISPATCH_H
#define ENVELOPE_NEWER_DISPATCH_H

#include <openssl/core_dispatch.h>

/* Headers before 3.5 lack these. The numbers are part of libcrypto's binary interface. */
#ifndef OSSL_OP_SKEYMGMT
#define OSSL_OP_SKEYMGMT 15
#endif
#ifndef OSSL_FUNC_SKEYMGMT_FREE
#define OSSL_FUNC_SKEYMGMT_FREE 1
#define OSSL_FUNC_SKEYMGMT_IMPORT 2
#define OSSL_FUNC_SKEYMGMT_EXPORT 3
#define OSSL_FUNC_SKEYMGMT_GENERATE 4
#define OSSL_FUNC_SKEYMGMT_GET_KEY_ID 5
#define OSSL_FUNC_SKEYMGMT_IMP_SETTABLE_PARAMS 6
#define OSSL_FUNC_SKEYMGMT_GEN_SETTABLE_PARAMS 7
typedef void(OSSL_FUNC_skeymgmt_free_fn)(void *keydata);
typedef void *(OSSL_FUNC_skeymgmt_import_fn)(void *provctx, int selection,
                                             const OSSL_PARAM params[]);
typedef int(OSSL_FUNC_skeymgmt_export_fn)(void *keydata, int selection, OSSL_CALLBACK *param_cb,
                                          void *cbarg);
typedef void *(OSSL_FUNC_skeymgmt_generate_fn)(void *provctx, const OSSL_PARAM params[]);
typedef const char *(OSSL_FUNC_skeymgmt_get_key_id_fn)(void *keydata);
typedef const OSSL_PARAM *(OSSL_FUNC_skeymgmt_imp_settable_params_fn)(void *provctx);
typedef const OSSL_PARAM *(OSSL_FUNC_skeymgmt_gen_settable_params_fn)(void *provctx);
#endif
#ifndef OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT
#define OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT 19
#define OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT 20
typedef int(OSSL_FUNC_cipher_encrypt_skey_init_fn)(void *cctx, void *skeydata,
                                                   const unsigned char *iv, size_t iv_len,
                                                   const OSSL_PARAM params[]);
typedef int(OSSL_FUNC_cipher_decrypt_skey_init_fn)(void *cctx, void *skeydata,
                                                   const unsigned char *iv, size_t iv_len,
                                                   const OSSL_PARAM params[]);
#endif

#endif
