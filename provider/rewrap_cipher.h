/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cipher ENVELOPE-REWRAP as libcrypto calls it: what goes in is a message of ENVELOPE or
 * ENVELOPE-1M or a sealed key, what comes out is the same with a header for the KEKs of today. It
 * has one direction, encrypt. Characteristics and the choice of the KEK are ENVELOPE's; of its
 * parameters it has "kek" (see cipher.h), since the body stays closed and needs no context.
 */
#ifndef ENVELOPE_REWRAP_CIPHER_H
#define ENVELOPE_REWRAP_CIPHER_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_rewrap_functions[];

#endif
