/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SKEYMGMT ENVELOPE-KEK (OpenSSL 3.5 and later): a KEK as an EVP_SKEY, for EVP_CipherInit_SKEY and
 * `openssl enc -skeymgmt`. Earlier releases never ask for the operation.
 *
 * Parameters of EVP_SKEY_import (UTF-8, one of the two):
 *   "label"  a label
 *   "uri"    a pkcs11: URI, which may name a PIN source
 * EVP_SKEY_generate takes the parameters of EVP_PKEY_keygen (kek_gen.h).
 */
#ifndef ENVELOPE_KEK_SKEYMGMT_H
#define ENVELOPE_KEK_SKEYMGMT_H

#include "provider/common/newer_dispatch.h"

extern const OSSL_DISPATCH env_kek_skeymgmt_functions[];

/* The URI of the KEK behind an EVP_SKEY of ours; NULL if it has none. */
const char *env_kek_skey_uri(const void *skeydata);

#endif
