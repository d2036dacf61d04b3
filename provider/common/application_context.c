/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/application_context.h"

#include <string.h>

#include "provider/common/params.h"

ENV_RESULT env_context_from_param(const struct env_provctx *provctx, const OSSL_PARAM *p,
                                  uint8_t context[ENV_CONTEXT_MAX], size_t *len)
{
    if ((p->data_type != OSSL_PARAM_OCTET_STRING && p->data_type != OSSL_PARAM_UTF8_STRING) ||
        (p->data == NULL && p->data_size > 0))
        return ENV_RAISE(&provctx->errors, ENV_R_BAD_PARAMETER, "%s", ENV_CIPHER_PARAM_CONTEXT);
    if (p->data_size > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    *len = p->data_size;
    if (p->data_size > 0)
        memcpy(context, p->data, p->data_size);
    return ENV_OK;
}

void env_context_from_config(const struct env_provctx *provctx, uint8_t context[ENV_CONTEXT_MAX],
                             size_t *len)
{
    const char *text = provctx->config.context;

    if (text == NULL || strlen(text) > ENV_CONTEXT_MAX)
        return;
    *len = strlen(text);
    memcpy(context, text, *len);
}

ENV_RESULT env_stream_context_from_param(const struct env_provctx *provctx, const OSSL_PARAM *p,
                                         struct env_stream *stream)
{
    const size_t before = stream->context_len;

    ENV_TRY(env_context_from_param(provctx, p, stream->context, &stream->context_len));
    if (before > stream->context_len)
        memset(stream->context + stream->context_len, 0, before - stream->context_len);
    stream->context_source = ENV_CONTEXT_GIVEN;
    return ENV_OK;
}

void env_stream_context_from_config(const struct env_provctx *provctx, struct env_stream *stream)
{
    if (provctx->config.context == NULL)
        return;
    env_context_from_config(provctx, stream->context, &stream->context_len);
    stream->context_source = ENV_CONTEXT_CONFIGURED;
}
