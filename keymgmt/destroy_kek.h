/* SPDX-License-Identifier: Apache-2.0 */
/* Removes a key that was just made, when nothing has been sealed with it yet. */
#ifndef ENVELOPE_DESTROY_KEK_H
#define ENVELOPE_DESTROY_KEK_H

#include "keymgmt/token/token_set.h"

/* kek must be a key on one token. Fails with KEK_NOT_FOUND, TOKEN_FAILED or TOKEN_READ_ONLY. */
ENV_RESULT env_destroy_kek(struct env_token_set *token_set, struct env_kek *kek,
                           struct env_error_detail *detail);

#endif
