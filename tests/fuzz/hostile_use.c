/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the hostile token: encryption, decryption, wrapping, unwrapping. */
#include <string.h>

#include "hostile_state.h"

static CK_RV begin(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    HOSTILE_BEGIN;
    hostile.mechanism = *mechanism;
    hostile.operation_key = key;
    if (lie != 0 && mechanism->mechanism == CKM_AES_GCM) { /* as tokens do that choose the nonce */
        CK_GCM_PARAMS *params = mechanism->pParameter;
        static CK_BYTE elsewhere[64];

        hostile_invent(params->pIv, 12);
        if ((lie & 1) != 0)
            params->pIv = elsewhere;
        if ((lie & 2) != 0)
            params->ulIvLen = hostile_wrong(12);
    }
    return hostile_key_of(key) != NULL ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}

static CK_RV encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session;
    return begin(mechanism, key);
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session;
    return begin(mechanism, key);
}

/* The result as far as there is room for it, or what the lie makes of it. */
static CK_RV give(unsigned lie, const uint8_t *result, size_t len, CK_BYTE *out, CK_ULONG *out_len)
{
    CK_ULONG room = *out_len;

    FUZZ_DEMAND(out != NULL && room <= HOSTILE_VALUE_MAX);
    if (lie == 0 && room < len) {
        *out_len = len;
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(out, result, len < room ? len : room);
    *out_len = len;
    if ((lie & 1) != 0)
        hostile_invent(out, room < 64 ? room : 64);
    if ((lie & 2) != 0)
        *out_len = hostile_wrong(len);
    if ((lie & 4) != 0)
        *out_len = room;
    return CKR_OK;
}

/* What mechanism and key make of it; a lie comes even of what fails. */
static CK_RV perform(const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle, bool encrypt,
                     const uint8_t *in, size_t in_len, CK_BYTE *out, CK_ULONG *out_len)
{
    const struct hostile_key *key = hostile_key_of(handle);
    uint8_t result[HOSTILE_VALUE_MAX] = {0};
    size_t len = 0;
    HOSTILE_BEGIN;

    if (key == NULL)
        return CKR_KEY_HANDLE_INVALID;
    rv = hostile_crypt(key, mechanism, encrypt, in, in_len, result, &len);
    return rv == CKR_OK || lie != 0 ? give(lie, result, len, out, out_len) : rv;
}

static CK_RV encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    (void)session;
    return perform(&hostile.mechanism, hostile.operation_key, true, in, in_len, out, out_len);
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    (void)session;
    return perform(&hostile.mechanism, hostile.operation_key, false, in, in_len, out, out_len);
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                      CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *out_len)
{
    const struct hostile_object *object =
        key >= HOSTILE_FIRST_OBJECT && key < HOSTILE_FIRST_OBJECT + HOSTILE_OBJECTS
            ? &hostile.objects[key - HOSTILE_FIRST_OBJECT]
            : NULL;

    (void)session;
    if (object == NULL || !object->there)
        return CKR_KEY_HANDLE_INVALID;
    return perform(mechanism, kek, true, object->secret, object->secret_len, out, out_len);
}

static CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                        CK_BYTE *wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE *template,
                        CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    uint8_t value[HOSTILE_VALUE_MAX];
    CK_ULONG len = sizeof(value);
    CK_RV rv;

    (void)template;
    if ((hostile.profile & HOSTILE_SHORT_TEMPLATE) != 0 && count > 4)
        return CKR_ATTRIBUTE_READ_ONLY;
    rv = perform(mechanism, kek, false, wrapped, wrapped_len, value, &len);
    if (rv != CKR_OK)
        return rv;
    *key = hostile_new_object(session, value, len < sizeof(value) ? len : sizeof(value));
    return *key != CK_INVALID_HANDLE ? CKR_OK : CKR_DEVICE_MEMORY;
}

void hostile_use_functions(CK_FUNCTION_LIST *list)
{
    list->C_EncryptInit = encrypt_init;
    list->C_Encrypt = encrypt;
    list->C_DecryptInit = decrypt_init;
    list->C_Decrypt = decrypt;
    list->C_WrapKey = wrap_key;
    list->C_UnwrapKey = unwrap_key;
}
