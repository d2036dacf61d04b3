/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing the KEKs to seal with: the one named by the operation, or the configured ones. */
#ifndef ENVELOPE_SELECT_KEKS_H
#define ENVELOPE_SELECT_KEKS_H

#include "keymgmt/token/token_set.h"

/*
 * Each KEK is found and shown to work. out must be empty before; the caller clears it, even after a
 * failure.
 */
ENV_RESULT env_select_keks(struct env_token_set *token_set, const struct env_selector *selector,
                           struct env_kek_list *out, struct env_error_detail *detail);

/* The one AES KEK of this length, for key wrap. Fails with ONE_KEK or KEK_LENGTH. */
ENV_RESULT env_select_kek_for_key_wrap(struct env_token_set *token_set,
                                       const struct env_selector *selector, size_t bits,
                                       struct env_kek **out, struct env_error_detail *detail);

#endif
