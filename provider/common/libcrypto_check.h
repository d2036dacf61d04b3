/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the module and the program that loaded it use one libcrypto. A module that was built for
 * OpenSSL 3 brings libcrypto.so.3 along into a program of OpenSSL 4, and both are there then, each
 * with its own providers, random numbers and memory.
 */
#ifndef ENVELOPE_LIBCRYPTO_CHECK_H
#define ENVELOPE_LIBCRYPTO_CHECK_H

#include <openssl/core_dispatch.h>
#include <stdbool.h>

#include "envelope/base/error.h"

/* Judges the functions that the core hands to OSSL_provider_init. */
bool env_libcrypto_is_foreign(const OSSL_DISPATCH *core);

/* Whether an address is in the libcrypto that we call. */
bool env_libcrypto_has(const void *code);

/* FOREIGN_LIBCRYPTO, raised, with the versions of both. */
ENV_RESULT env_libcrypto_refused(const struct env_errors *errors, const OSSL_CORE_HANDLE *handle,
                                 OSSL_FUNC_core_get_params_fn *core_get_params);

#endif
