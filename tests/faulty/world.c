/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <dlfcn.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 256u
#define LABEL_MAX 64u

static CK_FUNCTION_LIST *fn;

_Noreturn void world_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    ERR_print_errors_fp(stderr);
    exit(2);
}

static void need(CK_RV rv, const char *what)
{
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED && rv != CKR_USER_ALREADY_LOGGED_IN)
        world_fail("%s: 0x%lx", what, rv);
}

struct faulty_control *world_begin(const char *module)
{
    struct faulty_control *(*control)(void) = NULL;
    CK_FUNCTION_LIST *(*underneath)(void) = NULL;
    void *handle = dlopen(module, RTLD_NOW);

    if (handle != NULL) {
        *(void **)&control = dlsym(handle, "faulty_p11_control");
        *(void **)&underneath = dlsym(handle, "faulty_p11_underneath");
    }
    if (control == NULL || underneath == NULL || (fn = underneath()) == NULL)
        world_fail("%s can not be loaded", module);
    return control();
}

OSSL_LIB_CTX *world_new(const char *cnf)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    if (libctx == NULL || OSSL_LIB_CTX_load_config(libctx, cnf) != 1)
        world_fail("%s can not be loaded", cnf);
    return libctx;
}

static CK_SLOT_ID find_slot(void)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    CK_TOKEN_INFO info;

    need(fn->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        need(fn->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if (memcmp(info.label, "kek ", 4) == 0)
            return slots[i];
    }
    world_fail("there is no token kek");
}

/* A session past the faults, logged in: the provider may have none at this moment. */
static CK_SESSION_HANDLE open_session(void)
{
    static CK_SLOT_ID slot;
    static bool known;
    CK_UTF8CHAR *pin = (CK_UTF8CHAR *)getenv("FAULTY_PIN");
    CK_SESSION_HANDLE session;

    if (pin == NULL)
        world_fail("FAULTY_PIN is not set");
    need(fn->C_Initialize(NULL), "C_Initialize");
    if (!known)
        slot = find_slot();
    known = true;
    need(fn->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
         "C_OpenSession");
    need(fn->C_Login(session, CKU_USER, pin, strlen((char *)pin)), "C_Login");
    return session;
}

static size_t find(CK_SESSION_HANDLE session, CK_BBOOL stays, CK_OBJECT_HANDLE found[FOUND_MAX])
{
    CK_ATTRIBUTE template = {CKA_TOKEN, &stays, sizeof(stays)};
    CK_ULONG count = 0;

    need(fn->C_FindObjectsInit(session, &template, 1), "C_FindObjectsInit");
    need(fn->C_FindObjects(session, found, FOUND_MAX, &count), "C_FindObjects");
    need(fn->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    return count;
}

/* Counts what find() gives, if its label begins so; destroys it as well where that is asked for. */
static size_t count(CK_BBOOL stays, const char *label, bool destroy)
{
    CK_OBJECT_HANDLE found[FOUND_MAX];
    CK_SESSION_HANDLE session = open_session();
    size_t all = find(session, stays, found);
    size_t n = 0;

    for (size_t i = 0; i < all; i++) {
        char text[LABEL_MAX] = "";
        CK_ATTRIBUTE attribute = {CKA_LABEL, text, sizeof(text)};

        if (label[0] != '\0' &&
            (fn->C_GetAttributeValue(session, found[i], &attribute, 1) != CKR_OK ||
             memcmp(text, label, strlen(label)) != 0))
            continue;
        n++;
        if (destroy)
            need(fn->C_DestroyObject(session, found[i]), "C_DestroyObject");
    }
    need(fn->C_CloseSession(session), "C_CloseSession");
    return n;
}

size_t world_session_objects(void)
{
    return count(CK_FALSE, "", false);
}

size_t world_keys(const char *label)
{
    return count(CK_TRUE, label, false);
}

void world_destroy_keys(const char *label)
{
    (void)count(CK_TRUE, label, true);
}
