/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restrictions on a KEK beyond those of may_open.h: disabled-kek in openssl.cnf, and disabled-kek
 * and open-only-kek in the state file, which may change while the process runs.
 */
#ifndef ENVELOPE_TAKEN_AWAY_H
#define ENVELOPE_TAKEN_AWAY_H

#include "keymgmt/kek/token_kek.h"

/*
 * Fails with KEK_DISABLED, KEK_OPENS_ONLY if it is to seal, or STATE_FILE. Not within an attempt.
 */
ENV_RESULT env_kek_taken_away(struct env_token_kek *kek, bool sealing,
                              struct env_error_detail *detail);

/* The same for a KEK from a file, which only seals: by its name, file:PATH, or its reference. */
ENV_RESULT env_file_kek_taken_away(struct env_token_set *token_set, const char *text,
                                   const struct env_kek_id *id, struct env_error_detail *detail);

#endif
