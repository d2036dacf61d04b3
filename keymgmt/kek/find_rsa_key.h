/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the RSA key that a header names, by its CKA_ID or by its public half. */
#ifndef ENVELOPE_FIND_RSA_KEY_H
#define ENVELOPE_FIND_RSA_KEY_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/token/token_set.h"

/*
 * Like env_find_keys. However many references are looked up, each of the token's RSA keys is read
 * at most once per refresh of the index.
 */
ENV_RESULT env_find_rsa_keys(const struct env_token_set *token_set, struct env_token *token,
                             const struct env_session *session, const struct env_query *query,
                             struct env_found *found, struct env_error_detail *detail);

#endif
