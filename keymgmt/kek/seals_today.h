/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a KEK may seal now: its dates, and what the configuration and the state file say. */
#ifndef ENVELOPE_SEALS_TODAY_H
#define ENVELOPE_SEALS_TODAY_H

#include "keymgmt/kek/token_kek.h"

/* KEK_NOT_YET, KEK_EXPIRED, KEK_DATES: the dates alone. */
ENV_RESULT env_kek_seals_today(struct env_token_kek *kek, struct env_error_detail *detail);

/* KEK_NOT_YET alone, whatever allow-expired-kek says. */
ENV_RESULT env_kek_has_begun(struct env_token_kek *kek, struct env_error_detail *detail);

/* env_kek_seals_today, KEK_DISABLED, KEK_OPENS_ONLY, and what keeps the state file from being read.
 */
ENV_RESULT env_kek_may_seal_now(struct env_token_kek *kek, struct env_error_detail *detail);

#endif
