/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is offered under a name that should have been spliced, but could not be: algorithms that
 * describe themselves but accept no key. If the name were left out, stock OpenSSL would serve it
 * and take a stand-in for the key.
 */
#ifndef ENVELOPE_STOCK_CLOSED_H
#define ENVELOPE_STOCK_CLOSED_H

#include <openssl/core_dispatch.h>

#include "envelope/base/stock_names.h"

extern const OSSL_DISPATCH *const env_closed_ciphers[ENV_STOCK_CIPHER_COUNT];
extern const OSSL_DISPATCH env_closed_pbkdf2[];

#endif
