/* SPDX-License-Identifier: Apache-2.0 */
/* The one KEK of keyring_case's keyring that a test uses all the time. */
#ifndef TEST_KEYRING_KEK_H
#define TEST_KEYRING_KEK_H

#include "keyring_case.h"

/* NULL at first, chosen from the keyring; freed at the end. */
extern struct env_kek *kek;

/* The end of a checked fixture: the KEK's and the keyring's. */
void keyring_kek_teardown(void);

/* Wraps a DEK with it, always the same. */
struct env_wrapped wrap(void);
enum env_reason wrap_reason(void);
/* What unwrapping that with it gives, and that it is raised unless it is NOT_AUTHENTIC. */
enum env_reason unwrap_reason(const struct env_wrapped *wrapped);
void assert_opens(const struct env_wrapped *wrapped);

/* What was raised last says this among other things. */
void assert_says(const char *text);

#endif
