/* SPDX-License-Identifier: Apache-2.0 */
/* The application's context: bytes that a message or a sealed key is bound to. */
#ifndef ENVELOPE_APPLICATION_CONTEXT_H
#define ENVELOPE_APPLICATION_CONTEXT_H

#include <openssl/params.h>

#include "envelope/message/stream.h"
#include "provider/common/provctx.h"

/*
 * From the parameter, octets or text. Fails with BAD_PARAMETER or CONTEXT_TOO_LONG, and then
 * changes nothing.
 */
ENV_RESULT env_context_from_param(const struct env_provctx *provctx, const OSSL_PARAM *p,
                                  uint8_t context[ENV_CONTEXT_MAX], size_t *len);

/* From openssl.cnf, if it has one. env_provctx_ready refuses one that is too long. */
void env_context_from_config(const struct env_provctx *provctx, uint8_t context[ENV_CONTEXT_MAX],
                             size_t *len);

/* The same for a stream, which remembers where it came from. */
ENV_RESULT env_stream_context_from_param(const struct env_provctx *provctx, const OSSL_PARAM *p,
                                         struct env_stream *stream);
void env_stream_context_from_config(const struct env_provctx *provctx, struct env_stream *stream);

#endif
