/* SPDX-License-Identifier: Apache-2.0 */
/* Listing the KEKs of a keyring's tokens. */
#ifndef ENVELOPE_LIST_KEKS_H
#define ENVELOPE_LIST_KEKS_H

#include "keymgmt/token/query.h"
#include "keymgmt/token/token_set.h"

/*
 * Passes every KEK that the query matches to take. A KEK is a key with a CKA_ID of 1 to 64 bytes
 * that can wrap, unwrap, encrypt or decrypt. Fails if a token cannot be searched.
 */
ENV_RESULT env_list_keks(struct env_token_set *token_set, const struct env_query *query,
                         env_take_kek_fn *take, void *arg, struct env_error_detail *detail);

#endif
