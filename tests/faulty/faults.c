/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reentry.h"
#include "underneath.h"

static struct faulty_control own;
static struct faulty_control *control;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_control(void)
{
    const char *path = getenv("FAULTY_P11_CONTROL");
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    void *mapped = MAP_FAILED;

    control = &own;
    if (fd < 0)
        return;
    if (ftruncate(fd, sizeof(own)) == 0)
        mapped = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (mapped != MAP_FAILED)
        control = mapped;
}

__attribute__((visibility("default"))) struct faulty_control *faulty_p11_control(void)
{
    (void)pthread_once(&once, find_control);
    return control;
}

__attribute__((visibility("default"))) CK_FUNCTION_LIST *faulty_p11_underneath(void)
{
    return underneath();
}

/* Whether the plan is about this call. */
static bool is_chosen(enum faulty_call call)
{
    unsigned mode = atomic_load(&control->mode);
    unsigned function = atomic_load(&control->function);
    unsigned at = atomic_load(&control->at);

    if (mode == FAULTY_NEVER)
        return false;
    if (function != FAULTY_ANY_CALL && function != (unsigned)call)
        return at == 0 && mode == FAULTY_ALL_FUNCTIONS;
    if (at == 0) /* it has happened, and goes on */
        return mode != FAULTY_ONCE;
    do {
        if (at == 0)
            return mode != FAULTY_ONCE;
    } while (!atomic_compare_exchange_weak(&control->at, &at, at - 1));
    if (at != 1)
        return false;
    if (mode == FAULTY_SAME_FUNCTION)
        atomic_store(&control->function, (unsigned)call);
    return true;
}

static void count(enum faulty_call call)
{
    unsigned total = atomic_fetch_add(&control->total, 1);

    (void)atomic_fetch_add(&control->counts[call], 1);
    if (total < FAULTY_TRACE_MAX)
        atomic_store(&control->trace[total], (unsigned char)call);
}

static void block(enum faulty_call call)
{
    unsigned ms = atomic_load(&control->block_ms);
    unsigned function = atomic_load(&control->block_function);

    if (ms > 0 && (function == FAULTY_ANY_CALL || function == (unsigned)call))
        (void)usleep(ms * 1000);
}

static bool is_about_slots(enum faulty_call call)
{
    return call == FAULTY_C_GetTokenInfo || call == FAULTY_C_GetMechanismInfo ||
           call == FAULTY_C_GetMechanismList || call == FAULTY_C_OpenSession;
}

/* What the state of module and token has to say before any plan. */
static CK_RV state_refuses(enum faulty_call call)
{
    if (atomic_exchange(&control->forget, false))
        underneath_forget();
    if (atomic_exchange(&control->drop_sessions, false))
        underneath_close_all();
    if (call != FAULTY_C_Initialize && !underneath_is_initialised())
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    if (!atomic_load(&control->absent))
        return CKR_OK;
    underneath_close_all();
    return is_about_slots(call) ? CKR_TOKEN_NOT_PRESENT : CKR_OK;
}

struct fault fault_begin(enum faulty_call call)
{
    struct fault fault = {0};

    (void)faulty_p11_control();
    count(call);
    block(call);
    reentry_at_call();
    fault.rv = state_refuses(call);
    fault.stop = fault.rv != CKR_OK;
    if (!is_chosen(call))
        return fault;
    (void)atomic_fetch_add(&control->hits, 1);
    fault.hit = true;
    fault.kind = (enum faulty_kind)atomic_load(&control->kind);
    fault.lies = fault.kind != FAULTY_FAILS && fault.kind != FAULTY_FAILS_AFTER;
    if (fault.kind == FAULTY_FAILS || fault.kind == FAULTY_UNWRITTEN) {
        fault.stop = true;
        fault.lies = false;
        fault.rv = fault.kind == FAULTY_FAILS ? atomic_load(&control->code) : CKR_OK;
    }
    return fault;
}

CK_RV fault_end(const struct fault *fault, CK_RV rv)
{
    if (fault->hit && fault->kind == FAULTY_FAILS_AFTER)
        return atomic_load(&control->code);
    return rv;
}

void lie_bytes(const struct fault *fault, void *bytes, size_t len)
{
    if (bytes == NULL)
        return;
    if (fault->kind == FAULTY_LENGTH_ZERO)
        memset(bytes, 0, len);
    else if (fault->kind == FAULTY_GARBAGE)
        memset(bytes, 0xa5, len);
}

void lie_length(const struct fault *fault, void *bytes, size_t len, CK_ULONG *length)
{
    switch (fault->kind) {
    case FAULTY_LENGTH_ZERO:
        *length = 0;
        break;
    case FAULTY_LENGTH_SHORT:
        *length -= *length > 0 ? 1 : 0;
        break;
    case FAULTY_LENGTH_LONG:
        *length += 8;
        break;
    case FAULTY_LENGTH_HUGE:
        *length += 1000000;
        break;
    default:
        lie_bytes(fault, bytes, len);
        break;
    }
}
