/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/find_key.h"

#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/read_dates.h"

/*
 * Returns CKR_OK, or a code after which reading on is pointless. A missing attribute has length 0.
 */
static CK_RV read_attribute(const struct env_token *token, const struct env_session *session,
                            CK_OBJECT_HANDLE key, CK_ATTRIBUTE *attribute)
{
    bool measured = attribute->pValue == NULL;
    CK_ULONG room = attribute->ulValueLen;
    CK_RV rv = ENV_P11(token->fn->C_GetAttributeValue(session->handle, key, attribute, 1));

    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE) {
        rv = CKR_OK;
        attribute->ulValueLen = 0;
    } else if (rv != CKR_OK || attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION) {
        attribute->ulValueLen = 0;
    } else if (!measured && attribute->ulValueLen > room) {
        rv = CKR_BUFFER_TOO_SMALL; /* the token claims to have overrun the room */
        attribute->ulValueLen = 0;
    }
    return rv;
}

/*
 * Reads an attribute of any length. *len is its full length; out is filled only if it fits. An id
 * that was cut short would be sealed into messages.
 */
static CK_RV read_measured(const struct env_token *token, const struct env_session *session,
                           CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, void *out, size_t room,
                           size_t *len)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    CK_RV rv = read_attribute(token, session, key, &attribute);

    *len = attribute.ulValueLen;
    if (rv != CKR_OK || *len == 0 || *len > room)
        return rv;
    attribute.pValue = out;
    rv = read_attribute(token, session, key, &attribute);
    if (rv == CKR_OK && attribute.ulValueLen != *len)
        rv = CKR_GENERAL_ERROR;
    return rv;
}

/*
 * The same without asking for the length first: p11-kit 0.24 cannot pass some of those answers
 * through its socket (CKR_DEVICE_ERROR). If the token reports that it does not fit, the length is
 * asked to confirm that.
 */
static CK_RV read_at_once(const struct env_token *token, const struct env_session *session,
                          CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, void *out, size_t room,
                          size_t *len)
{
    CK_ATTRIBUTE attribute = {type, out, room};
    CK_RV rv = read_attribute(token, session, key, &attribute);

    *len = attribute.ulValueLen;
    if (rv == CKR_BUFFER_TOO_SMALL)
        rv = read_measured(token, session, key, type, out, room, len);
    return rv;
}

struct flag {
    CK_ATTRIBUTE_TYPE type;
    bool *out;
    bool when_absent;
};

static CK_RV read_flag(const struct env_token *token, const struct env_session *session,
                       CK_OBJECT_HANDLE handle, const struct flag *flag)
{
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE attribute = {flag->type, &value, sizeof(value)};
    CK_RV rv = read_attribute(token, session, handle, &attribute);

    *flag->out = attribute.ulValueLen == sizeof(value) ? value != CK_FALSE : flag->when_absent;
    return rv;
}

static CK_RV read_flags(const struct env_token *token, const struct env_session *session,
                        struct env_key_attributes *key)
{
    const struct flag always = {CKA_ALWAYS_AUTHENTICATE, &key->always_authenticate, false};
    const struct flag flags[] = {
        {CKA_EXTRACTABLE, &key->extractable, true},
        {CKA_SENSITIVE, &key->sensitive, false},
        {CKA_PRIVATE, &key->private_object, false},
        {CKA_ALWAYS_SENSITIVE, &key->always_sensitive, false},
        {CKA_NEVER_EXTRACTABLE, &key->never_extractable, false},
        {CKA_ENCRYPT, &key->encrypt, false},
        {CKA_DECRYPT, &key->decrypt, false},
        {CKA_WRAP, &key->wrap, false},
        {CKA_UNWRAP, &key->unwrap, false},
        {CKA_LOCAL, &key->local, false},
    };
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && rv == CKR_OK; i++)
        rv = read_flag(token, session, key->handle, &flags[i]);
    if (rv == CKR_OK && key->rsa) /* only private keys have this attribute */
        rv = read_flag(token, session, key->handle, &always);
    return rv;
}

/*
 * Not every token supports the attribute, and some always return an empty list, which is no
 * restriction. A list that does not fit allows nothing.
 */
static CK_RV read_allowed(const struct env_token *token, const struct env_session *session,
                          struct env_key_attributes *key)
{
    size_t len;
    CK_RV rv = read_at_once(token, session, key->handle, CKA_ALLOWED_MECHANISMS, key->allowed,
                            sizeof(key->allowed), &len);

    key->restricted = len > 0;
    key->allowed_count = len <= sizeof(key->allowed) ? len / sizeof(key->allowed[0]) : 0;
    return rv;
}

/* An id that does not fit has only its length set, and a label that does not fit is empty. */
static CK_RV read_names(const struct env_token *token, const struct env_session *session,
                        struct env_key_attributes *key)
{
    CK_RV rv = read_measured(token, session, key->handle, CKA_ID, key->id.bytes, ENV_KEK_ID_MAX,
                             &key->id.len);

    if (rv == CKR_OK)
        rv = read_measured(token, session, key->handle, CKA_LABEL, key->label, ENV_LABEL_MAX,
                           &key->label_len);
    if (key->label_len > ENV_LABEL_MAX)
        key->label_len = 0;
    key->label[key->label_len] = '\0';
    return rv;
}

static CK_RV read_aes(const struct env_token *token, const struct env_session *session,
                      struct env_key_attributes *key)
{
    CK_ULONG bytes = 0;
    CK_ATTRIBUTE length = {CKA_VALUE_LEN, &bytes, sizeof(bytes)};
    CK_RV rv = read_attribute(token, session, key->handle, &length);

    key->bits = length.ulValueLen == sizeof(bytes) && bytes <= 32 ? bytes * 8 : 0;
    return rv;
}

static size_t bit_length(uint8_t byte)
{
    size_t n = 0;

    for (; byte != 0; byte >>= 1)
        n++;
    return n;
}

/* One number of the public half. If it does not fit, its length is 0. */
static CK_RV read_number(const struct env_token *token, const struct env_session *session,
                         CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, void *out, size_t room,
                         size_t *len)
{
    CK_RV rv = read_at_once(token, session, key, type, out, room, len);

    if (*len > room)
        *len = 0;
    return rv;
}

static CK_RV read_rsa(const struct env_token *token, const struct env_session *session,
                      struct env_key_attributes *key)
{
    CK_RV rv = read_number(token, session, key->handle, CKA_MODULUS, key->modulus,
                           sizeof(key->modulus), &key->modulus_len);
    size_t zeros = 0;

    if (rv == CKR_OK)
        rv = read_number(token, session, key->handle, CKA_PUBLIC_EXPONENT, key->exponent,
                         sizeof(key->exponent), &key->exponent_len);
    while (zeros < key->modulus_len && key->modulus[zeros] == 0)
        zeros++;
    if (zeros < key->modulus_len)
        key->bits = 8 * (key->modulus_len - zeros - 1) + bit_length(key->modulus[zeros]);
    return rv;
}

/* Reads part of a key: see enum env_key_reading. */
static CK_RV read_part(const struct env_token *token, const struct env_session *session,
                       enum env_key_reading reading, CK_OBJECT_HANDLE handle,
                       struct env_key_attributes *key)
{
    CK_RV rv;

    if (reading == ENV_READ_ALL)
        return env_read_key(token, session, handle, key);
    memset(key, 0, sizeof(*key));
    key->handle = handle;
    if (reading == ENV_READ_NAMES)
        return read_names(token, session, key);
    rv = read_at_once(token, session, handle, CKA_ID, key->id.bytes, ENV_KEK_ID_MAX, &key->id.len);
    if (reading == ENV_READ_ID)
        return rv == CKR_OK ? env_key_settle_id(token, session, key) : rv;
    key->rsa = true;
    return rv == CKR_OK ? read_rsa(token, session, key) : rv;
}

CK_RV env_read_key(const struct env_token *token, const struct env_session *session,
                   CK_OBJECT_HANDLE handle, struct env_key_attributes *key)
{
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    CK_RV rv;

    memset(key, 0, sizeof(*key));
    key->handle = handle;
    rv = read_attribute(token, session, handle, &attribute);
    key->rsa = type == CKK_RSA;
    if (rv == CKR_OK)
        rv = key->rsa ? read_rsa(token, session, key) : read_aes(token, session, key);
    if (rv == CKR_OK)
        rv = read_names(token, session, key);
    if (rv == CKR_OK)
        rv = env_key_settle_id(token, session, key);
    if (rv == CKR_OK)
        rv = read_flags(token, session, key);
    if (rv == CKR_OK)
        rv = read_allowed(token, session, key);
    if (rv == CKR_OK)
        rv = env_read_dates(token, session->handle, key->handle, &key->id, &key->dates);
    return rv;
}

/* Tokens are not trusted to compare labels and ids exactly. */
static bool answers(const struct env_key_attributes *key, const struct env_query *query)
{
    if (query->by_label && !env_query_has_label(query, key->label, key->label_len))
        return false;
    if ((query->id.len > 0 && !env_kek_id_equal(&key->id, &query->id)) ||
        (query->reference.len > 0 && !env_kek_id_equal(&key->id, &query->reference)))
        return false;
    if (query->cka_id_len > 0 && (key->cka_id_len != query->cka_id_len ||
                                  memcmp(key->cka_id, query->cka_id, query->cka_id_len) != 0))
        return false;
    return query->bits == 0 || key->bits == query->bits;
}

struct handles {
    CK_OBJECT_HANDLE *list;
    size_t count;
    size_t room;
    size_t limit;
    bool no_memory;
};

#define OBJECTS_MAX 1000000u
#define AT_ONCE 16u /* handles per call of C_FindObjects */

static CK_RV collect(const struct env_token *token, const struct env_session *session,
                     struct handles *handles)
{
    CK_ULONG got = 1;
    CK_RV rv = CKR_OK;

    while (rv == CKR_OK && got > 0 && handles->count < handles->limit) {
        if (handles->room - handles->count < AT_ONCE) {
            size_t room = 2 * handles->room + AT_ONCE;
            CK_OBJECT_HANDLE *list = realloc(handles->list, room * sizeof(*list));

            handles->no_memory = list == NULL;
            if (list == NULL)
                return CKR_HOST_MEMORY;
            handles->list = list;
            handles->room = room;
        }
        got = 0;
        rv = ENV_P11(token->fn->C_FindObjects(session->handle, handles->list + handles->count,
                                              AT_ONCE, &got));
        /* The token claims to have written more than there was room for, or never ends the list. */
        if (rv == CKR_OK && (got > AT_ONCE || handles->count > OBJECTS_MAX))
            rv = CKR_GENERAL_ERROR;
        if (rv == CKR_OK)
            handles->count += got;
    }
    if (handles->count > handles->limit)
        handles->count = handles->limit;
    return rv;
}

static CK_RV find_handles(const struct env_token *token, const struct env_session *session,
                          const struct env_query *query, CK_KEY_TYPE type, struct handles *handles)
{
    CK_OBJECT_CLASS class = type == CKK_RSA ? CKO_PRIVATE_KEY : CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[5] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, sizeof(yes)},
    };
    CK_ULONG n = 3;
    CK_RV rv;
    CK_RV final;

    if (query->by_label && !query->versions)
        template[n++] =
            (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)query->label, (CK_ULONG)query->label_len};
    if (query->id.len > 0)
        template[n++] =
            (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)query->id.bytes, (CK_ULONG)query->id.len};
    else if (query->cka_id_len > 0)
        template[n++] =
            (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)query->cka_id, (CK_ULONG)query->cka_id_len};
    rv = ENV_P11(token->fn->C_FindObjectsInit(session->handle, template, n));
    if (rv != CKR_OK)
        return rv;
    rv = collect(token, session, handles);
    final = ENV_P11(token->fn->C_FindObjectsFinal(session->handle));
    return rv != CKR_OK ? rv : final;
}

static ENV_RESULT take_each(const struct env_token *token, const struct env_session *session,
                            const struct env_query *query, const struct handles *handles,
                            env_take_key_fn *take, void *arg, struct env_error_detail *detail)
{
    struct env_key_attributes *key = malloc(sizeof(*key));
    ENV_RESULT r = ENV_OK;

    if (key == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", token->where);
    for (size_t i = 0; i < handles->count && env_ok(r); i++) {
        CK_RV rv = read_part(token, session, query->reading, handles->list[i], key);

        /*
         * If someone deleted the key meanwhile, it is not found the next time, so the key counts as
         * lost.
         */
        if (rv != CKR_OK)
            r = env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_GetAttributeValue", rv,
                                     token->where);
        else if (answers(key, query))
            r = take(arg, key);
    }
    free(key);
    return r;
}

static ENV_RESULT find(const struct env_token *token, const struct env_session *session,
                       const struct env_query *query, size_t limit, env_take_key_fn *take,
                       void *arg, struct env_error_detail *detail)
{
    struct handles handles = {.limit = limit};
    ENV_RESULT r;
    CK_RV rv = CKR_OK;

    if (query->kinds != ENV_KEYS_RSA)
        rv = find_handles(token, session, query, CKK_AES, &handles);
    if (rv == CKR_OK && query->kinds != ENV_KEYS_AES)
        rv = find_handles(token, session, query, CKK_RSA, &handles);
    if (handles.no_memory)
        r = env_error_detail(detail, ENV_R_NO_MEMORY, "%s", token->where);
    else if (rv != CKR_OK)
        r = env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_FindObjects", rv, token->where);
    else
        r = take_each(token, session, query, &handles, take, arg, detail);
    free(handles.list);
    return r;
}

ENV_RESULT env_find_all_keys(const struct env_token *token, const struct env_session *session,
                             const struct env_query *query, env_take_key_fn *take, void *arg,
                             struct env_error_detail *detail)
{
    return find(token, session, query, SIZE_MAX, take, arg, detail);
}

static ENV_RESULT keep(void *arg, const struct env_key_attributes *key)
{
    struct env_found *found = arg;

    if (found->count < ENV_FOUND_MAX)
        found->keys[found->count++] = *key;
    return ENV_OK;
}

ENV_RESULT env_find_keys(const struct env_token *token, const struct env_session *session,
                         const struct env_query *query, struct env_found *found,
                         struct env_error_detail *detail)
{
    found->count = 0;
    return find(token, session, query, ENV_FOUND_MAX, keep, found, detail);
}

bool env_key_same_reference(const struct env_key_attributes *a, const struct env_key_attributes *b)
{
    return a->rsa == b->rsa && a->bits == b->bits && env_kek_id_equal(&a->id, &b->id);
}

bool env_key_same_public(const struct env_key_attributes *a, const struct env_key_attributes *b)
{
    return a->modulus_len == b->modulus_len && a->exponent_len == b->exponent_len &&
           memcmp(a->modulus, b->modulus, a->modulus_len) == 0 &&
           memcmp(a->exponent, b->exponent, a->exponent_len) == 0;
}
