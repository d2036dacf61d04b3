/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek_request.h"

#include <string.h>

#include "keymgmt/generate_key.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/token/versions.h"
#include "keymgmt/wrap/rsa_public.h"

ENV_RESULT env_kek_request_check(const struct env_config *config,
                                 const struct env_kek_request *request,
                                 struct env_error_detail *detail)
{
    const struct env_key_attributes wanted = {
        .bits = request->bits,
        .rsa = request->type == ENV_KEK_RSA,
        .id = {.len = ENV_KEK_NEW_ID_LEN},
        .sensitive = true,
        .always_sensitive = true,
        .never_extractable = true,
        .private_object = true,
    };
    size_t bits = request->bits;
    size_t label_len = request->label != NULL ? strlen(request->label) : 0;
    bool copy = request->copy_of != NULL;
    enum env_reason refusal = env_policy_refusal(config, &wanted);

    if (label_len < 1 || label_len > ENV_LABEL_MAX)
        return env_error_detail(detail, ENV_R_LABEL_MISSING, "label: 1 to %u bytes", ENV_LABEL_MAX);
    if (env_versions_named(request->label, label_len))
        return env_error_detail(detail, ENV_R_KEK_VERSIONS_NAMED, "label: %s", request->label);
    if (request->dates.first != 0 && request->dates.last != 0 &&
        request->dates.last < request->dates.first)
        return env_error_detail(detail, ENV_R_KEK_DATES, "not-after is before not-before");
    if (request->unwraps_alone && !copy)
        return env_error_detail(detail, ENV_R_UNWRAPS_ALONE, "%s", request->label);
    if (copy && wanted.rsa)
        return env_error_detail(detail, ENV_R_KEK_KIND, "copy-of names an AES KEK");
    if (copy && request->id.len > 0)
        return env_error_detail(detail, ENV_R_BAD_PARAMETER, "id: a copy keeps the id of its KEK");
    if (wanted.rsa ? bits < ENV_RSA_BITS_MIN || bits > ENV_RSA_BITS_MAX || bits % 8 != 0
                   : bits != 128 && bits != 192 && bits != 256)
        return env_error_detail(detail, ENV_R_KEK_KIND, "%zu bits", bits);
    if (refusal != ENV_R_NONE)
        return env_error_detail(detail, refusal, "%zu bits", bits);
    return ENV_OK;
}

ENV_RESULT env_kek_request_token(const char *text, P11KitUri **out, struct env_error_detail *detail)
{
    size_t len = text != NULL ? strlen(text) : 0;
    CK_TOKEN_INFO *info;

    *out = NULL;
    if (text == NULL)
        return ENV_OK;
    if (env_uri_is(text))
        return env_uri_parse(text, "token", out, detail);
    *out = p11_kit_uri_new();
    if (*out == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "token");
    info = p11_kit_uri_get_token_info(*out);
    if (len < 1 || len > sizeof(info->label))
        return env_error_detail(detail, ENV_R_NO_TOKEN, "a token's label has 1 to %zu bytes",
                                sizeof(info->label));
    memset(info->label, ' ', sizeof(info->label));
    memcpy(info->label, text, len);
    return ENV_OK;
}
