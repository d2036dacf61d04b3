/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/session_object.h"

#include <stdatomic.h>

#define ATTRIBUTES_MAX 8u

/*
 * What a template leaves out or adds, as bits. Tokens differ: some must be given whether an
 * unwrapped key can be read, or its length, and others refuse that; some have no public keys. A
 * private object costs more (SoftHSM encrypts each attribute), and no other process sees either
 * kind.
 */
#define UNSAID 1u  /* leaves out whether an unwrapped key may be read */
#define PRIVATE 2u /* CKA_PRIVATE true */
#define LENGTH 4u  /* CKA_VALUE_LEN of an unwrapped key: Luna wants it, SoftHSM refuses it */

struct attributes {
    CK_ULONG count;
    CK_ATTRIBUTE list[ATTRIBUTES_MAX];
};

static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;

static void add(struct attributes *to, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    to->list[to->count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)value, (CK_ULONG)len};
}

static void add_flag(struct attributes *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    add(to, type, value ? &yes : &no, sizeof(CK_BBOOL));
}

/* What they have in common: they do not stay on the token. */
static void begin(struct attributes *to, const CK_KEY_TYPE *type, unsigned kind)
{
    static const CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;

    to->count = 0;
    add(to, CKA_CLASS, &secret_key, sizeof(secret_key));
    add(to, CKA_KEY_TYPE, type, sizeof(*type));
    add_flag(to, CKA_TOKEN, false);
    add_flag(to, CKA_PRIVATE, (kind & PRIVATE) != 0);
}

static bool is_template_code(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
           rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT ||
           rv == CKR_TEMPLATE_INCOMPLETE;
}

/*
 * Whether to try again with another template, because the token refused this one. The next template
 * differs in *change from the one that the token accepted last; all subsets of the bits are tried
 * in order. A token without a login has no private objects.
 */
static bool try_next(const struct env_token *token, CK_RV rv, unsigned bits, unsigned *change)
{
    if ((token->info.flags & CKF_LOGIN_REQUIRED) == 0)
        bits &= ~PRIVATE;
    *change = (*change - bits) & bits; /* the next subset; 0 after the last one */
    return is_template_code(rv) && *change != 0;
}

static void remember(struct env_token *token, unsigned kind)
{
    if (atomic_load(&token->session_template) != kind)
        atomic_store(&token->session_template, kind);
}

/* ---- from bytes ---- */

struct contents {
    const CK_KEY_TYPE type;
    CK_ATTRIBUTE_TYPE flags[2]; /* those that are true */
    size_t flag_count;
    const uint8_t *value;
    size_t len;
};

static CK_RV create(struct env_key_use *use, const struct contents *contents,
                    CK_OBJECT_HANDLE *object)
{
    struct env_token *token = use->token;
    const unsigned last = atomic_load(&token->session_template);
    struct attributes template;
    unsigned change = 0;
    CK_RV rv;

    do {
        begin(&template, &contents->type, last ^ change);
        for (size_t i = 0; i < contents->flag_count; i++)
            add_flag(&template, contents->flags[i], true);
        add(&template, CKA_VALUE, contents->value, contents->len);
        rv = ENV_P11(
            token->fn->C_CreateObject(use->session->handle, template.list, template.count, object));
        if (rv == CKR_OK)
            remember(token, last ^ change);
    } while (try_next(token, rv, PRIVATE, &change));
    if (rv != CKR_OK) /* it may exist: only the answer may have been lost */
        use->session_spoiled = true;
    return rv;
}

CK_RV env_session_object_secret(struct env_key_use *use, const uint8_t *value, size_t len,
                                CK_OBJECT_HANDLE *object)
{
    const struct contents contents = {CKK_GENERIC_SECRET, {CKA_EXTRACTABLE}, 1, value, len};

    return create(use, &contents, object);
}

CK_RV env_session_object_aes(struct env_key_use *use, const uint8_t *value, size_t len,
                             const CK_ATTRIBUTE_TYPE pair[2], CK_OBJECT_HANDLE *object)
{
    const struct contents contents = {CKK_AES, {pair[0], pair[1]}, 2, value, len};

    return create(use, &contents, object);
}

/* ---- by unwrapping ---- */

CK_RV env_session_object_unwrap(struct env_key_use *use, CK_MECHANISM *mechanism, CK_BYTE *wrapped,
                                CK_ULONG len, CK_ULONG value_len, CK_OBJECT_HANDLE *object)
{
    static const CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    struct env_token *token = use->token;
    const unsigned last = atomic_load(&token->session_template);
    const unsigned bits = UNSAID | PRIVATE | (value_len > 0 ? LENGTH : 0);
    struct attributes template;
    unsigned change = 0;
    CK_RV rv;

    do {
        begin(&template, &generic, last ^ change);
        if (value_len > 0 && ((last ^ change) & LENGTH) != 0)
            add(&template, CKA_VALUE_LEN, &value_len, sizeof(value_len));
        if (((last ^ change) & UNSAID) == 0) {
            add_flag(&template, CKA_EXTRACTABLE, true);
            add_flag(&template, CKA_SENSITIVE, false);
        }
        rv = ENV_P11(token->fn->C_UnwrapKey(use->session->handle, mechanism, use->key, wrapped, len,
                                            template.list, template.count, object));
        if (rv == CKR_OK)
            remember(token, last ^ change);
    } while (try_next(token, rv, bits, &change));
    /*
     * A key may exist until the session ends. Bad ciphertexts, which anyone can send, must not cost
     * a session each.
     */
    if (env_ckr_says_nothing(rv))
        use->session_spoiled = true;
    return rv;
}

void env_session_object_destroy(struct env_key_use *use, CK_OBJECT_HANDLE object)
{
    /* It lasts as long as its session, so if it cannot be destroyed, the session is closed. */
    if (ENV_P11(use->token->fn->C_DestroyObject(use->session->handle, object)) != CKR_OK)
        use->session_spoiled = true;
}
