/* SPDX-License-Identifier: Apache-2.0 */
/* Makes sure that a new key has the dates that it was made with. */
#ifndef ENVELOPE_KEEP_DATES_H
#define ENVELOPE_KEEP_DATES_H

#include "keymgmt/token/find_key.h"

/*
 * If the token accepted the dates but cannot return them, they are stored beside the key
 * (kept_dates.h), and the key's attributes are read again. Fails with KEK_DATES or KEK_NOT_MADE.
 */
ENV_RESULT env_keep_dates(const struct env_token *token, const struct env_session *session,
                          const struct env_dates *wanted, struct env_key_attributes *key,
                          struct env_error_detail *detail);

#endif
