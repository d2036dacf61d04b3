/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 as this folder uses it. Every call into a module goes through ENV_P11, which marks the
 * thread as being inside: a module may itself use libcrypto, and so call us again.
 */
#ifndef ENVELOPE_P11_H
#define ENVELOPE_P11_H

#include <p11-kit/pkcs11.h>

#include "keymgmt/token/module_call.h"

/* Not in the headers of p11-kit 0.24. */
#define ENV_CKM_AES_KEY_WRAP_KWP 0x210BUL
#define ENV_CKR_AEAD_DECRYPT_FAILED 0x42UL

static inline CK_RV env_call_done(CK_RV rv)
{
    env_call_end();
    return rv;
}

#define ENV_P11(call) (env_call_begin(), env_call_done(call))

#endif
