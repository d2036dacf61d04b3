/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge of the provider. Inside, functions return an ENV_RESULT. libcrypto expects 1 or 0, and
 * the reason on its error stack. Every callback that can fail goes through ENV_EDGE.
 *
 * A callback's object may be NULL: after a refused EVP_CIPHER_CTX_copy, libcrypto keeps the cipher
 * with a NULL context and still calls us with it.
 */
#ifndef ENVELOPE_EDGE_H
#define ENVELOPE_EDGE_H

#include "provider/common/operation.h"
#include "provider/common/provctx.h"

/*
 * The body of a callback. Without an object it returns 0, raises NO_CONTEXT, and does not evaluate
 * `work`. Otherwise it returns 1 if work succeeds, and 0 with the reason raised if it fails. The
 * object must still exist after work.
 */
#define ENV_EDGE_IN(object, provctx, work)                                                         \
    ((object) == NULL                                                                              \
         ? (env_edge_without_object(__FILE__, __LINE__, __func__), 0)                              \
         : (env_operation_begin(&(struct env_operation){__FILE__, __LINE__, __func__, NULL}),      \
            env_edge_result((provctx), (work))))

/* For an object with a member `provctx`. */
#define ENV_EDGE(object, work) ENV_EDGE_IN(object, (object)->provctx, work)

/* Ends the operation that the callback began. */
int env_edge_result(const struct env_provctx *provctx, ENV_RESULT r);
void env_edge_without_object(const char *file, int line, const char *func);

#endif
