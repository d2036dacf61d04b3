/* SPDX-License-Identifier: Apache-2.0 */
/* How an instance of the provider comes up. */
#ifndef ENVELOPE_INIT_H
#define ENVELOPE_INIT_H

#include "provider/common/provctx.h"

/* Makes the keyring of a new instance; unit tests put a fake one in its place. */
typedef ENV_RESULT env_keyring_factory(const struct env_config *config, OSSL_LIB_CTX *libctx,
                                       const struct env_errors *errors, struct env_keyring **out);

/* OSSL_provider_init over any kind of keyring. 1 or 0, as libcrypto expects. */
int env_provider_init_with(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                           const OSSL_DISPATCH **out, void **provctx, env_keyring_factory *factory);

#endif
