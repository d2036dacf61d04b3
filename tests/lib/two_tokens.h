/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens "kek" and "second", each with a KEK "orders", id 0102, that may be the same key. */
#ifndef TEST_TWO_TOKENS_H
#define TEST_TWO_TOKENS_H

#include "keyring_kek.h"

extern const uint8_t value[32];
extern const uint8_t other_value[32];

/* A checked fixture, with keyring_kek_teardown: the tokens without keys, the shim before the
 * module.
 */
void two_tokens_setup(void);

void make_orders(const char *token, const uint8_t *bytes);
/* The same key on both. */
void make_both(void);

/* The tokens in the order in which the module has them: what keyring_begin finds out. */
extern const char *first;
extern const char *other;

/* Makes the keyring, and chooses kek, the configured one. */
void keyring_begin(void);

/* What is lost is tried again after two seconds. */
void until_it_is_tried_again(void);

#endif
