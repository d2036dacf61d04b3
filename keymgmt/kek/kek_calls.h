/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of kek.h for KEKs that begin with an env_kek_head. Each call becomes an operation,
 * performed inside the fork gate; failures are raised.
 */
#ifndef ENVELOPE_KEK_CALLS_H
#define ENVELOPE_KEK_CALLS_H

#include "envelope/message/kek.h"

void env_kek_calls_up_ref(struct env_kek *kek);

ENV_RESULT env_kek_calls_wrap(struct env_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                              struct env_wrapped *out);
ENV_RESULT env_kek_calls_unwrap(struct env_kek *kek, const struct env_wrapped *wrapped,
                                const struct env_dek_check *check, uint8_t dek[ENV_DEK_LEN]);
ENV_RESULT env_kek_calls_key_wrap(struct env_kek *kek, enum env_key_wrap_kind alg,
                                  const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len);
ENV_RESULT env_kek_calls_key_unwrap(struct env_kek *kek, enum env_key_wrap_kind alg,
                                    const uint8_t *in, size_t in_len, uint8_t *out,
                                    size_t *out_len);

#endif
