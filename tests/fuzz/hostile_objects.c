/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <string.h>

#include "hostile_state.h"

static const struct hostile_key keys[HOSTILE_KEYS] = {
    {.len = 32, .value = {1}, .id = {0xA0, 1}, .id_len = HOSTILE_ID_LEN, .label = HOSTILE_LABEL},
    {.rsa = true, .id = {0xA0, 2}, .id_len = HOSTILE_ID_LEN, .label = HOSTILE_RSA_LABEL},
    {.len = 16, .value = {3}, .id = {0xA0, 3}, .id_len = HOSTILE_ID_LEN, .label = "weak"},
};

/* ---- objects ---- */

static struct hostile_object *object_of(CK_OBJECT_HANDLE handle)
{
    struct hostile_object *object =
        handle >= HOSTILE_FIRST_OBJECT && handle < HOSTILE_FIRST_OBJECT + HOSTILE_OBJECTS
            ? &hostile.objects[handle - HOSTILE_FIRST_OBJECT]
            : NULL;

    return object != NULL && object->there ? object : NULL;
}

const struct hostile_key *hostile_key_of(CK_OBJECT_HANDLE handle)
{
    const struct hostile_object *object = object_of(handle);

    if (handle >= 1 && handle <= HOSTILE_KEYS)
        return &keys[handle - 1];
    return object != NULL ? &object->key : NULL;
}

CK_OBJECT_HANDLE hostile_new_object(CK_SESSION_HANDLE session, const uint8_t *value, size_t len)
{
    for (size_t i = 0; i < HOSTILE_OBJECTS; i++) {
        struct hostile_object *object = &hostile.objects[i];

        if (object->there || len > sizeof(object->secret))
            continue;
        memset(&object->key, 0, sizeof(object->key));
        object->there = true;
        object->stays = false;
        object->session = session;
        object->secret_len = len;
        memcpy(object->secret, value, len);
        object->key.len = len < sizeof(object->key.value) ? len : 0;
        memcpy(object->key.value, value, object->key.len);
        return HOSTILE_FIRST_OBJECT + i;
    }
    return CK_INVALID_HANDLE;
}

void hostile_forget_session(CK_SESSION_HANDLE session)
{
    for (size_t i = 0; i < HOSTILE_OBJECTS; i++) {
        if (!hostile.objects[i].stays && hostile.objects[i].session == session)
            hostile.objects[i].there = false;
    }
    hostile.finding = false;
}

/* One that it gives out and never had, or another one's. */
static CK_OBJECT_HANDLE fuzz_handle(unsigned lie)
{
    return (lie & 1) != 0 ? 1 + lie % HOSTILE_KEYS : 0x7777;
}

/* ---- looking for keys ---- */

static bool matches(const struct hostile_key *key, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        const void *value = template[i].pValue;
        CK_ULONG len = template[i].ulValueLen;

        if (template[i].type == CKA_LABEL &&
            (len != strlen(key->label) || memcmp(value, key->label, len) != 0))
            return false;
        if (template[i].type == CKA_ID && (len != key->id_len || memcmp(value, key->id, len) != 0))
            return false;
        if (template[i].type == CKA_CLASS &&
            *(const CK_OBJECT_CLASS *)value != (key->rsa ? CKO_PRIVATE_KEY : CKO_SECRET_KEY))
            return false;
    }
    return true;
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    HOSTILE_BEGIN;
    (void)session;
    FUZZ_DEMAND(!hostile.finding);
    hostile.finding = true;
    hostile.found_count = 0;
    for (size_t i = 0; i < HOSTILE_KEYS; i++) {
        if (matches(&keys[i], template, count) != (lie != 0))
            hostile.found[hostile.found_count++] = i + 1;
    }
    for (size_t i = 0; i < HOSTILE_OBJECTS; i++) { /* what was generated */
        if (hostile.objects[i].there && hostile.objects[i].key.label != NULL &&
            matches(&hostile.objects[i].key, template, count))
            hostile.found[hostile.found_count++] = HOSTILE_FIRST_OBJECT + i;
    }
    return CKR_OK;
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max,
                          CK_ULONG *count)
{
    HOSTILE_BEGIN;
    (void)session;
    FUZZ_DEMAND(hostile.finding);
    *count = 0;
    if ((lie & 1) != 0) {
        for (CK_ULONG i = 0; i < max; i++)
            objects[i] = fuzz_byte(&hostile.in) % 8;
        *count = max;
    }
    while (lie == 0 && *count < max && hostile.found_count > 0)
        objects[(*count)++] = hostile.found[--hostile.found_count];
    if ((lie & 2) != 0)
        *count = hostile_wrong(*count);
    return CKR_OK;
}

static CK_RV find_objects_final(CK_SESSION_HANDLE session)
{
    (void)session;
    FUZZ_DEMAND(hostile.finding);
    hostile.finding = false;
    {
        HOSTILE_BEGIN;
        (void)lie;
    }
    return CKR_OK;
}

/* ---- attributes ---- */

static size_t rsa_number(const char *name, uint8_t *out)
{
    BIGNUM *n = NULL;
    size_t len;

    FUZZ_DEMAND(EVP_PKEY_get_bn_param(hostile_rsa(), name, &n) == 1);
    len = (size_t)BN_bn2bin(n, out);
    BN_free(n);
    return len;
}

/* The truth; false when there is no such attribute. */
static bool attribute_of(CK_OBJECT_HANDLE handle, const struct hostile_key *key,
                         CK_ATTRIBUTE_TYPE type, uint8_t *out, size_t *len)
{
    const struct hostile_object *object = object_of(handle);
    CK_ULONG number = key->len;
    CK_BBOOL flag = type != CKA_EXTRACTABLE;

    *len = sizeof(number);
    if (type == CKA_KEY_TYPE) {
        number = key->rsa ? CKK_RSA : CKK_AES;
    } else if (type == CKA_ID || type == CKA_LABEL) {
        *len = type == CKA_ID ? key->id_len : strlen(key->label);
        memcpy(out, type == CKA_ID ? (const void *)key->id : key->label, *len);
        return true;
    } else if (type == CKA_MODULUS || type == CKA_PUBLIC_EXPONENT) {
        *len = rsa_number(type == CKA_MODULUS ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_RSA_E, out);
        return key->rsa;
    } else if (type == CKA_VALUE) {
        *len = object != NULL ? object->secret_len : 0;
        if (object != NULL)
            memcpy(out, object->secret, *len);
        return object != NULL;
    } else if (type == CKA_START_DATE || type == CKA_END_DATE) {
        *len = 0;
        return true;
    } else if (type == CKA_ALLOWED_MECHANISMS) {
        return false;
    } else if (type != CKA_VALUE_LEN) {
        *len = sizeof(flag);
        memcpy(out, &flag, sizeof(flag));
        return true;
    }
    memcpy(out, &number, sizeof(number));
    return true;
}

static CK_RV lie_about(CK_ATTRIBUTE *attribute, unsigned lie, CK_ULONG room, CK_ULONG truth)
{
    if (attribute->pValue != NULL && (lie & 1) != 0)
        hostile_invent(attribute->pValue, room < 2048 ? room : 2048);
    switch (lie >> 1 & 3) {
    case 0: /* the contents alone */
        attribute->ulValueLen = truth < room || attribute->pValue == NULL ? truth : room;
        return CKR_OK;
    case 1:
        attribute->ulValueLen = hostile_wrong(attribute->pValue != NULL ? room : truth);
        return CKR_OK;
    case 2:
        attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return (lie & 8) != 0 ? CKR_BUFFER_TOO_SMALL : CKR_OK;
    default: /* all the room there is */
        attribute->ulValueLen = room;
        return CKR_OK;
    }
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                                 CK_ATTRIBUTE *template, CK_ULONG count)
{
    const struct hostile_key *key = hostile_key_of(handle);
    uint8_t value[HOSTILE_VALUE_MAX];
    CK_ULONG room = template->ulValueLen;
    size_t len = 0;
    bool there;
    HOSTILE_BEGIN;

    (void)session;
    FUZZ_DEMAND(count == 1);
    if (key == NULL && lie == 0)
        return CKR_OBJECT_HANDLE_INVALID;
    there = key != NULL && (key->label != NULL || template->type == CKA_VALUE) &&
            attribute_of(handle, key, template->type, value, &len);
    if (lie != 0)
        return lie_about(template, lie, room, len);
    template->ulValueLen = there ? len : CK_UNAVAILABLE_INFORMATION;
    if (!there)
        return CKR_ATTRIBUTE_TYPE_INVALID;
    if (template->pValue == NULL)
        return CKR_OK;
    if (room < len) {
        template->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(template->pValue, value, len);
    return CKR_OK;
}

static CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                                 CK_ATTRIBUTE *template, CK_ULONG count)
{
    HOSTILE_BEGIN;
    (void)session;
    (void)handle;
    (void)lie;
    FUZZ_DEMAND(count == 1 && template->type == CKA_ID && template->ulValueLen <= 64);
    return CKR_ATTRIBUTE_READ_ONLY;
}

/* ---- making and unmaking them ---- */

static CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                           CK_OBJECT_HANDLE *object)
{
    const CK_ATTRIBUTE *value = &template[count - 1];
    HOSTILE_BEGIN;

    FUZZ_DEMAND(value->type == CKA_VALUE);
    *object = fuzz_handle(lie);
    if (lie == 0)
        *object = hostile_new_object(session, value->pValue, value->ulValueLen);
    return *object != CK_INVALID_HANDLE || lie != 0 ? CKR_OK : CKR_DEVICE_MEMORY;
}

/* Gone whatever it answers, but for a refusal. */
static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle)
{
    struct hostile_object *object = object_of(handle);
    HOSTILE_BEGIN;

    (void)session;
    (void)lie;
    if (object != NULL)
        object->there = false;
    return CKR_OK;
}

unsigned hostile_objects(void)
{
    unsigned count = 0;

    for (size_t i = 0; i < HOSTILE_OBJECTS; i++)
        count += hostile.objects[i].there && !hostile.objects[i].stays ? 1 : 0;
    return count;
}

/* With the names that the template has. */
static CK_OBJECT_HANDLE generate(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template,
                                 CK_ULONG count, bool rsa)
{
    static const uint8_t value[32] = {9};
    CK_OBJECT_HANDLE handle = hostile_new_object(session, value, sizeof(value));
    struct hostile_object *object = object_of(handle);

    if (object == NULL)
        return handle;
    object->stays = true;
    object->key.rsa = rsa;
    object->key.label = "made";
    for (CK_ULONG i = 0; i < count; i++) {
        if (template[i].type == CKA_ID && template[i].ulValueLen <= sizeof(object->key.id)) {
            object->key.id_len = template[i].ulValueLen;
            memcpy(object->key.id, template[i].pValue, object->key.id_len);
        }
    }
    return handle;
}

static CK_RV generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                          CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    HOSTILE_BEGIN;
    FUZZ_DEMAND(mechanism->mechanism == CKM_AES_KEY_GEN);
    *key = lie != 0 ? fuzz_handle(lie) : generate(session, template, count, false);
    return *key != CK_INVALID_HANDLE || lie != 0 ? CKR_OK : CKR_DEVICE_MEMORY;
}

static CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                               CK_ATTRIBUTE *private_template, CK_ULONG private_count,
                               CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    HOSTILE_BEGIN;
    FUZZ_DEMAND(mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN);
    (void)public_template;
    (void)public_count;
    *public_key = fuzz_handle(lie);
    *private_key =
        lie != 0 ? fuzz_handle(lie) : generate(session, private_template, private_count, true);
    return *private_key != CK_INVALID_HANDLE || lie != 0 ? CKR_OK : CKR_DEVICE_MEMORY;
}

void hostile_objects_functions(CK_FUNCTION_LIST *list)
{
    list->C_FindObjectsInit = find_objects_init;
    list->C_FindObjects = find_objects;
    list->C_FindObjectsFinal = find_objects_final;
    list->C_GetAttributeValue = get_attribute_value;
    list->C_SetAttributeValue = set_attribute_value;
    list->C_CreateObject = create_object;
    list->C_DestroyObject = destroy_object;
    list->C_GenerateKey = generate_key;
    list->C_GenerateKeyPair = generate_key_pair;
}
