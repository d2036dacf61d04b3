/* SPDX-License-Identifier: Apache-2.0 */
/* The one symbol that the module exports. */
#include "keymgmt/token_keyring.h"
#include "provider/init.h"

OSSL_provider_init_fn OSSL_provider_init;

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out,
                                                              void **provctx)
{
    return env_provider_init_with(handle, in, out, provctx, env_token_keyring_new);
}
