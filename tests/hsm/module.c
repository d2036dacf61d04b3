/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of hsm_p11.so. All others go to the module underneath unchanged. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hsm.h"

#define SESSION_SHIFT 32u

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CK_FUNCTION_LIST *base;
static const struct hsm_profile *profile;
static CK_FUNCTION_LIST list;

static void load(void)
{
    const char *path = getenv("HSM_MODULE");
    const char *name = getenv("HSM_PROFILE");
    void *handle = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get = NULL;

    for (size_t i = 0; name != NULL && hsm_profiles[i].name != NULL && profile == NULL; i++) {
        if (strcmp(hsm_profiles[i].name, name) == 0)
            profile = &hsm_profiles[i];
    }
    if (handle != NULL)
        *(void **)&get = dlsym(handle, "C_GetFunctionList");
    if (profile == NULL || get == NULL || get(&base) != CKR_OK) {
        (void)fprintf(stderr, "hsm_p11: HSM_MODULE=%s HSM_PROFILE=%s: not there\n",
                      path != NULL ? path : "", name != NULL ? name : "");
        base = NULL;
    }
}

CK_FUNCTION_LIST *hsm_base(void)
{
    (void)pthread_once(&once, load);
    return base;
}

const struct hsm_profile *hsm_profile(void)
{
    return profile;
}

const struct hsm_mechanism *hsm_mechanism(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < HSM_MECHANISMS; i++) {
        if (profile->mechanisms[i].flags != 0 && profile->mechanisms[i].type == type)
            return &profile->mechanisms[i];
    }
    return NULL;
}

/* ---- handles ---- */

CK_OBJECT_HANDLE hsm_handle_out(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    return profile->handles_of_session ? object | (session & 0xffffffUL) << SESSION_SHIFT : object;
}

CK_RV hsm_handle_in(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *object)
{
    if (!profile->handles_of_session)
        return CKR_OK;
    if (*object >> SESSION_SHIFT != (session & 0xffffffUL))
        return CKR_KEY_HANDLE_INVALID;
    *object &= 0xffffffffUL;
    return CKR_OK;
}

/* ---- what it reports about itself ---- */

static void pad(unsigned char *field, size_t size, const char *text)
{
    size_t len = strlen(text);

    memset(field, ' ', size);
    memcpy(field, text, len < size ? len : size);
}

/* SoftHSM reads its configuration then: HSM_CONF names the device's. */
static CK_RV initialize(void *args)
{
    const char *conf = getenv("HSM_CONF");
    const char *before = getenv("SOFTHSM2_CONF");
    char *others = conf != NULL && before != NULL ? strdup(before) : NULL;
    CK_RV rv;

    if (conf != NULL)
        (void)setenv("SOFTHSM2_CONF", conf, 1);
    rv = base->C_Initialize(args);
    if (others != NULL)
        (void)setenv("SOFTHSM2_CONF", others, 1);
    free(others);
    return rv;
}

static CK_RV get_info(CK_INFO *info)
{
    CK_RV rv = base->C_GetInfo(info);

    if (rv != CKR_OK)
        return rv;
    pad(info->manufacturerID, sizeof(info->manufacturerID), profile->manufacturer);
    pad(info->libraryDescription, sizeof(info->libraryDescription), profile->description);
    return rv;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = base->C_GetTokenInfo(slot, info);

    if (rv == CKR_OK && profile->no_random)
        info->flags &= ~(CK_FLAGS)CKF_RNG;
    if (rv == CKR_OK && profile->no_login)
        info->flags &= ~(CK_FLAGS)CKF_LOGIN_REQUIRED;
    return rv;
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
    CK_ULONG n = 0;

    (void)slot;
    for (size_t i = 0; i < HSM_MECHANISMS; i++) {
        if (profile->mechanisms[i].flags == 0)
            continue;
        if (types != NULL && n == *count)
            return CKR_BUFFER_TOO_SMALL;
        if (types != NULL)
            types[n] = profile->mechanisms[i].type;
        n++;
    }
    *count = n;
    return CKR_OK;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    const struct hsm_mechanism *m = hsm_mechanism(type);

    (void)slot;
    if (m == NULL)
        return CKR_MECHANISM_INVALID;
    *info = (CK_MECHANISM_INFO){16, 32, m->flags | CKF_HW};
    if (m->work == HSM_OAEP) {
        info->ulMinKeySize = 2048;
        info->ulMaxKeySize = 4096;
    }
    return CKR_OK;
}

/* ---- login ---- */

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    const char *pin = getenv("HSM_PIN");
    CK_RV rv = base->C_OpenSession(slot, flags, arg, notify, session);

    if (rv == CKR_OK && profile->no_login && pin != NULL)
        (void)base->C_Login(*session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin,
                            (CK_ULONG)strlen(pin));
    return rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    if (profile->no_login)
        return user == CKU_USER ? CKR_OK : CKR_USER_TYPE_INVALID;
    return base->C_Login(session, user, pin, len);
}

static CK_RV generate_random(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len)
{
    if (profile->no_random)
        return CKR_FUNCTION_NOT_SUPPORTED;
    if (len < profile->random_least)
        return CKR_ARGUMENTS_BAD;
    return base->C_GenerateRandom(session, bytes, len);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    if (hsm_base() == NULL)
        return CKR_GENERAL_ERROR;
    list = *base;
    list.C_GetFunctionList = C_GetFunctionList;
    list.C_Initialize = initialize;
    list.C_GetInfo = get_info;
    list.C_GetTokenInfo = get_token_info;
    list.C_GetMechanismList = get_mechanism_list;
    list.C_GetMechanismInfo = get_mechanism_info;
    list.C_OpenSession = open_session;
    list.C_Login = login;
    list.C_GenerateRandom = generate_random;
    list.C_CreateObject = hsm_create_object;
    list.C_CopyObject = hsm_copy_object;
    list.C_DestroyObject = hsm_destroy_object;
    list.C_GetAttributeValue = hsm_get_attribute_value;
    list.C_SetAttributeValue = hsm_set_attribute_value;
    list.C_FindObjects = hsm_find_objects;
    list.C_GenerateKey = hsm_generate_key;
    list.C_GenerateKeyPair = hsm_generate_key_pair;
    list.C_EncryptInit = hsm_encrypt_init;
    list.C_Encrypt = hsm_encrypt;
    list.C_DecryptInit = hsm_decrypt_init;
    list.C_Decrypt = hsm_decrypt;
    list.C_WrapKey = hsm_wrap_key;
    list.C_UnwrapKey = hsm_unwrap_key;
    *out = &list;
    return CKR_OK;
}
