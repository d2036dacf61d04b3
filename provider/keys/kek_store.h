/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSSL_STORE: "envelope:" URIs, which are pkcs11: URIs (RFC 7512) under another scheme, and with
 * pkcs11-scheme = yes pkcs11: URIs themselves. A URI that names a key (object, id) loads it; none
 * or more than one is an error. Any other URI lists the KEKs that match.
 */
#ifndef ENVELOPE_KEK_STORE_H
#define ENVELOPE_KEK_STORE_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_kek_store_functions[];

#endif
