/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftHSM takes CKA_START_DATE and CKA_END_DATE of a private key, and cannot give them back: it
 * stores them plain and decrypts them when it is asked (CKR_GENERAL_ERROR; 2.6.1, 2.7.0). There a
 * data object beside the key has them as well, private as the key is:
 *
 *     CKA_APPLICATION  "envelope kek dates"
 *     CKA_LABEL        the key's CKA_ID in hex
 *     CKA_VALUE        "20270101-20271231"; eight zeros: there is no such date
 */
#ifndef ENVELOPE_KEPT_DATES_H
#define ENVELOPE_KEPT_DATES_H

#include "envelope/base/dates.h"
#include "keymgmt/token/tokens.h"

/*
 * What such objects say together; *found: there is one. CKR_OK or what failed.
 */
CK_RV env_kept_dates_read(const struct env_token *token, CK_SESSION_HANDLE session,
                          const struct env_kek_id *id, struct env_dates *dates, bool *found);

/* Makes one, in a session that may write. */
CK_RV env_kept_dates_write(const struct env_token *token, CK_SESSION_HANDLE session,
                           const struct env_kek_id *id, const struct env_dates *dates);

/* Destroys all of the key's. */
void env_kept_dates_destroy(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_kek_id *id);

#endif
