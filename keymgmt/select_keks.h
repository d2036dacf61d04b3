/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing the KEKs to seal with: by a name that came with the operation, or the configured ones.
 */
#ifndef ENVELOPE_SELECT_KEKS_H
#define ENVELOPE_SELECT_KEKS_H

#include "keymgmt/token/ring.h"

/* Each is found and shown to work; out is empty before, and the caller's to clear after a failure
 * too. */
ENV_RESULT env_select_keks(struct env_ring *ring, const struct env_selector *selector,
                           struct env_kek_list *out, struct env_fault *fault);

/* The one AES KEK of so many bits, for key wrap. ONE_KEK, KEK_LENGTH. */
ENV_RESULT env_select_raw_kek(struct env_ring *ring, const struct env_selector *selector,
                              size_t bits, struct env_kek **out, struct env_fault *fault);

#endif
