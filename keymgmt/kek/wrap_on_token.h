/* SPDX-License-Identifier: Apache-2.0 */
/* The operations (kek_operation.h) with a KEK on one token. */
#ifndef ENVELOPE_WRAP_ON_TOKEN_H
#define ENVELOPE_WRAP_ON_TOKEN_H

#include "keymgmt/kek/kek_operation.h"

ENV_RESULT env_token_kek_wrap(struct env_token_kek *kek, struct env_kek_operation *operation);
ENV_RESULT env_token_kek_unwrap(struct env_token_kek *kek, struct env_kek_operation *operation);
ENV_RESULT env_token_kek_key_wrap(struct env_token_kek *kek, struct env_kek_operation *operation);
ENV_RESULT env_token_kek_key_unwrap(struct env_token_kek *kek, struct env_kek_operation *operation);

#endif
