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

/* Sessions are not taken away from calls that are inside the module with them. */
static pthread_rwlock_t inside = PTHREAD_RWLOCK_INITIALIZER;

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

/* What a call is about. */
struct about {
    enum faulty_call call;
    bool has_slot;
    CK_SLOT_ID slot;
};

static bool is_ours(const struct about *about)
{
    return !atomic_load(&control->one_slot) ||
           (about->has_slot && about->slot == atomic_load(&control->slot));
}

static void count(const struct about *about)
{
    unsigned total;

    (void)atomic_fetch_add(&control->counts[about->call], 1);
    if (!is_ours(about))
        return;
    total = atomic_fetch_add(&control->total, 1);
    if (total < FAULTY_TRACE_MAX)
        atomic_store(&control->trace[total], (unsigned char)about->call);
}

static void block(const struct about *about)
{
    unsigned ms = atomic_load(&control->block_ms);
    unsigned function = atomic_load(&control->block_function);

    if (ms == 0 || (function != FAULTY_ANY_CALL && function != (unsigned)about->call) ||
        !is_ours(about))
        return;
    if (atomic_load(&control->block_once) && atomic_exchange(&control->block_ms, 0) == 0)
        return; /* another thread was quicker */
    atomic_store(&control->blocking, true);
    (void)usleep(ms * 1000);
    atomic_store(&control->blocking, false);
}

bool fault_is_absent(CK_SLOT_ID slot)
{
    return atomic_load(&control->absent) &&
           (!atomic_load(&control->one_slot) || atomic_load(&control->slot) == slot);
}

/* The sessions of the slot that is meant, or all. */
static void close_sessions(void)
{
    (void)pthread_rwlock_wrlock(&inside);
    if (atomic_load(&control->one_slot))
        underneath_close_slot(atomic_load(&control->slot));
    else
        underneath_close_all();
    (void)pthread_rwlock_unlock(&inside);
}

static void forget(void)
{
    (void)pthread_rwlock_wrlock(&inside);
    underneath_forget();
    (void)pthread_rwlock_unlock(&inside);
}

/* One call fewer until the token is back. */
static void count_absence(void)
{
    unsigned away = atomic_load(&control->away);

    if (atomic_load(&control->absent) && away > 0 && atomic_fetch_sub(&control->away, 1) == 1)
        atomic_store(&control->absent, false);
}

/* What the state of module and token has to say. */
static CK_RV state_refuses(const struct about *about)
{
    if (atomic_exchange(&control->forget, false))
        forget();
    if (atomic_exchange(&control->drop_sessions, false))
        close_sessions();
    if (about->call != FAULTY_C_Initialize && !underneath_is_initialised())
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    count_absence();
    if (!atomic_load(&control->absent))
        return CKR_OK;
    close_sessions();
    return about->has_slot && fault_is_absent(about->slot) && about->call != FAULTY_C_GetSlotInfo
               ? CKR_TOKEN_NOT_PRESENT
               : CKR_OK;
}

/* What becomes of the token or the module just before the call. */
static void change_state(enum faulty_kind kind)
{
    if (kind == FAULTY_DROPS)
        atomic_store(&control->drop_sessions, true);
    else if (kind == FAULTY_FORGETS)
        atomic_store(&control->forget, true);
    else if (kind == FAULTY_LEAVES)
        atomic_store(&control->absent, true);
}

/* What is wrong with this call: of a mixture the number of the call decides, so that it repeats. */
static enum faulty_kind kind_now(void)
{
    static const enum faulty_kind mixed[] = {
        FAULTY_LENGTH_ZERO,  FAULTY_GARBAGE,     FAULTY_LENGTH_NONE, FAULTY_BINARY,
        FAULTY_LENGTH_WRAPS, FAULTY_LENGTH_HUGE, FAULTY_OTHER_TYPE,  FAULTY_ENDLESS,
        FAULTY_LENGTH_SHORT, FAULTY_LENGTH_LONG,
    };
    enum faulty_kind kind = (enum faulty_kind)atomic_load(&control->kind);
    unsigned mix = atomic_load(&control->total) * 2654435761u;

    return kind != FAULTY_MIXED ? kind : mixed[(mix >> 16) % (sizeof(mixed) / sizeof(mixed[0]))];
}

static struct fault decide(const struct about *about)
{
    struct fault fault = {0};

    count(about);
    block(about);
    reentry_at_call();
    fault.hit = is_ours(about) && is_chosen(about->call);
    if (fault.hit) {
        (void)atomic_fetch_add(&control->hits, 1);
        fault.kind = kind_now();
        change_state(fault.kind);
    }
    fault.rv = state_refuses(about);
    fault.stop = fault.rv != CKR_OK;
    if (!fault.hit || fault.kind >= FAULTY_DROPS)
        return fault;
    fault.lies = fault.kind != FAULTY_FAILS && fault.kind != FAULTY_FAILS_AFTER;
    if (fault.kind == FAULTY_FAILS || fault.kind == FAULTY_UNWRITTEN) {
        fault.stop = true;
        fault.lies = false;
        fault.rv = fault.kind == FAULTY_FAILS ? atomic_load(&control->code) : CKR_OK;
    }
    return fault;
}

/* fault_end() goes out again. */
static struct fault begin(const struct about *about)
{
    struct fault fault = decide(about);

    (void)pthread_rwlock_rdlock(&inside);
    return fault;
}

struct fault fault_begin(enum faulty_call call)
{
    (void)faulty_p11_control();
    return begin(&(struct about){.call = call});
}

struct fault fault_begin_slot(enum faulty_call call, CK_SLOT_ID slot)
{
    (void)faulty_p11_control();
    return begin(&(struct about){call, true, slot});
}

struct fault fault_begin_session(enum faulty_call call, CK_SESSION_HANDLE session)
{
    struct about about = {.call = call};

    (void)faulty_p11_control();
    about.has_slot = underneath_slot_of(session, &about.slot);
    return begin(&about);
}

CK_RV fault_end(const struct fault *fault, CK_RV rv)
{
    (void)pthread_rwlock_unlock(&inside);
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
    case FAULTY_LENGTH_NONE:
        *length = CK_UNAVAILABLE_INFORMATION;
        break;
    case FAULTY_LENGTH_WRAPS:
        *length = (CK_ULONG)1 << (8 * sizeof(CK_ULONG) - 1);
        break;
    default:
        lie_bytes(fault, bytes, len);
        break;
    }
}

/* An escape sequence, C1's, a bidirectional override, an overlong NUL, and half a character. */
void lie_text(const struct fault *fault, void *bytes, size_t len)
{
    static const char nasty[] = "\x1b[2J\x9b\n\r\xe2\x80\xae\xc0\x80\xff\x7f\0\xe2\x82";
    unsigned char *out = bytes;

    for (size_t i = 0; fault->kind == FAULTY_BINARY && bytes != NULL && i < len; i++)
        out[i] = (unsigned char)nasty[i % (sizeof(nasty) - 1)];
}

void lie_attributes(const struct fault *fault, CK_ATTRIBUTE *template, CK_ULONG count)
{
    /* of the older lies the first attribute is enough */
    CK_ULONG most = fault->kind == FAULTY_LENGTH_NONE || fault->kind == FAULTY_LENGTH_WRAPS ||
                            fault->kind == FAULTY_BINARY || fault->kind == FAULTY_OTHER_TYPE
                        ? count
                        : 1;

    for (CK_ULONG i = 0; i < most; i++) {
        if (fault->kind == FAULTY_OTHER_TYPE)
            template[i].type ^= CKA_VENDOR_DEFINED;
        if (template[i].type == CKA_LABEL && template[i].ulValueLen != CK_UNAVAILABLE_INFORMATION)
            lie_text(fault, template[i].pValue, template[i].ulValueLen);
        lie_length(fault, template[i].pValue, template[i].ulValueLen, &template[i].ulValueLen);
    }
}

void lie_found(const struct fault *fault, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count)
{
    if (fault->kind != FAULTY_ENDLESS) {
        lie_length(fault, objects, sizeof(*objects) * *count, count);
        return;
    }
    for (CK_ULONG i = *count; i < most; i++) /* more of the last, or of what may be there */
        objects[i] = i > 0 ? objects[i - 1] : 1;
    *count = most;
}
