/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/generate_key.h"

#include <string.h>

#include "keymgmt/wrap/aes_mechanisms.h"
#include "keymgmt/wrap/wrap_rsa.h"

#define MOST_ATTRIBUTES 22u

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* ---- what a key is for ---- */

static enum env_use_pair pair_of(struct env_aes_method method)
{
    return method.way == ENV_WAY_ENCRYPT ? ENV_PAIR_ENCRYPT : ENV_PAIR_WRAP;
}

static bool does_pair(unsigned uses, enum env_aes_family family, enum env_use_pair pair)
{
    if (pair == ENV_PAIR_ENCRYPT)
        return env_aes_can(uses, family, ENV_WAY_ENCRYPT) &&
               env_aes_can(uses, family, ENV_WAY_DECRYPT);
    return env_aes_can(uses, family, ENV_WAY_WRAP_KEY) &&
           env_aes_can(uses, family, ENV_WAY_UNWRAP_KEY);
}

static ENV_RESULT plan_aes(struct env_token *token, enum env_wrap_choice choice,
                           struct env_key_plan *plan, struct env_error_detail *detail)
{
    const struct env_key_attributes all = {.bits = plan->request->bits,
                                           .encrypt = true,
                                           .decrypt = true,
                                           .wrap = true,
                                           .unwrap = true};
    struct env_aes_method methods[ENV_AES_METHODS_MAX];
    unsigned uses;
    size_t count;

    if (choice == ENV_WRAP_CHOICE_RSA_OAEP)
        return env_aes_usage_refused(0, choice, &all, token->where, detail);
    ENV_TRY(env_aes_uses(token, &all, &uses, detail));
    count = env_aes_sealing_methods(uses, choice, methods);
    for (size_t i = 0; i < count; i++) {
        enum env_use_pair pair = pair_of(methods[i]);

        if ((plan->tried & 1u << pair) != 0 || !does_pair(uses, methods[i].family, pair))
            continue;
        if (plan->pair == ENV_PAIR_NONE)
            plan->pair = pair;
        plan->other_pair = plan->other_pair || plan->pair != pair;
    }
    if (plan->pair == ENV_PAIR_NONE)
        return env_error_detail(
            detail, ENV_R_KEK_USAGE,
            "%s cannot wrap with an AES key, which takes %s; a KEK of type:RSA takes "
            "CKM_RSA_PKCS_OAEP",
            token->where, env_aes_mechanism_wanted(choice));
    /* only the key-wrap ciphers use ENV_AES_PAD, never sealing (key_wrap.h) */
    for (unsigned f = ENV_AES_KW; f <= ENV_AES_PAD; f++) {
        if (does_pair(uses, f, plan->pair))
            plan->allowed[plan->allowed_count++] = env_aes_type(token, f);
    }
    return ENV_OK;
}

/* Decryption is tried before unwrapping: more tokens support OAEP that way. */
static ENV_RESULT plan_rsa(struct env_token *token, struct env_key_plan *plan,
                           struct env_error_detail *detail)
{
    static const struct env_key_attributes all = {.rsa = true, .decrypt = true, .unwrap = true};
    unsigned uses;

    ENV_TRY(env_rsa_uses(token, &all, &uses, detail));
    if (uses == 0)
        return env_error_detail(detail, ENV_R_KEK_USAGE, "%s cannot decrypt with CKM_RSA_PKCS_OAEP",
                                token->where);
    plan->pair = (uses & ENV_RSA_DECRYPT) != 0 ? ENV_PAIR_ENCRYPT : ENV_PAIR_WRAP;
    plan->allowed[plan->allowed_count++] = CKM_RSA_PKCS_OAEP;
    return ENV_OK;
}

ENV_RESULT env_plan_key(struct env_token *token, enum env_wrap_choice choice,
                        struct env_key_plan *plan, struct env_error_detail *detail)
{
    plan->pair = ENV_PAIR_NONE;
    plan->other_pair = false;
    plan->allowed_count = 0;
    return plan->request->type == ENV_KEK_RSA ? plan_rsa(token, plan, detail)
                                              : plan_aes(token, choice, plan, detail);
}

/* ---- templates ---- */

struct attributes {
    CK_ULONG count;
    CK_ATTRIBUTE list[MOST_ATTRIBUTES];
    char days[2][sizeof(CK_DATE)];
};

static void add(struct attributes *to, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    to->list[to->count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)value, (CK_ULONG)len};
}

static void add_flag(struct attributes *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    add(to, type, value ? &yes : &no, sizeof(CK_BBOOL));
}

static void add_label(struct attributes *to, const struct env_key_plan *plan)
{
    add_flag(to, CKA_TOKEN, true);
    add(to, CKA_LABEL, plan->request->label, strlen(plan->request->label));
}

static void add_names(struct attributes *to, const struct env_key_plan *plan,
                      enum env_template_kind kind)
{
    add_label(to, plan);
    if (kind < ENV_TEMPLATE_NO_ID)
        add(to, CKA_ID, plan->id->bytes, plan->id->len);
}

/* The dates go on the key that opens: sealing with a public half happens wherever that half is. */
static void add_dates(struct attributes *to, const struct env_key_plan *plan)
{
    const struct env_dates *dates = &plan->request->dates;

    if (dates->first != 0) {
        env_date_digits(dates->first, to->days[0]);
        add(to, CKA_START_DATE, to->days[0], sizeof(to->days[0]));
    }
    if (dates->last != 0) {
        env_date_digits(dates->last, to->days[1]);
        add(to, CKA_END_DATE, to->days[1], sizeof(to->days[1]));
    }
}

static void add_secrecy(struct attributes *to)
{
    add_flag(to, CKA_PRIVATE, true);
    add_flag(to, CKA_SENSITIVE, true);
    add_flag(to, CKA_EXTRACTABLE, false);
}

/* Restricts what an unwrap can produce: a session secret key with no uses. */
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
    /* without CKA_UNWRAP_TEMPLATE the first two kinds are the same */
    if (kind == ENV_TEMPLATE_FULL && plan->pair != ENV_PAIR_WRAP)
        kind = ENV_TEMPLATE_ALLOWED;
    if (kind == ENV_TEMPLATE_LEAST && !plan->any_id)
        return ENV_TEMPLATES;
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

    add(&t, CKA_VALUE_LEN, &len, sizeof(len));
    if (kind == ENV_TEMPLATE_BARE) {
        add_label(&t, plan);
        return ENV_P11(token->fn->C_GenerateKey(session, &mechanism, t.list, t.count, &key->key));
    }
    add(&t, CKA_CLASS, &class, sizeof(class));
    add(&t, CKA_KEY_TYPE, &type, sizeof(type));
    add_names(&t, plan, kind);
    add_dates(&t, plan);
    add_secrecy(&t);
    add_flag(&t, CKA_ENCRYPT, plan->pair == ENV_PAIR_ENCRYPT);
    add_flag(&t, CKA_DECRYPT, plan->pair == ENV_PAIR_ENCRYPT);
    add_flag(&t, CKA_WRAP, plan->pair == ENV_PAIR_WRAP);
    add_flag(&t, CKA_UNWRAP, plan->pair == ENV_PAIR_WRAP);
    if (kind < ENV_TEMPLATE_LEAST) {
        add_flag(&t, CKA_SIGN, false);
        add_flag(&t, CKA_VERIFY, false);
    }
    add_restrictions(&t, plan, kind);
    return ENV_P11(token->fn->C_GenerateKey(session, &mechanism, t.list, t.count, &key->key));
}

static CK_RV copy_aes(const struct env_token *token, CK_SESSION_HANDLE session,
                      const struct env_key_plan *plan, enum env_template_kind kind,
                      struct env_generated *key)
{
    bool alone = plan->request->unwraps_alone;
    struct attributes t = {0};

    add_names(&t, plan, ENV_TEMPLATE_FULL);
    add_dates(&t, plan);
    add_flag(&t, CKA_PRIVATE, true);
    if (!plan->source_is_sensitive) /* SoftHSM refuses to set what is already set */
        add_flag(&t, CKA_SENSITIVE, true);
    if (plan->source_is_extractable)
        add_flag(&t, CKA_EXTRACTABLE, false);
    add_flag(&t, CKA_ENCRYPT, plan->pair == ENV_PAIR_ENCRYPT && !alone);
    add_flag(&t, CKA_DECRYPT, plan->pair == ENV_PAIR_ENCRYPT);
    add_flag(&t, CKA_WRAP, plan->pair == ENV_PAIR_WRAP && !alone);
    add_flag(&t, CKA_UNWRAP, plan->pair == ENV_PAIR_WRAP);
    if (kind < ENV_TEMPLATE_LEAST) {
        add_flag(&t, CKA_SIGN, false);
        add_flag(&t, CKA_VERIFY, false);
    }
    add_restrictions(&t, plan, kind);
    if (alone && kind < ENV_TEMPLATE_PLAIN)
        add_flag(&t, CKA_COPYABLE, false);
    if (alone) /* set last: no other uses can be added */
        add_flag(&t, CKA_MODIFIABLE, false);
    return ENV_P11(token->fn->C_CopyObject(session, plan->source, t.list, t.count, &key->key));
}

/* Whether a copy with this attribute can be made as a session object. */
static bool copies(const struct env_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                   CK_ATTRIBUTE_TYPE type)
{
    CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
    struct attributes t = {0};

    add_flag(&t, CKA_TOKEN, false);
    add_flag(&t, type, true);
    if (ENV_P11(token->fn->C_CopyObject(session, key, t.list, t.count, &copy)) != CKR_OK)
        return false;
    (void)ENV_P11(token->fn->C_DestroyObject(session, copy));
    return true;
}

/*
 * This is found by trying: tokens support CKA_MODIFIABLE and CKA_COPYABLE in different ways, or not
 * at all.
 */
static bool is_locked(const struct env_token *token, CK_SESSION_HANDLE session,
                      const struct env_key_plan *plan, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE_TYPE other = plan->pair == ENV_PAIR_WRAP ? CKA_WRAP : CKA_ENCRYPT;
    CK_ATTRIBUTE seals = {other, &yes, sizeof(yes)};

    return !copies(token, session, key, other) && !copies(token, session, key, CKA_MODIFIABLE) &&
           ENV_P11(token->fn->C_SetAttributeValue(session, key, &seals, 1)) != CKR_OK;
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

    add(&public, CKA_MODULUS_BITS, &bits, sizeof(bits));
    if (kind == ENV_TEMPLATE_BARE) {
        add_label(&public, plan);
        add_label(&private, plan);
    } else {
        add(&public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
        add_names(&public, plan, kind);
        add_flag(&public, CKA_ENCRYPT, encrypts);
        add_flag(&public, CKA_WRAP, !encrypts);
        if (kind < ENV_TEMPLATE_LEAST)
            add_flag(&public, CKA_VERIFY, false);
        add_names(&private, plan, kind);
        add_dates(&private, plan);
        add_secrecy(&private);
        add_flag(&private, CKA_DECRYPT, encrypts);
        add_flag(&private, CKA_UNWRAP, !encrypts);
        if (kind < ENV_TEMPLATE_LEAST)
            add_flag(&private, CKA_SIGN, false);
        add_restrictions(&private, plan, kind);
    }
    return ENV_P11(token->fn->C_GenerateKeyPair(session, &mechanism, public.list, public.count,
                                                private.list, private.count, &key->public_key,
                                                &key->key));
}

/*
 * Codes with which a token rejects an attribute or its value; NSS's comes first. A key without an
 * id of ours could not be found again, so there only an unambiguous code counts.
 */
static bool is_template_code(CK_RV rv, enum env_template_kind kind)
{
    return (env_ckr_ambiguous(rv) && kind < ENV_TEMPLATE_LEAST) ||
           rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
           rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT ||
           rv == CKR_TEMPLATE_INCOMPLETE || rv == CKR_ARGUMENTS_BAD;
}

ENV_RESULT env_generate_key(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_key_plan *plan, enum env_template_kind kind,
                            struct env_generated *key, bool *refused,
                            struct env_error_detail *detail)
{
    bool rsa = plan->request->type == ENV_KEK_RSA;
    const char *function = "C_GenerateKey";
    enum env_reason reason = ENV_R_KEK_NOT_MADE;
    CK_RV rv;

    if (plan->source != CK_INVALID_HANDLE) {
        function = "C_CopyObject";
        rv = copy_aes(token, session, plan, kind, key);
    } else if (rsa) {
        function = "C_GenerateKeyPair";
        rv = generate_rsa(token, session, plan, kind, key);
    } else {
        rv = generate_aes(token, session, plan, kind, key);
    }

    *refused = is_template_code(rv, kind);
    if (rv == CKR_OK && plan->source != CK_INVALID_HANDLE && plan->request->unwraps_alone &&
        !is_locked(token, session, plan, key->key)) {
        (void)ENV_P11(token->fn->C_DestroyObject(session, key->key));
        return env_error_detail(detail, ENV_R_COPY_NOT_LOCKED, "%s", token->where);
    }
    if (rv == CKR_OK)
        return ENV_OK;
    if (rv == CKR_TOKEN_WRITE_PROTECTED || rv == CKR_SESSION_READ_ONLY)
        reason = ENV_R_TOKEN_READ_ONLY;
    (void)env_error_detail_ckr(detail, reason, function, rv, token->where);
    if (*refused) /* try a plainer template before restarting the module */
        detail->loss = ENV_LOSS_NONE;
    return ENV_FAIL(reason);
}

/* A failure to destroy it shows when the next key is made. */
static ENV_RESULT destroy_one(const struct env_token *token, const struct env_session *session,
                              const struct env_key_plan *plan, CK_OBJECT_CLASS class,
                              struct env_error_detail *detail)
{
    struct attributes t = {0};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    CK_RV rv;
    CK_RV final;

    add(&t, CKA_CLASS, &class, sizeof(class));
    add_names(&t, plan, ENV_TEMPLATE_FULL);
    rv = ENV_P11(token->fn->C_FindObjectsInit(session->handle, t.list, t.count));
    if (rv != CKR_OK)
        return env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_FindObjectsInit", rv,
                                    token->where);
    rv = ENV_P11(token->fn->C_FindObjects(session->handle, found, 2, &count));
    final = ENV_P11(token->fn->C_FindObjectsFinal(session->handle));
    if (rv != CKR_OK || final != CKR_OK)
        return env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_FindObjects",
                                    rv != CKR_OK ? rv : final, token->where);
    if (count == 1)
        (void)ENV_P11(token->fn->C_DestroyObject(session->handle, found[0]));
    return ENV_OK;
}

ENV_RESULT env_destroy_made(const struct env_token *token, const struct env_session *session,
                            const struct env_key_plan *plan, struct env_error_detail *detail)
{
    if (plan->request->type != ENV_KEK_RSA)
        return destroy_one(token, session, plan, CKO_SECRET_KEY, detail);
    ENV_TRY(destroy_one(token, session, plan, CKO_PUBLIC_KEY, detail));
    return destroy_one(token, session, plan, CKO_PRIVATE_KEY, detail);
}
