/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_FIND_AES_KEY_H
#define ENVELOPE_FIND_AES_KEY_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/token/tokens.h"

/*
 * As env_find_keys, of an id that a header has. After a few that the token did not have, the ids of
 * its keys are read, so that it is asked no more: see aes_index.h.
 */
ENV_RESULT env_find_aes_keys(struct env_token *token, const struct env_session *session,
                             const struct env_query *query, struct env_found *found,
                             struct env_error_detail *detail);

#endif
