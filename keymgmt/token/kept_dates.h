/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM accepts CKA_START_DATE and CKA_END_DATE on a private key but cannot return them: it
 * stores them in plain and decrypts them when asked (CKR_GENERAL_ERROR; 2.6.1, 2.7.0). On such a
 * token a data object beside the key, private like the key, has the dates as well:
 *
 *   CKA_APPLICATION  "envelope kek dates"
 *   CKA_LABEL        the key's CKA_ID in hex
 *   CKA_VALUE        "20270101-20271231"; eight zeros for a date that is not set
 */
#ifndef ENVELOPE_KEPT_DATES_H
#define ENVELOPE_KEPT_DATES_H

#include "envelope/base/dates.h"
#include "keymgmt/token/tokens.h"

/*
 * Combines the dates of all such objects; *found: there is at least one. Returns CKR_OK or the code
 * of what failed.
 */
CK_RV env_kept_dates_read(const struct env_token *token, CK_SESSION_HANDLE session,
                          const struct env_kek_id *id, struct env_dates *dates, bool *found);

/* Creates one, in a session that may write. */
CK_RV env_kept_dates_write(const struct env_token *token, CK_SESSION_HANDLE session,
                           const struct env_kek_id *id, const struct env_dates *dates);

/* Destroys all of this key's objects. */
void env_kept_dates_destroy(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_kek_id *id);

#endif
