/* SPDX-License-Identifier: Apache-2.0 */
/* When a key may seal, according to its token. */
#ifndef ENVELOPE_READ_DATES_H
#define ENVELOPE_READ_DATES_H

#include "envelope/base/dates.h"
#include "keymgmt/token/tokens.h"

/*
 * A key without dates has none set. Dates that the token has but cannot return are marked unread,
 * unless they are stored beside the key (kept_dates.h); such a key still opens. Returns CKR_OK or
 * the code of what failed.
 */
CK_RV env_read_dates(const struct env_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                     const struct env_kek_id *id, struct env_dates *dates);

#endif
