/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of faulty_p11.so. */
#include <dlfcn.h>
#include <string.h>

#include "faults.h"
#include "reentry.h"
#include "spare_pair.h"
#include "underneath.h"

static CK_FUNCTION_LIST list;

/* The body of a function: what is planned for this call, the call, and what is made of it. */
#define CALL(name, planned, args, lie)                                                             \
    struct fault fault = planned;                                                                  \
    CK_RV rv = fault.stop ? fault.rv : underneath()->name args;                                    \
                                                                                                   \
    if (rv == CKR_OK && fault.lies)                                                                \
        lie;                                                                                       \
    return fault_end(&fault, rv)

/* The same where the first argument of the function is a session, or a slot. */
#define SESSION_CALL(name, args, lie)                                                              \
    CALL(name, fault_begin_session(FAULTY_##name, session), args, lie)
#define SLOT_CALL(name, args, lie) CALL(name, fault_begin_slot(FAULTY_##name, slot), args, lie)

#define TRUE_ANSWER (void)0

static CK_RV initialize(void *args)
{
    struct fault fault = fault_begin(FAULTY_C_Initialize);

    return fault_end(&fault, fault.stop ? fault.rv : underneath_initialise(args));
}

static CK_RV finalize(void *reserved)
{
    struct fault fault = fault_begin(FAULTY_C_Finalize);

    return fault_end(&fault, fault.stop ? fault.rv : underneath_finalise(reserved));
}

static CK_RV get_info(CK_INFO *info)
{
    CALL(C_GetInfo, fault_begin(FAULTY_C_GetInfo), (info), lie_bytes(&fault, info, sizeof(*info)));
}

/* Where only the number was asked for there may be fewer than that, as always. */
static void take_out_absent(CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_ULONG left = 0;

    for (CK_ULONG i = 0; slots != NULL && i < *count; i++) {
        if (!fault_is_absent(slots[i]))
            slots[left++] = slots[i];
    }
    if (slots != NULL)
        *count = left;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    struct fault fault = fault_begin(FAULTY_C_GetSlotList);
    CK_RV rv = fault.stop ? fault.rv : underneath()->C_GetSlotList(present, slots, count);

    if (rv == CKR_OK && present)
        take_out_absent(slots, count);
    if (rv == CKR_OK && fault.lies)
        lie_length(&fault, slots, sizeof(*slots) * *count, count);
    return fault_end(&fault, rv);
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    SLOT_CALL(C_GetSlotInfo, (slot, info), {
        lie_bytes(&fault, info, sizeof(*info));
        lie_text(&fault, info, offsetof(CK_SLOT_INFO, flags));
    });
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    struct fault fault = fault_begin_slot(FAULTY_C_GetTokenInfo, slot);
    CK_RV rv = fault.stop ? fault.rv : underneath()->C_GetTokenInfo(slot, info);

    if (rv == CKR_OK && !fault.stop)
        info->flags |= faulty_p11_control()->token_flags;
    if (rv == CKR_OK && fault.lies) {
        lie_bytes(&fault, info, sizeof(*info));
        lie_text(&fault, info, offsetof(CK_TOKEN_INFO, flags));
    }
    return fault_end(&fault, rv);
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
    SLOT_CALL(C_GetMechanismList, (slot, types, count),
              lie_length(&fault, types, sizeof(*types) * *count, count));
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    SLOT_CALL(C_GetMechanismInfo, (slot, type, info), lie_bytes(&fault, info, sizeof(*info)));
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    struct fault fault = fault_begin_slot(FAULTY_C_OpenSession, slot);
    CK_RV rv = fault.rv;

    if (!fault.stop)
        rv = underneath_open(slot, flags, arg, notify, session);
    if (rv == CKR_OK && fault.hit && fault.kind < FAULTY_DROPS)
        (void)atomic_fetch_add(&faulty_p11_control()->lost_sessions, 1);
    return fault_end(&fault, rv);
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    struct fault fault = fault_begin_session(FAULTY_C_CloseSession, session);

    if (fault.hit && fault.stop && fault.kind < FAULTY_DROPS)
        (void)atomic_fetch_add(&faulty_p11_control()->lost_sessions, 1);
    return fault_end(&fault, fault.stop ? fault.rv : underneath_close(session));
}

static CK_RV close_all_sessions(CK_SLOT_ID slot)
{
    struct fault fault = fault_begin_slot(FAULTY_C_CloseAllSessions, slot);

    if (!fault.stop)
        underneath_close_slot(slot);
    return fault_end(&fault, fault.rv);
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    SESSION_CALL(C_GetSessionInfo, (session, info), lie_bytes(&fault, info, sizeof(*info)));
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    SESSION_CALL(C_Login, (session, user, pin, len), TRUE_ANSWER);
}

static CK_RV logout(CK_SESSION_HANDLE session)
{
    SESSION_CALL(C_Logout, (session), TRUE_ANSWER);
}

static CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                           CK_OBJECT_HANDLE *object)
{
    SESSION_CALL(C_CreateObject, (session, template, count, object),
                 lie_bytes(&fault, object, sizeof(*object)));
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    SESSION_CALL(C_DestroyObject, (session, object), TRUE_ANSWER);
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *template, CK_ULONG count)
{
    SESSION_CALL(C_GetAttributeValue, (session, object, template, count),
                 lie_attributes(&fault, template, count));
}

static CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *template, CK_ULONG count)
{
    SESSION_CALL(C_SetAttributeValue, (session, object, template, count), TRUE_ANSWER);
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    reentry_watch_template(template, count);
    SESSION_CALL(C_FindObjectsInit, (session, template, count), TRUE_ANSWER);
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                          CK_ULONG *count)
{
    SESSION_CALL(C_FindObjects, (session, objects, most, count),
                 lie_found(&fault, objects, most, count));
}

static CK_RV find_objects_final(CK_SESSION_HANDLE session)
{
    SESSION_CALL(C_FindObjectsFinal, (session), TRUE_ANSWER);
}

static CK_RV encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    SESSION_CALL(C_EncryptInit, (session, mechanism, key), TRUE_ANSWER);
}

static CK_RV encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    SESSION_CALL(C_Encrypt, (session, in, in_len, out, out_len),
                 lie_length(&fault, out, *out_len, out_len));
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    SESSION_CALL(C_DecryptInit, (session, mechanism, key), TRUE_ANSWER);
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    SESSION_CALL(C_Decrypt, (session, in, in_len, out, out_len),
                 lie_length(&fault, out, *out_len, out_len));
}

static CK_RV generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                          CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    SESSION_CALL(C_GenerateKey, (session, mechanism, template, count, key), TRUE_ANSWER);
}

static CK_RV copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                         CK_ULONG count, CK_OBJECT_HANDLE *copy)
{
    SESSION_CALL(C_CopyObject, (session, object, template, count, copy), TRUE_ANSWER);
}

static CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
                               CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                               CK_OBJECT_HANDLE *private_key)
{
    struct fault fault = fault_begin_session(FAULTY_C_GenerateKeyPair, session);
    const char *spare = faulty_p11_control()->spare;

    if (fault.stop)
        return fault_end(&fault, fault.rv);
    if (spare[0] != '\0')
        return fault_end(&fault, spare_pair_copy(session, spare, public, public_count, private,
                                                 private_count, public_key, private_key));
    return fault_end(&fault, underneath()->C_GenerateKeyPair(session, mechanism, public,
                                                             public_count, private, private_count,
                                                             public_key, private_key));
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                      CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *len)
{
    SESSION_CALL(C_WrapKey, (session, mechanism, kek, key, out, len),
                 lie_length(&fault, out, *len, len));
}

static CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                        CK_BYTE *wrapped, CK_ULONG len, CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *key)
{
    SESSION_CALL(C_UnwrapKey, (session, mechanism, kek, wrapped, len, template, count, key),
                 lie_bytes(&fault, key, sizeof(*key)));
}

static CK_RV generate_random(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len)
{
    SESSION_CALL(C_GenerateRandom, (session, bytes, len), lie_bytes(&fault, bytes, len));
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    if (underneath() == NULL)
        return CKR_GENERAL_ERROR;
    list = *underneath();
    list.C_GetFunctionList = C_GetFunctionList;
    list.C_Initialize = initialize;
    list.C_Finalize = finalize;
    list.C_GetInfo = get_info;
    list.C_GetSlotList = get_slot_list;
    list.C_GetSlotInfo = get_slot_info;
    list.C_GetTokenInfo = get_token_info;
    list.C_GetMechanismList = get_mechanism_list;
    list.C_GetMechanismInfo = get_mechanism_info;
    list.C_OpenSession = open_session;
    list.C_CloseSession = close_session;
    list.C_CloseAllSessions = close_all_sessions;
    list.C_GetSessionInfo = get_session_info;
    list.C_Login = login;
    list.C_Logout = logout;
    list.C_CreateObject = create_object;
    list.C_CopyObject = copy_object;
    list.C_DestroyObject = destroy_object;
    list.C_GetAttributeValue = get_attribute_value;
    list.C_SetAttributeValue = set_attribute_value;
    list.C_FindObjectsInit = find_objects_init;
    list.C_FindObjects = find_objects;
    list.C_FindObjectsFinal = find_objects_final;
    list.C_EncryptInit = encrypt_init;
    list.C_Encrypt = encrypt;
    list.C_DecryptInit = decrypt_init;
    list.C_Decrypt = decrypt;
    list.C_GenerateKey = generate_key;
    list.C_GenerateKeyPair = generate_key_pair;
    list.C_WrapKey = wrap_key;
    list.C_UnwrapKey = unwrap_key;
    list.C_GenerateRandom = generate_random;
    *out = &list;
    return CKR_OK;
}
