/* SPDX-License-Identifier: Apache-2.0 */
/* One way in which an AES KEK may wrap, tried. */
#ifndef ENVELOPE_TRIAL_H
#define ENVELOPE_TRIAL_H

#include "keymgmt/kek/token_kek.h"

/*
 * Wraps a random value; where the token makes the IVs, twice, which have to differ; opens it, where
 * the key may; and an altered copy, which has to fail. *place: where AES-GCM's IV was. *cannot: the
 * token does not do it in this way, whatever is repaired, so that another may be tried. Never true
 * for what a device, a session, a login or a lack of memory does.
 */
ENV_RESULT env_trial(struct env_token_kek *kek, struct env_aes_method method,
                     enum env_patience patience, struct env_sample *sample,
                     enum env_iv_place *place, bool *cannot, struct env_error_detail *detail);

#endif
