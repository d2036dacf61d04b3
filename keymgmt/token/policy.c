/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/policy.h"

#define STRONG_BITS 256u
#define STRONG_BITS_RSA 3072u

bool env_policy_too_weak(const struct env_config *config, bool rsa, size_t bits)
{
    return !config->weak_allowed && bits < (rsa ? STRONG_BITS_RSA : STRONG_BITS);
}

static enum env_reason refusal(const struct env_config *config, const struct env_key_facts *key,
                               bool any_length)
{
    if (key->id_len < 1 || key->id_len > ENV_KEK_ID_MAX)
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
         * A key that is extractable now can not be one that never was: who accepted the first by
         * allow-weak-kek has accepted the second. The same with sensitive.
         */
        if (!key->extractable && !key->never_extractable)
            return ENV_R_KEK_IMPORTED;
        if (key->sensitive && !key->always_sensitive)
            return ENV_R_KEK_IMPORTED;
    }
    if (!any_length && key->rsa && key->bits == 0) /* its modulus has no room in ours */
        return ENV_R_KEK_KIND;
    if (!any_length && env_policy_too_weak(config, key->rsa, key->bits))
        return ENV_R_KEK_TOO_WEAK;
    return ENV_R_NONE;
}

enum env_reason env_policy_refusal(const struct env_config *config, const struct env_key_facts *key)
{
    return refusal(config, key, false);
}

static ENV_RESULT judge(const struct env_config *config, const struct env_key_facts *key,
                        bool any_length, const struct env_token *token, struct env_fault *fault)
{
    enum env_reason reason = refusal(config, key, any_length);
    char described[ENV_FAULT_TEXT];

    if (reason == ENV_R_NONE)
        return ENV_OK;
    env_key_described(described, sizeof(described), key, token);
    return env_fault(fault, reason, "%s", described);
}

ENV_RESULT env_policy_judge(const struct env_config *config, const struct env_key_facts *key,
                            const struct env_token *token, struct env_fault *fault)
{
    return judge(config, key, false, token, fault);
}

ENV_RESULT env_policy_judge_raw(const struct env_config *config, const struct env_key_facts *key,
                                const struct env_token *token, struct env_fault *fault)
{
    return judge(config, key, true, token, fault);
}
