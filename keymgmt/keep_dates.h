/* SPDX-License-Identifier: Apache-2.0 */
/* That a new key has the days that it was made for. */
#ifndef ENVELOPE_KEEP_DATES_H
#define ENVELOPE_KEEP_DATES_H

#include "keymgmt/token/find_key.h"

/*
 * What the token took and does not give back is kept beside the key (kept_dates.h), whose
 * attributes are read once more then. KEK_DATES, KEK_NOT_MADE.
 */
ENV_RESULT env_keep_dates(const struct env_token *token, const struct env_session *session,
                          const struct env_dates *wanted, struct env_key_attributes *key,
                          struct env_error_detail *detail);

#endif
