/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making KEKs with EVP_PKEY_keygen. Parameters (all UTF-8 but bits):
 *   "label"       1 to 255 bytes, required
 *   "type"        AES (default) or RSA
 *   "bits"        unsigned integer: 256 (default), 128, 192; RSA 3072 (default) to 8192
 *   "token"       a token's label or a pkcs11: URI, where several are configured
 *   "id"          the CKA_ID in hex, 1 to 64 bytes; default: 16 random bytes
 *   "same-label"  yes: even if the token has a KEK of this label already
 *   "copy-of"     a label or pkcs11: URI: makes a copy of that KEK, with its id, in its token
 *   "uses"        wrap-unwrap (default), or of a copy unwrap alone
 *   "not-before"  the first day, in UTC, on which it seals: 2027-01-31
 *   "not-after"   the last one
 * The first four can be read back from a key, and "uri", its reference, and "id", in octets, and
 * the days, "" where there is none.
 */
#ifndef ENVELOPE_KEK_GEN_H
#define ENVELOPE_KEK_GEN_H

#include <openssl/core_dispatch.h>

#define ENV_KEK_PARAM_LABEL "label"
#define ENV_KEK_PARAM_TYPE "type"
#define ENV_KEK_PARAM_BITS "bits"
#define ENV_KEK_PARAM_TOKEN "token"
#define ENV_KEK_PARAM_ID "id"
#define ENV_KEK_PARAM_URI "uri"
#define ENV_KEK_PARAM_SAME_LABEL "same-label"
#define ENV_KEK_PARAM_COPY_OF "copy-of"
#define ENV_KEK_PARAM_USES "uses"
#define ENV_KEK_PARAM_NOT_BEFORE "not-before"
#define ENV_KEK_PARAM_NOT_AFTER "not-after"

OSSL_FUNC_keymgmt_gen_init_fn env_kek_gen_init;
OSSL_FUNC_keymgmt_gen_set_params_fn env_kek_gen_set_params;
OSSL_FUNC_keymgmt_gen_settable_params_fn env_kek_gen_settable_params;
OSSL_FUNC_keymgmt_gen_fn env_kek_gen;
OSSL_FUNC_keymgmt_gen_cleanup_fn env_kek_gen_cleanup;

#endif
