/* SPDX-License-Identifier: Apache-2.0 */
/* Making a KEK on one of a keyring's tokens. */
#ifndef ENVELOPE_MAKE_KEK_H
#define ENVELOPE_MAKE_KEK_H

#include "keymgmt/token/token_set.h"

/*
 * Succeeds once the KEK has unwrapped what it wrapped; a key that cannot is destroyed again. Fails
 * with KEK_KIND, LABEL_MISSING, KEK_EXISTS, TOKEN_AMBIGUOUS, NO_TOKEN, TOKEN_READ_ONLY,
 * KEK_NOT_MADE or KEK_USAGE, as the policy does, or as logging in does.
 */
ENV_RESULT env_make_kek(struct env_token_set *token_set, const struct env_kek_request *request,
                        struct env_kek **out, struct env_error_detail *detail);

#endif
