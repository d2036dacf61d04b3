/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the module and the program that loaded it use the same libcrypto. A module built for
 * OpenSSL 3 brings libcrypto.so.3 into a program with OpenSSL 4. Both are loaded then, each with
 * its own providers, random numbers and memory.
 */
#ifndef ENVELOPE_LIBCRYPTO_CHECK_H
#define ENVELOPE_LIBCRYPTO_CHECK_H

#include <openssl/core_dispatch.h>
#include <stdbool.h>

#include "envelope/base/error.h"

/* Checks the functions that the core passes to OSSL_provider_init. */
bool env_libcrypto_is_foreign(const OSSL_DISPATCH *core);

/* Whether an address is in the libcrypto that we call. */
bool env_libcrypto_has(const void *code);

/* Raises FOREIGN_LIBCRYPTO with the versions of both. */
ENV_RESULT env_libcrypto_refused(const struct env_errors *errors, const OSSL_CORE_HANDLE *handle,
                                 OSSL_FUNC_core_get_params_fn *core_get_params);

#endif
