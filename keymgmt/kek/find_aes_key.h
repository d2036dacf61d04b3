/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_FIND_AES_KEY_H
#define ENVELOPE_FIND_AES_KEY_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/token/tokens.h"

/*
 * Like env_find_keys, for an id from a header. After a few ids that the token did not have, all its
 * ids are read once and answered from memory: see aes_index.h.
 */
ENV_RESULT env_find_aes_keys(struct env_token *token, const struct env_session *session,
                             const struct env_query *query, struct env_found *found,
                             struct env_error_detail *detail);

#endif
