/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure that may not have to be reported: a failing token does no harm if the key is found on
 * the next one, and a failure that a restart repairs is not an error. The callers at the edge
 * (token_keyring.c, kek_calls.c) raise what remains.
 */
#ifndef ENVELOPE_ERROR_DETAIL_H
#define ENVELOPE_ERROR_DETAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope/base/error.h"
#include "envelope/message/kek.h"
#include "keymgmt/token/ckr.h"

#define ENV_ERROR_DETAIL_TEXT 768u

struct env_error_detail {
    enum env_reason reason;
    enum env_loss loss;
    unsigned long rv;               /* CKR_OK if no PKCS#11 call failed */
    bool held_back;                 /* a remedy that would disturb other users was not tried */
    struct env_refused_kek refused; /* the key in question, if it is unusable */
    char text[ENV_ERROR_DETAIL_TEXT];
};

/* Fills *detail and returns the failure without raising it. */
ENV_RESULT env_error_detail(struct env_error_detail *detail, enum env_reason reason,
                            const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same for a failed PKCS#11 call: "C_Login: CKR_PIN_LOCKED (0xa4), token 'x'". Without a
 * ciphertext, an ambiguous code means that the module lost its token.
 */
ENV_RESULT env_error_detail_ckr(struct env_error_detail *detail, enum env_reason reason,
                                const char *function, unsigned long rv, const char *where);

/* Adds text before or after the present one, as far as it fits. */
void env_error_detail_before(struct env_error_detail *detail, const char *words);
void env_error_detail_behind(struct env_error_detail *detail, const char *words);

/* Puts the failure on the error stack. */
ENV_RESULT env_error_detail_raise(const struct env_errors *errors,
                                  const struct env_error_detail *detail);

#endif
