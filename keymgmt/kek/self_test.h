/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the way in which a KEK wraps, by showing that it can unwrap that again. */
#ifndef ENVELOPE_SELF_TEST_H
#define ENVELOPE_SELF_TEST_H

#include "keymgmt/kek/token_kek.h"

/* At its first use in the process. KEK_USAGE, KEK_SELF_TEST, or what the token said. */
ENV_RESULT env_token_kek_prepare(struct env_token_kek *kek, struct env_kek_operation *operation);

/* Makes the sample, unless preparing did: by whatever way to wrap there is. */
ENV_RESULT env_token_kek_sample(struct env_token_kek *kek, enum env_patience patience,
                                struct env_error_detail *detail);

/* Whether it opens now what it wraps now so, where it may do both: what the token said if not. */
ENV_RESULT env_token_kek_test(struct env_token_kek *kek, enum env_wrap_choice choice,
                              enum env_patience patience, struct env_error_detail *detail);

#endif
