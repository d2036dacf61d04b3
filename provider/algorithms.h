/* SPDX-License-Identifier: Apache-2.0 */
/* Everything the provider offers, by OpenSSL operation. */
#ifndef ENVELOPE_ALGORITHMS_H
#define ENVELOPE_ALGORITHMS_H

#include <openssl/core.h>

#include "envelope/base/config.h"

/* The property of all our algorithms. */
#define ENV_PROPERTIES "provider=envelope"

/* The algorithms of one OSSL_OP_*, or NULL. Uses no token and takes no lock. */
const OSSL_ALGORITHM *env_algorithms(int operation_id, const struct env_config *config);

#endif
