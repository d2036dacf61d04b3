/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in. A PIN that a token refused is not offered to it again in this process, by whatever
 * thread or keyring, since tokens lock after a few tries.
 */
#ifndef ENVELOPE_LOGIN_H
#define ENVELOPE_LOGIN_H

#include "keymgmt/token/pin.h"

/* Logs in unless that is not needed or done. PIN_WRONG, PIN_LOCKED, PIN_FINAL_TRY, PIN_MISSING,
 * CONFIG_PIN_SOURCE, TOKEN_FAILED. */
ENV_RESULT env_login(struct env_token *token, const struct env_session *session,
                     struct env_pin_sources *sources, struct env_error_detail *detail);

/* The same, but asks the token first whether the login that we remember still holds. */
ENV_RESULT env_login_check(struct env_token *token, const struct env_session *session,
                           struct env_pin_sources *sources, struct env_error_detail *detail);

/*
 * For a key with CKA_ALWAYS_AUTHENTICATE: the login that its use wants, between C_DecryptInit and
 * C_Decrypt. The same PIN, by the same rules. Fails as env_login does, and then the session is in
 * the middle of the use.
 */
ENV_RESULT env_login_for_use(struct env_token *token, const struct env_session *session,
                             struct env_pin_sources *sources, struct env_error_detail *detail);

#endif
