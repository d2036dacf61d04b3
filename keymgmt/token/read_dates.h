/* SPDX-License-Identifier: Apache-2.0 */
/* The days on which a key may seal, as its token has them. */
#ifndef ENVELOPE_READ_DATES_H
#define ENVELOPE_READ_DATES_H

#include "envelope/base/dates.h"
#include "keymgmt/token/tokens.h"

/*
 * A key without dates has none. What a token has and cannot give back is unread, unless it is kept
 * beside the key (kept_dates.h): such a key opens all the same. CKR_OK or what failed.
 */
CK_RV env_read_dates(const struct env_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                     const struct env_kek_id *id, struct env_dates *dates);

#endif
