/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <dlfcn.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOUND_MAX 256u
#define LABEL_MAX 64u
#define TOKENS_MAX 4u

static CK_FUNCTION_LIST *fn;
static struct faulty_control *control;
static CK_SLOT_ID tokens[TOKENS_MAX];
static unsigned token_count;
static const char *chosen = "kek";

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
    struct faulty_control *(*get_control)(void) = NULL;
    CK_FUNCTION_LIST *(*underneath)(void) = NULL;
    void *handle = dlopen(module, RTLD_NOW);

    if (handle != NULL) {
        *(void **)&get_control = dlsym(handle, "faulty_p11_control");
        *(void **)&underneath = dlsym(handle, "faulty_p11_underneath");
    }
    if (get_control == NULL || underneath == NULL || (fn = underneath()) == NULL)
        world_fail("%s cannot be loaded", module);
    control = get_control();
    return control;
}

int world_reason(void)
{
    int found = 0;
    unsigned long e;

    while ((e = ERR_get_error()) != 0) {
        if (ERR_GET_LIB(e) >= ERR_LIB_USER)
            found = ERR_GET_REASON(e);
    }
    return found;
}

double world_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

OSSL_LIB_CTX *world_new(const char *cnf)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    if (libctx == NULL || OSSL_LIB_CTX_load_config(libctx, cnf) != 1)
        world_fail("%s cannot be loaded", cnf);
    return libctx;
}

/* Those that are initialised. */
static void find_tokens(void)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    CK_TOKEN_INFO info;

    need(fn->C_Initialize(NULL), "C_Initialize");
    need(fn->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count && token_count < TOKENS_MAX; i++) {
        need(fn->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if ((info.flags & CKF_TOKEN_INITIALIZED) != 0)
            tokens[token_count++] = slots[i];
    }
    if (token_count == 0)
        world_fail("there is no token");
}

void world_choose_token(const char *label)
{
    size_t len = strlen(label);
    CK_TOKEN_INFO info;

    find_tokens();
    for (size_t i = 0; i < token_count; i++) {
        need(fn->C_GetTokenInfo(tokens[i], &info), "C_GetTokenInfo");
        if (memcmp(info.label, label, len) != 0 || info.label[len] != ' ')
            continue;
        chosen = label;
        control->slot = tokens[i];
        control->one_slot = true;
        return;
    }
    world_fail("there is no token %s", label);
}

const char *world_token(void)
{
    return chosen;
}

unsigned world_tokens(void)
{
    if (token_count == 0)
        find_tokens();
    return token_count;
}

/* A session past the faults, logged in: the provider may have none at this moment. */
static CK_SESSION_HANDLE open_session(CK_SLOT_ID slot)
{
    CK_UTF8CHAR *pin = (CK_UTF8CHAR *)getenv("FAULTY_PIN");
    CK_SESSION_HANDLE session;

    if (pin == NULL)
        world_fail("FAULTY_PIN is not set");
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

/* What has the days of a key beside it (keymgmt/token/kept_dates.h) is as good as its label. */
static bool has_dates(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    static const char application[] = "envelope kek dates";
    char text[LABEL_MAX] = "";
    CK_ATTRIBUTE attribute = {CKA_APPLICATION, text, sizeof(text)};

    return fn->C_GetAttributeValue(session, object, &attribute, 1) == CKR_OK &&
           memcmp(text, application, sizeof(application) - 1) == 0;
}

/* Counts what find() gives, if its label begins so; destroys it as well where that is asked for. */
static size_t count_on(CK_SLOT_ID slot, CK_BBOOL stays, const char *label, bool destroy)
{
    CK_OBJECT_HANDLE found[FOUND_MAX];
    CK_SESSION_HANDLE session = open_session(slot);
    size_t all = find(session, stays, found);
    size_t n = 0;

    for (size_t i = 0; i < all; i++) {
        char text[LABEL_MAX] = "";
        CK_ATTRIBUTE attribute = {CKA_LABEL, text, sizeof(text)};

        if (label[0] != '\0' && !has_dates(session, found[i]) &&
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

static size_t count(CK_BBOOL stays, const char *label, bool destroy)
{
    size_t n = 0;

    need(fn->C_Initialize(NULL), "C_Initialize");
    if (token_count == 0)
        find_tokens();
    for (size_t i = 0; i < token_count; i++)
        n += count_on(tokens[i], stays, label, destroy);
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
