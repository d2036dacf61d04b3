/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the method by which a KEK wraps, by testing that it can unwrap the result. */
#ifndef ENVELOPE_SELF_TEST_H
#define ENVELOPE_SELF_TEST_H

#include "keymgmt/kek/token_kek.h"

/*
 * Runs at the KEK's first use in the process. Fails with KEK_USAGE or KEK_SELF_TEST, or with the
 * token's failure.
 */
ENV_RESULT env_token_kek_prepare(struct env_token_kek *kek, struct env_kek_operation *operation);

/* Makes the sample by any available method, unless preparing already made it. */
ENV_RESULT env_token_kek_sample(struct env_token_kek *kek, enum env_patience patience,
                                struct env_error_detail *detail);

/* Tests that it opens now what it wraps now, if it may do both. Fails as the token did. */
ENV_RESULT env_token_kek_test(struct env_token_kek *kek, enum env_wrap_choice choice,
                              enum env_patience patience, struct env_error_detail *detail);

#endif
