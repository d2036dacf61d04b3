/* SPDX-License-Identifier: Apache-2.0 */
/* Tries one method by which an AES KEK may wrap. */
#ifndef ENVELOPE_TRIAL_H
#define ENVELOPE_TRIAL_H

#include "keymgmt/kek/token_kek.h"

/*
 * Wraps a random value, twice if the token makes the IVs, which must differ. If the key may open,
 * it opens the result and an altered copy, which must fail. *place: where AES-GCM's IV was.
 * *cannot: the token does not support this method, so another may be tried. Never set for a failure
 * of the device, a session, a login or memory.
 */
ENV_RESULT env_trial(struct env_token_kek *kek, struct env_aes_method method,
                     enum env_patience patience, struct env_sample *sample,
                     enum env_iv_place *place, bool *cannot, struct env_error_detail *detail);

#endif
