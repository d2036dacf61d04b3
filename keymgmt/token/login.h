/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in. A PIN that a token refused is not offered to it again in this process, by any thread
 * or keyring, because tokens lock after a few tries.
 */
#ifndef ENVELOPE_LOGIN_H
#define ENVELOPE_LOGIN_H

#include "keymgmt/token/pin.h"

/*
 * Logs in, if that is needed and not done yet. Fails with PIN_WRONG, PIN_LOCKED, PIN_FINAL_TRY,
 * PIN_MISSING, CONFIG_PIN_SOURCE or TOKEN_FAILED.
 */
ENV_RESULT env_login(struct env_token *token, const struct env_session *session,
                     struct env_pin_sources *sources, struct env_error_detail *detail);

/* The same, but first asks the token whether our login is still valid. */
ENV_RESULT env_login_check(struct env_token *token, const struct env_session *session,
                           struct env_pin_sources *sources, struct env_error_detail *detail);

/*
 * For a key with CKA_ALWAYS_AUTHENTICATE: the login for one use, between C_DecryptInit and
 * C_Decrypt. Uses the same PIN under the same rules. On failure, which is as for env_login, the
 * session still has the operation open.
 */
ENV_RESULT env_login_for_use(struct env_token *token, const struct env_session *session,
                             struct env_pin_sources *sources, struct env_error_detail *detail);

#endif
