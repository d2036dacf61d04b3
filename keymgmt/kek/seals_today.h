/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a KEK may seal now, by its dates, the configuration and the state file. */
#ifndef ENVELOPE_SEALS_TODAY_H
#define ENVELOPE_SEALS_TODAY_H

#include "keymgmt/kek/token_kek.h"

/* By its dates alone. Fails with KEK_NOT_YET, KEK_EXPIRED or KEK_DATES. */
ENV_RESULT env_kek_seals_today(struct env_token_kek *kek, struct env_error_detail *detail);

/* Only whether its start date has come, whatever allow-expired-kek says. Fails with KEK_NOT_YET. */
ENV_RESULT env_kek_has_begun(struct env_token_kek *kek, struct env_error_detail *detail);

/*
 * Fails as env_kek_seals_today does, with KEK_DISABLED or KEK_OPENS_ONLY, or if the state file
 * cannot be read.
 */
ENV_RESULT env_kek_may_seal_now(struct env_token_kek *kek, struct env_error_detail *detail);

#endif
