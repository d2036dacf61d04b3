/* SPDX-License-Identifier: Apache-2.0 */
/* Making, finding and reading keys, as the device does it. */
#include <stdint.h>
#include <string.h>

#include "hsm.h"

#define ATTRIBUTES 32u

struct template
{
    CK_ULONG count;
    CK_ATTRIBUTE list[ATTRIBUTES];
};

static bool is_secret_key(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].type == CKA_CLASS)
            return *(const CK_OBJECT_CLASS *)template[i].pValue == CKO_SECRET_KEY;
    }
    return false;
}

CK_RV hsm_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *object)
{
    CK_RV rv = hsm_profile()->create_secret;

    if (rv != CKR_OK && is_secret_key(template, count))
        return rv;
    rv = hsm_base()->C_CreateObject(session, template, count, object);
    if (rv == CKR_OK)
        *object = hsm_handle_out(session, *object);
    return rv;
}

CK_RV hsm_copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                      CK_ULONG count, CK_OBJECT_HANDLE *copy)
{
    CK_RV rv = hsm_profile()->copy;

    if (rv == CKR_OK)
        rv = hsm_handle_in(session, &object);
    if (rv == CKR_OK)
        rv = hsm_base()->C_CopyObject(session, object, template, count, copy);
    if (rv == CKR_OK)
        *copy = hsm_handle_out(session, *copy);
    return rv;
}

CK_RV hsm_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_RV rv = hsm_handle_in(session, &object);

    return rv == CKR_OK ? hsm_base()->C_DestroyObject(session, object) : rv;
}

CK_RV hsm_set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = hsm_profile()->set_attribute;

    if (rv == CKR_OK)
        rv = hsm_handle_in(session, &object);
    return rv == CKR_OK ? hsm_base()->C_SetAttributeValue(session, object, template, count) : rv;
}

CK_RV hsm_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                       CK_ULONG *count)
{
    CK_RV rv = hsm_base()->C_FindObjects(session, objects, most, count);

    for (CK_ULONG i = 0; rv == CKR_OK && i < *count; i++)
        objects[i] = hsm_handle_out(session, objects[i]);
    return rv;
}

/* ---- reading ---- */

static CK_RV give(CK_ATTRIBUTE *attribute, const void *value, CK_ULONG len)
{
    CK_ULONG room = attribute->ulValueLen;

    attribute->ulValueLen = len;
    if (attribute->pValue == NULL)
        return CKR_OK;
    if (room < len)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(attribute->pValue, value, len);
    return CKR_OK;
}

/*
 * A list of the device's own mechanisms: what the key underneath may be used with says nothing of
 * them. None: the device does not know the attribute.
 */
static CK_RV give_allowed(CK_ATTRIBUTE *attribute)
{
    for (size_t i = 0; i < HSM_MECHANISMS; i++) {
        const struct hsm_mechanism *m = &hsm_profile()->mechanisms[i];

        if (m->work == HSM_GCM && m->type >= CKM_VENDOR_DEFINED && hsm_profile()->only != NULL)
            return give(attribute, &m->type, sizeof(m->type));
    }
    attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV give_one(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute)
{
    static const CK_BBOOL yes = CK_TRUE;
    CK_OBJECT_CLASS class = 0;
    CK_ATTRIBUTE what = {CKA_CLASS, &class, sizeof(class)};

    if (attribute->type != CKA_ALLOWED_MECHANISMS && attribute->type != CKA_ALWAYS_AUTHENTICATE)
        return hsm_base()->C_GetAttributeValue(session, object, attribute, 1);
    if (hsm_base()->C_GetAttributeValue(session, object, &what, 1) != CKR_OK)
        return CKR_OBJECT_HANDLE_INVALID;
    if (attribute->type == CKA_ALLOWED_MECHANISMS && class == CKO_SECRET_KEY)
        return give_allowed(attribute);
    if (attribute->type == CKA_ALWAYS_AUTHENTICATE && hsm_profile()->always_authenticates)
        return give(attribute, &yes, sizeof(yes));
    return hsm_base()->C_GetAttributeValue(session, object, attribute, 1);
}

CK_RV hsm_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = hsm_handle_in(session, &object);

    if (rv != CKR_OK)
        return CKR_OBJECT_HANDLE_INVALID;
    for (CK_ULONG i = 0; i < count; i++) {
        CK_RV one = give_one(session, object, &template[i]);

        if (rv == CKR_OK)
            rv = one;
    }
    return rv;
}

/* ---- making ---- */

static CK_RV judge(const CK_ATTRIBUTE *attribute)
{
    const struct hsm_profile *profile = hsm_profile();

    for (size_t i = 0; i < HSM_REFUSED; i++) {
        if (profile->refused[i] != 0 && attribute->type == profile->refused[i])
            return profile->refusal;
    }
    if (profile->only != NULL) {
        const CK_ATTRIBUTE_TYPE *may = profile->only;

        while (*may != 0 && *may != attribute->type)
            may++;
        if (*may == 0)
            return profile->refusal;
    }
    if (attribute->type == CKA_ID && profile->id_max != 0 &&
        attribute->ulValueLen > profile->id_max)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return CKR_OK;
}

/* The template for SoftHSM: the device's allowed mechanisms are not those of SoftHSM. */
static CK_RV translate(const CK_ATTRIBUTE *from, CK_ULONG count, const CK_BYTE id[2], bool secret,
                       struct template *to)
{
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    bool has_id = false;

    to->count = 0;
    for (CK_ULONG i = 0; i < count && to->count + 4 < ATTRIBUTES; i++) {
        CK_RV rv = judge(&from[i]);

        if (rv != CKR_OK)
            return rv;
        has_id = has_id || from[i].type == CKA_ID;
        if (from[i].type != CKA_ALLOWED_MECHANISMS)
            to->list[to->count++] = from[i];
    }
    if (secret && hsm_profile()->only != NULL) { /* the device sees to that */
        to->list[to->count++] = (CK_ATTRIBUTE){CKA_SENSITIVE, &yes, sizeof(yes)};
        to->list[to->count++] = (CK_ATTRIBUTE){CKA_PRIVATE, &yes, sizeof(yes)};
        to->list[to->count++] = (CK_ATTRIBUTE){CKA_EXTRACTABLE, &no, sizeof(no)};
    }
    if (!has_id && hsm_profile()->id_chosen)
        to->list[to->count++] = (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)id, 2};
    return CKR_OK;
}

CK_RV hsm_generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
                       CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_BYTE id[2] = {0};
    struct template t;
    CK_RV rv = hsm_profile()->generate;

    (void)hsm_base()->C_GenerateRandom(session, id, sizeof(id));
    if (rv == CKR_OK)
        rv = translate(template, count, id, true, &t);
    if (rv == CKR_OK)
        rv = hsm_base()->C_GenerateKey(session, mechanism, t.list, t.count, key);
    if (rv == CKR_OK)
        *key = hsm_handle_out(session, *key);
    return rv;
}

CK_RV hsm_generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
                            CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                            CK_OBJECT_HANDLE *private_key)
{
    CK_BYTE id[2] = {0};
    struct template of_public;
    struct template of_private;
    CK_RV rv = hsm_profile()->generate_pair;

    (void)hsm_base()->C_GenerateRandom(session, id, sizeof(id));
    if (rv == CKR_OK)
        rv = translate(public, public_count, id, false, &of_public);
    if (rv == CKR_OK)
        rv = translate(private, private_count, id, true, &of_private);
    if (rv == CKR_OK)
        rv = hsm_base()->C_GenerateKeyPair(session, mechanism, of_public.list, of_public.count,
                                           of_private.list, of_private.count, public_key,
                                           private_key);
    if (rv == CKR_OK) {
        *public_key = hsm_handle_out(session, *public_key);
        *private_key = hsm_handle_out(session, *private_key);
    }
    return rv;
}
