/* SPDX-License-Identifier: Apache-2.0 */
/* Initialising an instance of the provider. */
#ifndef ENVELOPE_INIT_H
#define ENVELOPE_INIT_H

#include "provider/common/provctx.h"

/* Makes the keyring of a new instance; unit tests substitute a fake one. */
typedef ENV_RESULT env_keyring_factory(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                       const struct env_errors *errors, struct env_keyring **out);

/* OSSL_provider_init with any kind of keyring. Returns 1 or 0, as libcrypto expects. */
int env_provider_init_with(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                           const OSSL_DISPATCH **out, void **provctx, env_keyring_factory *factory);

#endif
