/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/aes_mechanisms.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "keymgmt/token/mechanism_info.h"
#include "keymgmt/wrap/vendor_mechanisms.h"

#define USE_BIT(family, way) (1u << ((unsigned)(family)*4u + (unsigned)(way)))
#define POSSIBLE_SHIFT 16u /* the same bits, for a key with all uses */

const struct env_aes_family_info *env_aes_family_info(enum env_aes_family family)
{
    static const struct env_aes_family_info families[] = {
        [ENV_AES_KW] = {CKM_AES_KEY_WRAP, "CKM_AES_KEY_WRAP", ENV_MECHANISM_AES_KW,
                        ENV_WRAP_CHOICE_AES_KW},
        [ENV_AES_KWP] = {ENV_CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP", ENV_MECHANISM_AES_KWP,
                         ENV_WRAP_CHOICE_AES_KWP},
        [ENV_AES_GCM] = {CKM_AES_GCM, "CKM_AES_GCM", ENV_MECHANISM_AES_GCM,
                         ENV_WRAP_CHOICE_AES_GCM},
        [ENV_AES_PAD] = {CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD", ENV_MECHANISM_AES_PAD,
                         ENV_WRAP_CHOICE_AUTO},
    };

    return &families[family];
}

enum env_wrap_choice env_aes_choice_of(enum env_wrap_alg alg)
{
    const struct env_wrap_algorithm *algorithm = env_wrap_algorithm(alg);

    return algorithm == NULL || algorithm->family == ENV_WRAP_FAMILY_OAEP
               ? ENV_WRAP_CHOICE_AUTO
               : env_aes_family_info((enum env_aes_family)algorithm->family)->choice;
}

CK_MECHANISM_TYPE env_aes_type(const struct env_token *token, enum env_aes_family family)
{
    const struct env_aes_family_info *info = env_aes_family_info(family);
    CK_MECHANISM_TYPE vendors = atomic_load(&token->numbers[info->index]);

    return vendors != 0 ? vendors : info->type;
}

/* The vendor's mechanism number is used if the token lacks the standard one. */
static CK_RV family_flags(struct env_token *token, enum env_aes_family family, CK_FLAGS *flags)
{
    const struct env_aes_family_info *info = env_aes_family_info(family);
    CK_RV rv = env_mechanism_flags(token, info->index, info->type, flags);
    enum env_vendor vendor;
    CK_MECHANISM_TYPE vendors;

    if (rv != CKR_OK || *flags != 0)
        return rv;
    rv = env_token_vendor(token, &vendor);
    vendors = env_vendor_mechanism(vendor, family);
    if (rv != CKR_OK || vendors == 0)
        return rv;
    atomic_store(&token->numbers[info->index], vendors); /* stored before the flags */
    rv = env_mechanism_flags(token, info->index, vendors, flags);
    if (*flags == 0)
        atomic_store(&token->numbers[info->index], 0);
    return rv;
}

static unsigned ways_of(CK_FLAGS flags, const struct env_key_attributes *key)
{
    unsigned ways = 0;

    if (key->encrypt && (flags & CKF_ENCRYPT) != 0)
        ways |= 1u << ENV_WAY_ENCRYPT;
    if (key->wrap && (flags & CKF_WRAP) != 0)
        ways |= 1u << ENV_WAY_WRAP_KEY;
    if (key->decrypt && (flags & CKF_DECRYPT) != 0)
        ways |= 1u << ENV_WAY_DECRYPT;
    if (key->unwrap && (flags & CKF_UNWRAP) != 0)
        ways |= 1u << ENV_WAY_UNWRAP_KEY;
    return ways;
}

ENV_RESULT env_aes_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail)
{
    static const struct env_key_attributes all = {
        .encrypt = true, .decrypt = true, .wrap = true, .unwrap = true};

    *uses = 0;
    if (key->bits != 128 && key->bits != 192 && key->bits != 256)
        return ENV_OK;
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_PAD; f++) {
        CK_FLAGS flags;
        CK_RV rv = family_flags(token, f, &flags);

        if (rv != CKR_OK)
            return env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_GetMechanismInfo", rv,
                                        token->where);
        *uses |= ways_of(flags, &all) * USE_BIT(f, 0) << POSSIBLE_SHIFT;
        if (env_key_allows(key, env_aes_type(token, f)))
            *uses |= ways_of(flags, key) * USE_BIT(f, 0);
    }
    return ENV_OK;
}

bool env_aes_can(unsigned uses, enum env_aes_family family, enum env_wrap_way way)
{
    return (uses & USE_BIT(family, way)) != 0;
}

bool env_aes_can_open(unsigned uses, enum env_aes_family family)
{
    return env_aes_can(uses, family, ENV_WAY_DECRYPT) ||
           env_aes_can(uses, family, ENV_WAY_UNWRAP_KEY);
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
            if (env_aes_can(uses, f, ENV_WAY_ENCRYPT))
                out[n++] = (struct env_aes_method){f, ENV_WAY_ENCRYPT};
            if (env_aes_can(uses, f, ENV_WAY_WRAP_KEY))
                out[n++] = (struct env_aes_method){f, ENV_WAY_WRAP_KEY};
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

const char *env_way_name(enum env_wrap_way way)
{
    static const char *const names[] = {
        [ENV_WAY_ENCRYPT] = "C_Encrypt",
        [ENV_WAY_WRAP_KEY] = "C_WrapKey",
        [ENV_WAY_DECRYPT] = "C_Decrypt",
        [ENV_WAY_UNWRAP_KEY] = "C_UnwrapKey",
    };

    return names[way];
}

const char *env_aes_family_name(enum env_aes_family family)
{
    static const char *const names[] = {[ENV_AES_KW] = "AES-KW",
                                        [ENV_AES_KWP] = "AES-KWP",
                                        [ENV_AES_GCM] = "AES-GCM",
                                        [ENV_AES_PAD] = NULL};

    return names[family];
}

/* ---- what is missing, as text ---- */

#define HINT 384u

static bool is_possible(unsigned uses, enum env_aes_family family, enum env_wrap_way way)
{
    return env_aes_can(uses >> POSSIBLE_SHIFT, family, way);
}

/*
 * Adds what the token supports for a key with all uses: a KEK may have been made for another
 * method, or through another module.
 */
static void add_possible(unsigned uses, enum env_aes_family family, char hint[HINT])
{
    static const struct {
        enum env_wrap_way seals;
        enum env_wrap_way opens;
        const char *needed;
    } pairs[] = {
        {ENV_WAY_WRAP_KEY, ENV_WAY_UNWRAP_KEY, "CKA_WRAP and CKA_UNWRAP"},
        {ENV_WAY_ENCRYPT, ENV_WAY_DECRYPT, "CKA_ENCRYPT and CKA_DECRYPT"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t len = strlen(hint);

        if (is_possible(uses, family, pairs[i].seals) && is_possible(uses, family, pairs[i].opens))
            (void)snprintf(hint + len, HINT - len, "%s%s by %s and %s, for which the key needs %s",
                           len == 0 ? "; the token supports " : "; or ",
                           env_aes_family_name(family), env_way_name(pairs[i].seals),
                           env_way_name(pairs[i].opens), pairs[i].needed);
    }
}

ENV_RESULT env_aes_usage_refused(unsigned uses, enum env_wrap_choice choice,
                                 const struct env_key_attributes *key, const char *where,
                                 struct env_error_detail *detail)
{
    char hint[HINT] = "";

    if (choice == ENV_WRAP_CHOICE_RSA_OAEP)
        return env_error_detail(detail, ENV_R_KEK_USAGE, "%s: wrap = rsa-oaep needs an RSA key",
                                where);
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_GCM; f++) {
        if (choice == ENV_WRAP_CHOICE_AUTO || choice == env_aes_family_info(f)->choice)
            add_possible(uses, f, hint);
    }
    return env_error_detail(
        detail, ENV_R_KEK_USAGE,
        "%s: it has CKA_ENCRYPT %d, CKA_DECRYPT %d, CKA_WRAP %d, CKA_UNWRAP %d%s; the "
        "token has to support %s in one of these ways%s",
        where, key->encrypt, key->decrypt, key->wrap, key->unwrap,
        key->restricted ? " and a list of allowed mechanisms" : "",
        env_aes_mechanism_wanted(choice), hint);
}

ENV_RESULT env_aes_opening_refused(unsigned uses, enum env_aes_family family, const char *where,
                                   struct env_error_detail *detail)
{
    char hint[HINT] = "";

    for (unsigned f = ENV_AES_KW; f <= ENV_AES_GCM; f++)
        add_possible(uses, f, hint);
    return env_error_detail(detail, ENV_R_KEK_USAGE,
                            "%s: neither C_Decrypt nor C_UnwrapKey can open what it wrapped by "
                            "%s%s",
                            where, env_aes_family_name(family), hint);
}
