/* SPDX-License-Identifier: Apache-2.0 */
/* Making a KEK in one of a keyring's tokens. */
#ifndef ENVELOPE_MAKE_KEK_H
#define ENVELOPE_MAKE_KEK_H

#include "keymgmt/token/token_set.h"

/*
 * The KEK has shown that it can unwrap what it wrapped; one that could not is destroyed again.
 * KEK_KIND, LABEL_MISSING, KEK_EXISTS, TOKEN_AMBIGUOUS, NO_TOKEN, TOKEN_READ_ONLY, KEK_NOT_MADE,
 * KEK_USAGE, the reasons of the policy and of logging in.
 */
ENV_RESULT env_make_kek(struct env_token_set *token_set, const struct env_kek_request *request,
                        struct env_kek **out, struct env_error_detail *detail);

#endif
