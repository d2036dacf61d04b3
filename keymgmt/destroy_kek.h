/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back a key that was made, and that nothing was sealed with. */
#ifndef ENVELOPE_DESTROY_KEK_H
#define ENVELOPE_DESTROY_KEK_H

#include "keymgmt/token/token_set.h"

/* kek is a key on one token. KEK_NOT_FOUND, TOKEN_FAILED, TOKEN_READ_ONLY. */
ENV_RESULT env_destroy_kek(struct env_token_set *token_set, struct env_kek *kek,
                           struct env_error_detail *detail);

#endif
