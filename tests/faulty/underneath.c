/* SPDX-License-Identifier: Apache-2.0 */
#include "underneath.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "faulty_p11.h"

#define SESSIONS_MAX 4096u

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CK_FUNCTION_LIST *module;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t process;    /* that the rest is about */
static bool initialised; /* as our caller sees it */
static bool really;      /* the module underneath */
static struct {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
} sessions[SESSIONS_MAX];
static unsigned count;

static void load(void)
{
    const char *path = getenv("FAULTY_P11_MODULE");
    void *handle = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get = NULL;

    if (handle != NULL)
        *(void **)&get = dlsym(handle, "C_GetFunctionList");
    if (get == NULL || get(&module) != CKR_OK)
        (void)fprintf(stderr, "faulty_p11: FAULTY_P11_MODULE=%s: no module\n",
                      path != NULL ? path : "");
}

CK_FUNCTION_LIST *underneath(void)
{
    (void)pthread_once(&once, load);
    return module;
}

static void set_count(unsigned n)
{
    struct faulty_control *control = faulty_p11_control();

    count = n;
    atomic_store(&control->sessions, n);
    if (n > atomic_load(&control->sessions_most))
        atomic_store(&control->sessions_most, n);
}

/* With the lock. A child of fork has nothing of its parent's. */
static void look_at_process(void)
{
    if (process == getpid())
        return;
    process = getpid();
    initialised = false;
    really = false;
    set_count(0);
}

bool underneath_is_initialised(void)
{
    bool is;

    (void)pthread_mutex_lock(&lock);
    look_at_process();
    is = initialised;
    (void)pthread_mutex_unlock(&lock);
    return is;
}

CK_RV underneath_initialise(void *args)
{
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&lock);
    look_at_process();
    if (initialised)
        rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    else if (!really)
        rv = module->C_Initialize(args);
    if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED && !initialised) /* past the faults */
        rv = CKR_OK;
    if (rv == CKR_OK) {
        really = true;
        initialised = true;
    }
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

/* With the lock. */
static void close_all(void)
{
    for (unsigned i = 0; i < count; i++)
        (void)module->C_CloseSession(sessions[i].handle);
    set_count(0);
}

bool underneath_slot_of(CK_SESSION_HANDLE session, CK_SLOT_ID *slot)
{
    bool found = false;

    (void)pthread_mutex_lock(&lock);
    look_at_process();
    for (unsigned i = 0; i < count && !found; i++) {
        found = sessions[i].handle == session;
        if (found)
            *slot = sessions[i].slot;
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

CK_RV underneath_finalise(void *reserved)
{
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&lock);
    look_at_process();
    close_all();
    initialised = false;
    if (!atomic_load(&faulty_p11_control()->keep_module)) {
        rv = module->C_Finalize(reserved);
        really = false;
    }
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

CK_RV underneath_open(CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify,
                      CK_SESSION_HANDLE *session)
{
    unsigned limit = atomic_load(&faulty_p11_control()->session_limit);
    CK_RV rv = CKR_SESSION_COUNT;

    (void)pthread_mutex_lock(&lock);
    if (count < SESSIONS_MAX && (limit == 0 || count < limit))
        rv = module->C_OpenSession(slot, flags, arg, notify, session);
    if (rv == CKR_OK) {
        sessions[count].handle = *session;
        sessions[count].slot = slot;
        set_count(count + 1);
    }
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

CK_RV underneath_close(CK_SESSION_HANDLE session)
{
    CK_RV rv;

    (void)pthread_mutex_lock(&lock);
    rv = module->C_CloseSession(session);
    for (unsigned i = 0; i < count && rv == CKR_OK; i++) {
        if (sessions[i].handle == session) {
            sessions[i] = sessions[count - 1];
            set_count(count - 1);
            break;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return rv;
}

void underneath_close_all(void)
{
    (void)pthread_mutex_lock(&lock);
    close_all();
    (void)pthread_mutex_unlock(&lock);
}

void underneath_close_slot(CK_SLOT_ID slot)
{
    unsigned left = 0;

    (void)pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < count; i++) {
        if (sessions[i].slot == slot)
            (void)module->C_CloseSession(sessions[i].handle);
        else
            sessions[left++] = sessions[i];
    }
    set_count(left);
    (void)pthread_mutex_unlock(&lock);
}

void underneath_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    close_all();
    initialised = false;
    (void)pthread_mutex_unlock(&lock);
}
