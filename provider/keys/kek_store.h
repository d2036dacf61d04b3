/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSSL_STORE: "envelope:" URIs, which are pkcs11: URIs (RFC 7512) under another scheme, and with
 * pkcs11-scheme = yes pkcs11: URIs themselves. One that names a key (object, id) loads that key,
 * and it is an error when there is none or more than one; any other lists the KEKs that match.
 */
#ifndef ENVELOPE_KEK_STORE_H
#define ENVELOPE_KEK_STORE_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_kek_store_functions[];

#endif
