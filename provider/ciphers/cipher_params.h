/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters that all our ciphers handle in the same way. */
#ifndef ENVELOPE_CIPHER_PARAMS_H
#define ENVELOPE_CIPHER_PARAMS_H

#include <openssl/core_dispatch.h>

#include "provider/common/provctx.h"

struct env_cipher_number {
    const char *key;
    size_t value;
};

/* Sets the mode and these numbers where params requests them; false if one does not fit. */
bool env_cipher_answer(OSSL_PARAM params[], unsigned mode, const struct env_cipher_number *numbers,
                       size_t count);

/* Mode, key length, IV length and block size. */
OSSL_FUNC_cipher_gettable_params_fn env_cipher_gettable_params;

/* Key length and IV length. */
OSSL_FUNC_cipher_gettable_ctx_params_fn env_cipher_gettable_ctx_params;

/*
 * A key length in params (which may be NULL) must be the cipher's own: fails with `refusal` if it
 * differs, and with BAD_PARAMETER if it is not a number.
 */
ENV_RESULT env_cipher_check_key_len(const struct env_provctx *provctx, const OSSL_PARAM params[],
                                    size_t key_len, enum env_reason refusal);

#endif
