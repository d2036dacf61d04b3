/* SPDX-License-Identifier: Apache-2.0 */
/* A module that is itself a user of libcrypto's default context, as SoftHSM is. */
#ifndef FAULTY_REENTRY_H
#define FAULTY_REENTRY_H

#include <p11-kit/pkcs11.h>

/* Uses it, when the control block says so. */
void reentry_at_call(void);

/* Looks whether somebody searches for a key by its bytes. */
void reentry_watch_template(const CK_ATTRIBUTE *template, CK_ULONG count);

#endif
