/* SPDX-License-Identifier: Apache-2.0 */
/* Raw key wrap with a KEK on one token; what callers are given for it is a group: standins.c. */
#ifndef ENVELOPE_RAW_KEK_H
#define ENVELOPE_RAW_KEK_H

#include "kek_operation.h"
#include "wrap_raw.h"

/* The failure not raised but in *fault; a ciphertext that does not verify is NOT_AUTHENTIC here. */
ENV_RESULT env_token_kek_raw_wrap(struct env_token_kek *kek, struct env_raw_request *request,
                                  enum env_patience patience, struct env_fault *fault);
ENV_RESULT env_token_kek_raw_unwrap(struct env_token_kek *kek, struct env_raw_request *request,
                                    enum env_patience patience, struct env_fault *fault);

#endif
