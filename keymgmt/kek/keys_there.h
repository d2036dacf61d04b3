/* SPDX-License-Identifier: Apache-2.0 */
/* Lists a token's keys for an error about one that it does not have. */
#ifndef ENVELOPE_KEYS_THERE_H
#define ENVELOPE_KEYS_THERE_H

#include "keymgmt/token/token_set.h"

/*
 * Appends "token 'kek', which has 'orders', 'invoices'" to the text, as far as it fits. To be
 * called within an attempt that holds no session.
 */
void env_keys_there(struct env_token_set *token_set, struct env_token *token, char *text,
                    size_t size);

#endif
