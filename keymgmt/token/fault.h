/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure with its details, before it is known whether anyone is to hear of it: a token that
 * fails does no harm when the key is found on the next one, and what a fresh start cures is not an
 * error. The edge (token_keyring.c, token_kek.c) raises what is left.
 */
#ifndef ENVELOPE_FAULT_H
#define ENVELOPE_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "envelope/base/error.h"
#include "keymgmt/token/ckr.h"

#define ENV_FAULT_TEXT 768u
#define ENV_HEX_TEXT 160u /* an id of 64 bytes, and how many more there are */

struct env_fault {
    enum env_reason reason;
    enum env_loss loss;
    CK_RV rv;       /* CKR_OK where no PKCS#11 call failed */
    bool held_back; /* a remedy that costs others something was not tried */
    char text[ENV_FAULT_TEXT];
};

/* Fills *fault and returns the failure, not raised. */
ENV_RESULT env_fault(struct env_fault *fault, enum env_reason reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same for a PKCS#11 call that failed: "C_Login: CKR_PIN_LOCKED (0xa4), token 'x'". Where no
 * ciphertext is involved an ambiguous code means that the module lost its token.
 */
ENV_RESULT env_fault_ckr(struct env_fault *fault, enum env_reason reason, const char *function,
                         CK_RV rv, const char *where);

/* Puts it on the error stack. */
ENV_RESULT env_fault_raise(const struct env_errors *errors, const struct env_fault *fault);

/* Text from outside, made fit for an error message: no control characters. */
void env_printable(char *out, size_t size, const void *text, size_t len);

/* Bytes in hex; what does not fit is only counted. */
void env_hex(char *out, size_t size, const uint8_t *bytes, size_t len);

#endif
