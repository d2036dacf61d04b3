/* SPDX-License-Identifier: Apache-2.0 */
/* Raw key wrap with a KEK on a token, as kek.h has it. */
#ifndef ENVELOPE_RAW_KEK_H
#define ENVELOPE_RAW_KEK_H

#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/wrap/wrap_raw.h"

/* The failure not raised but in *fault; a ciphertext that does not verify is NOT_AUTHENTIC here. */
ENV_RESULT env_token_kek_raw_wrap(struct env_token_kek *kek, struct env_raw_request *request,
                                  enum env_patience patience, struct env_fault *fault);
ENV_RESULT env_token_kek_raw_unwrap(struct env_token_kek *kek, struct env_raw_request *request,
                                    enum env_patience patience, struct env_fault *fault);

ENV_RESULT env_kek_raw_wrap(struct env_kek *kek, enum env_raw_wrap alg, const uint8_t *in,
                            size_t in_len, uint8_t *out, size_t *out_len);
ENV_RESULT env_kek_raw_unwrap(struct env_kek *kek, enum env_raw_wrap alg, const uint8_t *in,
                              size_t in_len, uint8_t *out, size_t *out_len);

#endif
