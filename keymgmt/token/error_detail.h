/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure with its details, before it is known whether anyone is to hear of it: a token that
 * fails does no harm when the key is found on the next one, and what a fresh start cures is not an
 * error. The edge (token_keyring.c, kek_calls.c) raises what is left.
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
    unsigned long rv;               /* CKR_OK where no PKCS#11 call failed */
    bool held_back;                 /* a remedy that costs others something was not tried */
    struct env_refused_kek refused; /* the key that it is about, where that is no use */
    char text[ENV_ERROR_DETAIL_TEXT];
};

/* Fills *detail and returns the failure, not raised. */
ENV_RESULT env_error_detail(struct env_error_detail *detail, enum env_reason reason,
                            const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same for a PKCS#11 call that failed: "C_Login: CKR_PIN_LOCKED (0xa4), token 'x'". Where no
 * ciphertext is involved an ambiguous code means that the module lost its token.
 */
ENV_RESULT env_error_detail_ckr(struct env_error_detail *detail, enum env_reason reason,
                                const char *function, unsigned long rv, const char *where);

/* More words, before or behind those that it has; what has no room is lost. */
void env_error_detail_before(struct env_error_detail *detail, const char *words);
void env_error_detail_behind(struct env_error_detail *detail, const char *words);

/* Puts it on the error stack. */
ENV_RESULT env_error_detail_raise(const struct env_errors *errors,
                                  const struct env_error_detail *detail);

#endif
