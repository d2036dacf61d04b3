/* SPDX-License-Identifier: Apache-2.0 */
/* RSA key pairs without the time that it takes to find primes. */
#ifndef FAULTY_SPARE_PAIR_H
#define FAULTY_SPARE_PAIR_H

#include <p11-kit/pkcs11.h>

/*
 * In the place of C_GenerateKeyPair: copies of the pair of this label, with the names that the
 * templates say. As new as the original is, for all that a token tells of them.
 */
CK_RV spare_pair_copy(CK_SESSION_HANDLE session, const char *label, const CK_ATTRIBUTE *public,
                      CK_ULONG public_count, const CK_ATTRIBUTE *private, CK_ULONG private_count,
                      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);

#endif
