/* SPDX-License-Identifier: Apache-2.0 */
/* Which AES mechanisms a token and a key can do together. */
#include "keymgmt/wrap/wrap_aes.h"

#include "keymgmt/wrap/aes_family.h"
#include "keymgmt/token/mechanism_info.h"

#define USE_BIT(family, way) (1u << ((unsigned)(family)*4u + (unsigned)(way)))

const struct env_aes_family_info *env_aes_family_info(enum env_aes_family family)
{
    static const struct env_aes_family_info families[] = {
        [ENV_AES_KW] = {CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP", ENV_MECHANISM_AES_KW,
                        ENV_WRAP_CHOICE_AES_KW, ENV_WRAP_AES128_KW, ENV_DEK_LEN + 8},
        [ENV_AES_KWP] = {ENV_CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP", ENV_MECHANISM_AES_KWP,
                         ENV_WRAP_CHOICE_AES_KWP, ENV_WRAP_AES128_KWP, ENV_DEK_LEN + 8},
        [ENV_AES_GCM] = {CKM_AES_GCM, "CKM_AES_GCM", ENV_MECHANISM_AES_GCM, ENV_WRAP_CHOICE_AES_GCM,
                         ENV_WRAP_AES128_GCM, ENV_DEK_LEN + 16},
        [ENV_AES_PAD] = {CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD", ENV_MECHANISM_AES_PAD,
                         ENV_WRAP_CHOICE_AUTO, ENV_WRAP_NONE, 0},
    };

    return &families[family];
}

size_t env_aes_alg_bits(enum env_wrap_alg alg)
{
    if (alg == ENV_WRAP_NONE || env_wrap_is_rsa(alg))
        return 0;
    return 128u + 64u * (((unsigned)alg - 1u) % 3u);
}

ENV_RESULT env_aes_uses(struct env_token *token, const struct env_key_facts *key, unsigned *uses,
                        struct env_fault *fault)
{
    *uses = 0;
    if (key->bits != 128 && key->bits != 192 && key->bits != 256)
        return ENV_OK;
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_PAD; f++) {
        const struct env_aes_family_info *info = env_aes_family_info(f);
        CK_FLAGS flags;
        CK_RV rv = env_mechanism_flags(token, info->index, info->type, &flags);

        if (rv != CKR_OK)
            return env_fault_ckr(fault, ENV_R_TOKEN_FAILED, "C_GetMechanismInfo", rv, token->where);
        if (!env_key_allows(key, info->type))
            continue;
        if (key->encrypt && (flags & CKF_ENCRYPT) != 0)
            *uses |= USE_BIT(f, ENV_AES_ENCRYPT);
        if (key->wrap && (flags & CKF_WRAP) != 0)
            *uses |= USE_BIT(f, ENV_AES_WRAP_KEY);
        if (key->decrypt && (flags & CKF_DECRYPT) != 0)
            *uses |= USE_BIT(f, ENV_AES_DECRYPT);
        if (key->unwrap && (flags & CKF_UNWRAP) != 0)
            *uses |= USE_BIT(f, ENV_AES_UNWRAP_KEY);
    }
    return ENV_OK;
}

bool env_aes_can(unsigned uses, enum env_aes_family family, enum env_aes_way way)
{
    return (uses & USE_BIT(family, way)) != 0;
}

bool env_aes_can_open(unsigned uses, enum env_aes_family family)
{
    return env_aes_can(uses, family, ENV_AES_DECRYPT) ||
           env_aes_can(uses, family, ENV_AES_UNWRAP_KEY);
}

size_t env_aes_sealing_methods(unsigned uses, enum env_wrap_choice choice,
                               struct env_aes_method out[ENV_AES_METHODS_MAX])
{
    size_t n = 0;

    for (unsigned opens = 2; opens-- > 0;) {
        for (unsigned f = ENV_AES_KW; f <= ENV_AES_GCM; f++) {
            if (env_aes_can_open(uses, f) != (opens == 1) ||
                (choice != ENV_WRAP_CHOICE_AUTO && choice != env_aes_family_info(f)->choice))
                continue;
            if (env_aes_can(uses, f, ENV_AES_ENCRYPT))
                out[n++] = (struct env_aes_method){f, ENV_AES_ENCRYPT};
            if (env_aes_can(uses, f, ENV_AES_WRAP_KEY))
                out[n++] = (struct env_aes_method){f, ENV_AES_WRAP_KEY};
        }
    }
    return n;
}

const char *env_aes_mechanism_wanted(enum env_wrap_choice choice)
{
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_GCM; f++) {
        if (env_aes_family_info(f)->choice == choice)
            return env_aes_family_info(f)->name;
    }
    return "CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP or CKM_AES_GCM";
}

ENV_RESULT env_aes_usage_fault(enum env_wrap_choice choice, const struct env_key_facts *key,
                               const char *where, struct env_fault *fault)
{
    if (choice == ENV_WRAP_CHOICE_RSA_OAEP)
        return env_fault(fault, ENV_R_KEK_USAGE, "%s: wrap = rsa-oaep needs an RSA key", where);
    return env_fault(fault, ENV_R_KEK_USAGE,
                     "%s: it has CKA_ENCRYPT %d, CKA_DECRYPT %d, CKA_WRAP %d, CKA_UNWRAP %d%s; the "
                     "token has to do %s in one of these ways",
                     where, key->encrypt, key->decrypt, key->wrap, key->unwrap,
                     key->restricted ? " and a list of allowed mechanisms" : "",
                     env_aes_mechanism_wanted(choice));
}
