/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys are fit to be KEKs, for sealing and for opening. */
#ifndef ENVELOPE_POLICY_H
#define ENVELOPE_POLICY_H

#include "envelope/base/config.h"
#include "keymgmt/token/find_key.h"

/*
 * Fails with KEK_WITHOUT_ID, KEK_EXTRACTABLE, KEK_NOT_SENSITIVE, KEK_PUBLIC, KEK_IMPORTED or
 * KEK_TOO_WEAK.
 */
ENV_RESULT env_policy_judge(const struct env_config *config, const struct env_key_attributes *key,
                            const struct env_token *token, struct env_error_detail *detail);

/* The same without KEK_TOO_WEAK, for key wrap of anything but DEKs, and for keys judged before. */
ENV_RESULT env_policy_judge_for_key_wrap(const struct env_config *config,
                                         const struct env_key_attributes *key,
                                         const struct env_token *token,
                                         struct env_error_detail *detail);
/* Only the reason; ENV_R_NONE if the key is fit. */
enum env_reason env_policy_refusal(const struct env_config *config,
                                   const struct env_key_attributes *key);

/* Whether a key of this length is refused as KEK_TOO_WEAK. */
bool env_policy_too_weak(const struct env_config *config, bool rsa, size_t bits);

#endif
