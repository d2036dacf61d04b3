/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/generate_key.h"

#include <string.h>

#include "keymgmt/wrap/aes_family.h"
#include "keymgmt/wrap/wrap_rsa.h"

#define MOST_ATTRIBUTES 20u

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* ---- what a key is for ---- */

static enum env_use_pair pair_of(struct env_aes_method method)
{
    return method.way == ENV_AES_ENCRYPT ? ENV_PAIR_ENCRYPT : ENV_PAIR_WRAP;
}

static bool does_pair(unsigned uses, enum env_aes_family family, enum env_use_pair pair)
{
    if (pair == ENV_PAIR_ENCRYPT)
        return env_aes_can(uses, family, ENV_AES_ENCRYPT) &&
               env_aes_can(uses, family, ENV_AES_DECRYPT);
    return env_aes_can(uses, family, ENV_AES_WRAP_KEY) &&
           env_aes_can(uses, family, ENV_AES_UNWRAP_KEY);
}

static ENV_RESULT plan_aes(struct env_token *token, enum env_wrap_choice choice,
                           struct env_key_plan *plan, struct env_fault *fault)
{
    const struct env_key_facts all = {.bits = plan->request->bits,
                                      .encrypt = true,
                                      .decrypt = true,
                                      .wrap = true,
                                      .unwrap = true};
    struct env_aes_method methods[ENV_AES_METHODS_MAX];
    unsigned uses;
    size_t count;

    if (choice == ENV_WRAP_CHOICE_RSA_OAEP)
        return env_aes_usage_fault(choice, &all, token->where, fault);
    ENV_TRY(env_aes_uses(token, &all, &uses, fault));
    count = env_aes_sealing_methods(uses, choice, methods);
    for (size_t i = 0; i < count && plan->pair == ENV_PAIR_NONE; i++) {
        if (does_pair(uses, methods[i].family, pair_of(methods[i])))
            plan->pair = pair_of(methods[i]);
    }
    if (plan->pair == ENV_PAIR_NONE)
        return env_fault(fault, ENV_R_KEK_USAGE,
                         "%s can not wrap with an AES key, which takes %s; a KEK of type:RSA takes "
                         "CKM_RSA_PKCS_OAEP",
                         token->where, env_aes_mechanism_wanted(choice));
    /* with ENV_AES_PAD, which is no way to seal: the key-wrap ciphers use it (raw_kek.c) */
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_PAD; f++) {
        if (does_pair(uses, f, plan->pair))
            plan->allowed[plan->allowed_count++] = env_aes_family_info(f)->type;
    }
    return ENV_OK;
}

/* Decrypting before unwrapping: more tokens do OAEP so. */
static ENV_RESULT plan_rsa(struct env_token *token, struct env_key_plan *plan,
                           struct env_fault *fault)
{
    static const struct env_key_facts all = {.rsa = true, .decrypt = true, .unwrap = true};
    unsigned uses;

    ENV_TRY(env_rsa_uses(token, &all, &uses, fault));
    if (uses == 0)
        return env_fault(fault, ENV_R_KEK_USAGE, "%s can not decrypt with CKM_RSA_PKCS_OAEP",
                         token->where);
    plan->pair = (uses & ENV_RSA_DECRYPT) != 0 ? ENV_PAIR_ENCRYPT : ENV_PAIR_WRAP;
    plan->allowed[plan->allowed_count++] = CKM_RSA_PKCS_OAEP;
    return ENV_OK;
}

ENV_RESULT env_plan_key(struct env_token *token, enum env_wrap_choice choice,
                        struct env_key_plan *plan, struct env_fault *fault)
{
    plan->pair = ENV_PAIR_NONE;
    plan->allowed_count = 0;
    return plan->request->type == ENV_KEK_RSA ? plan_rsa(token, plan, fault)
                                              : plan_aes(token, choice, plan, fault);
}

/* ---- templates ---- */

struct attributes {
    CK_ULONG count;
    CK_ATTRIBUTE list[MOST_ATTRIBUTES];
};

static void add(struct attributes *to, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    to->list[to->count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)value, (CK_ULONG)len};
}

static void add_flag(struct attributes *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    add(to, type, value ? &yes : &no, sizeof(CK_BBOOL));
}

static void add_names(struct attributes *to, const struct env_key_plan *plan)
{
    add_flag(to, CKA_TOKEN, true);
    add(to, CKA_LABEL, plan->request->label, strlen(plan->request->label));
    add(to, CKA_ID, plan->id->bytes, plan->id->len);
}

static void add_secrecy(struct attributes *to)
{
    add_flag(to, CKA_PRIVATE, true);
    add_flag(to, CKA_SENSITIVE, true);
    add_flag(to, CKA_EXTRACTABLE, false);
}

/* What may come of unwrapping: a session's secret key, never one that stays or one with a use. */
static void add_restrictions(struct attributes *to, const struct env_key_plan *plan,
                             enum env_template_kind kind)
{
    static const CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    static CK_ATTRIBUTE unwrapped[] = {
        {CKA_CLASS, (void *)(uintptr_t) & class, sizeof(class)},
        {CKA_TOKEN, &no, sizeof(no)},
    };

    if (kind < ENV_TEMPLATE_PLAIN)
        add(to, CKA_ALLOWED_MECHANISMS, plan->allowed,
            plan->allowed_count * sizeof(plan->allowed[0]));
    if (kind == ENV_TEMPLATE_FULL && plan->pair == ENV_PAIR_WRAP)
        add(to, CKA_UNWRAP_TEMPLATE, unwrapped, sizeof(unwrapped));
}

enum env_template_kind env_template_after(const struct env_key_plan *plan,
                                          enum env_template_kind kind)
{
    /* without CKA_UNWRAP_TEMPLATE the first two are the same */
    if (kind == ENV_TEMPLATE_FULL && plan->pair != ENV_PAIR_WRAP)
        kind = ENV_TEMPLATE_ALLOWED;
    return kind + 1;
}

static CK_RV generate_aes(const struct env_token *token, CK_SESSION_HANDLE session,
                          const struct env_key_plan *plan, enum env_template_kind kind,
                          struct env_generated *key)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG len = plan->request->bits / 8;
    struct attributes t = {0};

    add(&t, CKA_CLASS, &class, sizeof(class));
    add(&t, CKA_KEY_TYPE, &type, sizeof(type));
    add(&t, CKA_VALUE_LEN, &len, sizeof(len));
    add_names(&t, plan);
    add_secrecy(&t);
    add_flag(&t, CKA_ENCRYPT, plan->pair == ENV_PAIR_ENCRYPT);
    add_flag(&t, CKA_DECRYPT, plan->pair == ENV_PAIR_ENCRYPT);
    add_flag(&t, CKA_WRAP, plan->pair == ENV_PAIR_WRAP);
    add_flag(&t, CKA_UNWRAP, plan->pair == ENV_PAIR_WRAP);
    if (kind != ENV_TEMPLATE_LEAST) {
        add_flag(&t, CKA_SIGN, false);
        add_flag(&t, CKA_VERIFY, false);
    }
    add_restrictions(&t, plan, kind);
    return ENV_P11(token->fn->C_GenerateKey(session, &mechanism, t.list, t.count, &key->key));
}

static CK_RV generate_rsa(const struct env_token *token, CK_SESSION_HANDLE session,
                          const struct env_key_plan *plan, enum env_template_kind kind,
                          struct env_generated *key)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    const CK_BYTE exponent[] = {1, 0, 1};
    CK_ULONG bits = plan->request->bits;
    bool encrypts = plan->pair == ENV_PAIR_ENCRYPT;
    struct attributes public = {0};
    struct attributes private = {0};

    add_names(&public, plan);
    add(&public, CKA_MODULUS_BITS, &bits, sizeof(bits));
    add(&public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
    add_flag(&public, CKA_ENCRYPT, encrypts);
    add_flag(&public, CKA_WRAP, !encrypts);
    if (kind != ENV_TEMPLATE_LEAST)
        add_flag(&public, CKA_VERIFY, false);
    add_names(&private, plan);
    add_secrecy(&private);
    add_flag(&private, CKA_DECRYPT, encrypts);
    add_flag(&private, CKA_UNWRAP, !encrypts);
    if (kind != ENV_TEMPLATE_LEAST)
        add_flag(&private, CKA_SIGN, false);
    add_restrictions(&private, plan, kind);
    return ENV_P11(token->fn->C_GenerateKeyPair(session, &mechanism, public.list, public.count,
                                                private.list, private.count, &key->public_key,
                                                &key->key));
}

/* Codes by which tokens say that they do not know an attribute, or not so; NSS's is the first. */
static bool is_template_code(CK_RV rv)
{
    return env_ckr_ambiguous(rv) || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_ATTRIBUTE_READ_ONLY ||
           rv == CKR_TEMPLATE_INCONSISTENT || rv == CKR_TEMPLATE_INCOMPLETE ||
           rv == CKR_ARGUMENTS_BAD;
}

ENV_RESULT env_generate_key(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_key_plan *plan, enum env_template_kind kind,
                            struct env_generated *key, bool *refused, struct env_fault *fault)
{
    bool rsa = plan->request->type == ENV_KEK_RSA;
    CK_RV rv = rsa ? generate_rsa(token, session, plan, kind, key)
                   : generate_aes(token, session, plan, kind, key);
    enum env_reason reason = ENV_R_KEK_NOT_MADE;

    *refused = kind != ENV_TEMPLATE_LEAST && is_template_code(rv);
    if (rv == CKR_OK)
        return ENV_OK;
    if (rv == CKR_TOKEN_WRITE_PROTECTED || rv == CKR_SESSION_READ_ONLY)
        reason = ENV_R_TOKEN_READ_ONLY;
    (void)env_fault_ckr(fault, reason, rsa ? "C_GenerateKeyPair" : "C_GenerateKey", rv,
                        token->where);
    if (*refused) /* a plainer template comes before a fresh start */
        fault->loss = ENV_LOSS_NONE;
    return ENV_FAIL(reason);
}

/* That it can not be destroyed shows when another is made. */
static ENV_RESULT destroy_one(const struct env_token *token, const struct env_session *session,
                              const struct env_key_plan *plan, CK_OBJECT_CLASS class,
                              struct env_fault *fault)
{
    struct attributes t = {0};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    CK_RV rv;
    CK_RV final;

    add(&t, CKA_CLASS, &class, sizeof(class));
    add_names(&t, plan);
    rv = ENV_P11(token->fn->C_FindObjectsInit(session->handle, t.list, t.count));
    if (rv != CKR_OK)
        return env_fault_ckr(fault, ENV_R_TOKEN_FAILED, "C_FindObjectsInit", rv, token->where);
    rv = ENV_P11(token->fn->C_FindObjects(session->handle, found, 2, &count));
    final = ENV_P11(token->fn->C_FindObjectsFinal(session->handle));
    if (rv != CKR_OK || final != CKR_OK)
        return env_fault_ckr(fault, ENV_R_TOKEN_FAILED, "C_FindObjects", rv != CKR_OK ? rv : final,
                             token->where);
    if (count == 1)
        (void)ENV_P11(token->fn->C_DestroyObject(session->handle, found[0]));
    return ENV_OK;
}

ENV_RESULT env_destroy_made(const struct env_token *token, const struct env_session *session,
                            const struct env_key_plan *plan, struct env_fault *fault)
{
    if (plan->request->type != ENV_KEK_RSA)
        return destroy_one(token, session, plan, CKO_SECRET_KEY, fault);
    ENV_TRY(destroy_one(token, session, plan, CKO_PUBLIC_KEY, fault));
    return destroy_one(token, session, plan, CKO_PRIVATE_KEY, fault);
}
