/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/policy.h"

#define STRONG_BITS 256u
#define STRONG_BITS_RSA 3072u

bool env_policy_too_weak(const struct env_config *config, bool rsa, size_t bits)
{
    bool allowed = config->weak_allowed || (rsa && config->short_allowed);

    return !allowed && bits < (rsa ? STRONG_BITS_RSA : STRONG_BITS);
}

static enum env_reason refusal(const struct env_config *config,
                               const struct env_key_attributes *key, bool any_length)
{
    if (key->id.len < 1 || key->id.len > ENV_KEK_ID_MAX)
        return ENV_R_KEK_WITHOUT_ID;
    if (!config->weak_allowed) {
        if (key->extractable)
            return ENV_R_KEK_EXTRACTABLE;
        if (!key->sensitive)
            return ENV_R_KEK_NOT_SENSITIVE;
        if (!key->private_object)
            return ENV_R_KEK_PUBLIC;
    }
    if (!config->imported_allowed) {
        /*
         * A key that is extractable now cannot be never-extractable. If allow-weak-kek accepted the
         * first, it accepted the second. The same applies to sensitive.
         */
        if (!key->extractable && !key->never_extractable)
            return ENV_R_KEK_IMPORTED;
        if (key->sensitive && !key->always_sensitive)
            return ENV_R_KEK_IMPORTED;
    }
    if (!any_length && key->rsa && key->bits == 0) /* its modulus is longer than we support */
        return ENV_R_KEK_KIND;
    if (!any_length && env_policy_too_weak(config, key->rsa, key->bits))
        return ENV_R_KEK_TOO_WEAK;
    return ENV_R_NONE;
}

enum env_reason env_policy_refusal(const struct env_config *config,
                                   const struct env_key_attributes *key)
{
    return refusal(config, key, false);
}

static ENV_RESULT judge(const struct env_config *config, const struct env_key_attributes *key,
                        bool any_length, const struct env_token *token,
                        struct env_error_detail *detail)
{
    enum env_reason reason = refusal(config, key, any_length);
    char described[ENV_ERROR_DETAIL_TEXT];

    if (reason == ENV_R_NONE)
        return ENV_OK;
    env_key_described(described, sizeof(described), key, token);
    (void)env_error_detail(detail, reason, "%s", described);
    env_key_refused(&detail->refused, key, &token->name);
    return ENV_FAIL(reason);
}

ENV_RESULT env_policy_judge(const struct env_config *config, const struct env_key_attributes *key,
                            const struct env_token *token, struct env_error_detail *detail)
{
    return judge(config, key, false, token, detail);
}

ENV_RESULT env_policy_judge_for_key_wrap(const struct env_config *config,
                                         const struct env_key_attributes *key,
                                         const struct env_token *token,
                                         struct env_error_detail *detail)
{
    return judge(config, key, true, token, detail);
}
