/* SPDX-License-Identifier: Apache-2.0 */
#include "p11_shim.h"

#include <check.h>
#include <dlfcn.h>
#include <p11-kit/p11-kit.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MECHANISMS_MAX 4

struct shim {
    bool on;
    atomic_uint counts[SHIM_FUNCTIONS];
    atomic_uint failures[SHIM_FUNCTIONS];
    atomic_uint good_before[SHIM_FUNCTIONS];
    _Atomic CK_RV failure_codes[SHIM_FUNCTIONS];
    atomic_bool corrupt[SHIM_FUNCTIONS];
    unsigned delay;
    bool (*inside)(void);
    atomic_bool outside;
    CK_FLAGS add;
    CK_FLAGS remove;
    CK_FLAGS add_when_login_fails;
    unsigned lock_after;
    atomic_uint *wrong_pins; /* shared with children */
    size_t mechanism_count;
    CK_MECHANISM_TYPE mechanisms[MECHANISMS_MAX];
    CK_FLAGS mechanism_flags[MECHANISMS_MAX];
    bool hiding;
    CK_ATTRIBUTE_TYPE hidden;
    bool measuring;
    CK_ATTRIBUTE_TYPE unmeasured;
    CK_ATTRIBUTE_TYPE lengthened;
    _Atomic CK_ULONG lengthen_by;
    bool refusing;
    CK_ATTRIBUTE_TYPE refused;
    CK_ULONG template_max;
    bool all_private;
    atomic_uint private_objects;
    void (*_Atomic what)(void);
    bool own_nonce;
    atomic_uint nonces;
    bool null_pin;
    bool nuls;
    atomic_uint logins_for_use;
    unsigned session_limit;
    atomic_uint sessions;
    CK_ULONG slot_count;
};

static struct shim shim;
static atomic_uint period = 1; /* from one shim_forget_counts to the next */
static atomic_uint threads;    /* that called in it */
static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST fake;

void shim_reset(void)
{
    memset(&shim, 0, sizeof(shim));
}

void shim_pad_with_nuls(void)
{
    shim.nuls = true;
}

unsigned shim_logins_for_use(void)
{
    return shim.logins_for_use;
}

static void pad_with_nuls(CK_UTF8CHAR *text, size_t len)
{
    for (; len > 0 && text[len - 1] == ' '; len--)
        text[len - 1] = 0;
}

void shim_on(void)
{
    shim.on = true;
}

unsigned shim_count(enum shim_function function)
{
    return atomic_load(&shim.counts[function]);
}

unsigned shim_total(void)
{
    unsigned total = 0;

    for (int i = 0; i < SHIM_FUNCTIONS; i++)
        total += atomic_load(&shim.counts[i]);
    return total;
}

void shim_forget_counts(void)
{
    for (int i = 0; i < SHIM_FUNCTIONS; i++)
        atomic_store(&shim.counts[i], 0);
    atomic_store(&threads, 0);
    atomic_fetch_add(&period, 1);
}

unsigned shim_threads(void)
{
    return atomic_load(&threads);
}

void shim_fail(enum shim_function function, CK_RV rv, unsigned times)
{
    shim_fail_later(function, 0, rv, times);
}

void shim_fail_later(enum shim_function function, unsigned good_before, CK_RV rv, unsigned times)
{
    shim.failure_codes[function] = rv;
    atomic_store(&shim.good_before[function], good_before);
    atomic_store(&shim.failures[function], times);
}

unsigned shim_failures_left(enum shim_function function)
{
    return atomic_load(&shim.failures[function]);
}

void shim_corrupt_next(enum shim_function function)
{
    atomic_store(&shim.corrupt[function], true);
}

void shim_delay_us(unsigned us)
{
    shim.delay = us;
}

void shim_do_inside(void (*what)(void))
{
    atomic_store(&shim.what, what);
}

void shim_expect_inside(bool (*inside)(void))
{
    shim.inside = inside;
}

bool shim_was_called_outside(void)
{
    return atomic_load(&shim.outside);
}

void shim_token_flags(CK_FLAGS add, CK_FLAGS remove)
{
    shim.add = add;
    shim.remove = remove;
}

void shim_token_flags_when_login_fails(CK_FLAGS add)
{
    shim.add_when_login_fails = add;
}

void shim_mechanism(CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
    shim.mechanisms[shim.mechanism_count] = type;
    shim.mechanism_flags[shim.mechanism_count++] = flags;
}

void shim_hide_attribute(CK_ATTRIBUTE_TYPE type)
{
    shim.hiding = true;
    shim.hidden = type;
}

void shim_no_length_of(CK_ATTRIBUTE_TYPE type)
{
    shim.measuring = true;
    shim.unmeasured = type;
}

void shim_lengthen_next(CK_ATTRIBUTE_TYPE type, CK_ULONG by)
{
    shim.lengthened = type;
    atomic_store(&shim.lengthen_by, by);
}

void shim_pair_refuses(CK_ATTRIBUTE_TYPE type)
{
    shim.refusing = true;
    shim.refused = type;
}

void shim_unwrap_template_max(CK_ULONG count)
{
    shim.template_max = count;
}

void shim_no_public_objects(void)
{
    shim.all_private = true;
}

unsigned shim_private_objects(void)
{
    return atomic_load(&shim.private_objects);
}

void shim_gcm_chooses_nonce(void)
{
    shim.own_nonce = true;
}

void shim_expect_null_pin(void)
{
    shim.null_pin = true;
}

void shim_session_limit(unsigned limit)
{
    shim.session_limit = limit;
}

void shim_slot_count(CK_ULONG count)
{
    shim.slot_count = count;
}

CK_FUNCTION_LIST *shim_real(void)
{
    return real;
}

/* A thread that calls for the first time since shim_forget_counts. */
static void count_thread(void)
{
    static _Thread_local unsigned called_in;
    unsigned now = atomic_load(&period);

    if (called_in != now)
        atomic_fetch_add(&threads, 1);
    called_in = now;
}

/* Counts the call; true when it is to fail. */
static bool stopped(enum shim_function function)
{
    unsigned good_before = atomic_load(&shim.good_before[function]);
    unsigned left = atomic_load(&shim.failures[function]);
    void (*what)(void) = atomic_exchange(&shim.what, NULL);

    if (what != NULL)
        what();
    atomic_fetch_add(&shim.counts[function], 1);
    count_thread();
    if (shim.inside != NULL && !shim.inside())
        atomic_store(&shim.outside, true);
    if (shim.delay > 0)
        (void)usleep(shim.delay);
    while (left > 0 && good_before > 0) {
        if (atomic_compare_exchange_weak(&shim.good_before[function], &good_before,
                                         good_before - 1))
            return false;
    }
    while (left > 0) {
        if (atomic_compare_exchange_weak(&shim.failures[function], &left, left - 1))
            return true;
    }
    return false;
}

static void corrupt(enum shim_function function, CK_BYTE *bytes)
{
    if (bytes != NULL && atomic_exchange(&shim.corrupt[function], false))
        bytes[0] ^= 0x40;
}

#define STOP(function)                                                                             \
    do {                                                                                           \
        if (stopped(function))                                                                     \
            return shim.failure_codes[function];                                                   \
    } while (0)

static CK_RV initialize(void *args)
{
    STOP(SHIM_INITIALIZE);
    return real->C_Initialize(args);
}

static CK_RV finalize(void *reserved)
{
    STOP(SHIM_FINALIZE);
    atomic_store(&shim.sessions, 0);
    return real->C_Finalize(reserved);
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    STOP(SHIM_GET_SLOT_LIST);
    if (slots == NULL && shim.slot_count > 0) {
        *count = shim.slot_count;
        return CKR_OK;
    }
    return real->C_GetSlotList(present, slots, count);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv;

    STOP(SHIM_GET_TOKEN_INFO);
    rv = real->C_GetTokenInfo(slot, info);
    info->flags = (info->flags | shim.add) & ~shim.remove;
    if (shim.nuls) {
        pad_with_nuls(info->label, sizeof(info->label));
        pad_with_nuls(info->manufacturerID, sizeof(info->manufacturerID));
        pad_with_nuls(info->model, sizeof(info->model));
        pad_with_nuls(info->serialNumber, sizeof(info->serialNumber));
    }
    return rv;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    for (size_t i = 0; i < shim.mechanism_count; i++) {
        if (shim.mechanisms[i] != type)
            continue;
        memset(info, 0, sizeof(*info));
        info->flags = shim.mechanism_flags[i];
        return info->flags != 0 ? CKR_OK : CKR_MECHANISM_INVALID;
    }
    return real->C_GetMechanismInfo(slot, type, info);
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    STOP(SHIM_GET_SESSION_INFO);
    return real->C_GetSessionInfo(session, info);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    CK_RV rv;

    STOP(SHIM_OPEN_SESSION);
    if (atomic_fetch_add(&shim.sessions, 1) >= shim.session_limit && shim.session_limit > 0) {
        atomic_fetch_sub(&shim.sessions, 1);
        return CKR_SESSION_COUNT;
    }
    rv = real->C_OpenSession(slot, flags, arg, notify, session);
    if (rv != CKR_OK)
        atomic_fetch_sub(&shim.sessions, 1);
    return rv;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    STOP(SHIM_CLOSE_SESSION);
    atomic_fetch_sub(&shim.sessions, 1);
    return real->C_CloseSession(session);
}

void shim_lock_after(unsigned tries)
{
    shim.lock_after = tries;
    shim.wrong_pins = mmap(NULL, sizeof(*shim.wrong_pins), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(shim.wrong_pins != MAP_FAILED);
    atomic_init(shim.wrong_pins, 0);
}

unsigned shim_wrong_pins(void)
{
    return atomic_load(shim.wrong_pins);
}

/* SoftHSM itself never locks. */
static CK_RV login_or_lock(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
                           CK_ULONG len)
{
    CK_RV rv;

    if (atomic_load(shim.wrong_pins) >= shim.lock_after)
        return CKR_PIN_LOCKED;
    rv = real->C_Login(session, user, pin, len);
    if (rv == CKR_PIN_INCORRECT)
        (void)atomic_fetch_add(shim.wrong_pins, 1);
    return rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    if (shim_failures_left(SHIM_LOGIN) > 0)
        shim.add |= shim.add_when_login_fails;
    if (user == CKU_CONTEXT_SPECIFIC)
        shim.logins_for_use++;
    STOP(SHIM_LOGIN);
    if (shim.null_pin) {
        if (pin != NULL || len != 0)
            return CKR_ARGUMENTS_BAD;
        pin = (CK_UTF8CHAR *)(uintptr_t) "1234";
        len = 4;
    }
    return shim.lock_after > 0 ? login_or_lock(session, user, pin, len)
                               : real->C_Login(session, user, pin, len);
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    STOP(SHIM_FIND_OBJECTS_INIT);
    return real->C_FindObjectsInit(session, template, count);
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv;

    STOP(SHIM_GET_ATTRIBUTE_VALUE);
    if (shim.hiding && template->type == shim.hidden) {
        template->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    if (shim.measuring && template->type == shim.unmeasured && template->pValue == NULL)
        return CKR_DEVICE_ERROR;
    rv = real->C_GetAttributeValue(session, object, template, count);
    if (rv == CKR_OK)
        corrupt(SHIM_GET_ATTRIBUTE_VALUE, template->pValue);
    if (rv == CKR_OK && template->type == shim.lengthened)
        template->ulValueLen += atomic_exchange(&shim.lengthen_by, 0);
    return rv;
}

static CK_RV judge_privacy(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    bool private_object = false;

    for (CK_ULONG i = 0; i < count; i++)
        private_object = private_object || (template[i].type == CKA_PRIVATE &&
                                            *(const CK_BBOOL *)template[i].pValue == CK_TRUE);
    if (private_object)
        (void)atomic_fetch_add(&shim.private_objects, 1);
    return shim.all_private && !private_object ? CKR_TEMPLATE_INCONSISTENT : CKR_OK;
}

static CK_RV create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                           CK_OBJECT_HANDLE *object)
{
    CK_RV rv;

    STOP(SHIM_CREATE_OBJECT);
    rv = judge_privacy(template, count);
    return rv != CKR_OK ? rv : real->C_CreateObject(session, template, count, object);
}

static CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    STOP(SHIM_DESTROY_OBJECT);
    return real->C_DestroyObject(session, object);
}

static bool has_refused(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (shim.refusing && template[i].type == shim.refused)
            return true;
    }
    return false;
}

static CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
                               CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                               CK_OBJECT_HANDLE *private_key)
{
    STOP(SHIM_GENERATE_KEY_PAIR);
    if (has_refused(public, public_count) || has_refused(private, private_count))
        return CKR_GENERAL_ERROR;
    return real->C_GenerateKeyPair(session, mechanism, public, public_count, private, private_count,
                                   public_key, private_key);
}

static CK_RV generate_random(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len)
{
    STOP(SHIM_GENERATE_RANDOM);
    return real->C_GenerateRandom(session, bytes, len);
}

static CK_RV encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    STOP(SHIM_ENCRYPT_INIT);
    if (shim.own_nonce && mechanism->mechanism == CKM_AES_GCM) {
        CK_BYTE *iv = ((CK_GCM_PARAMS *)mechanism->pParameter)->pIv;

        memset(iv, 0x77, 12);
        iv[11] = (CK_BYTE)atomic_fetch_add(&shim.nonces, 1);
    }
    return real->C_EncryptInit(session, mechanism, key);
}

static CK_RV encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    CK_RV rv;

    STOP(SHIM_ENCRYPT);
    rv = real->C_Encrypt(session, in, in_len, out, out_len);
    if (rv == CKR_OK)
        corrupt(SHIM_ENCRYPT, out);
    return rv;
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    STOP(SHIM_DECRYPT_INIT);
    return real->C_DecryptInit(session, mechanism, key);
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    CK_RV rv;

    STOP(SHIM_DECRYPT);
    rv = real->C_Decrypt(session, in, in_len, out, out_len);
    if (rv == CKR_OK)
        corrupt(SHIM_DECRYPT, out);
    return rv;
}

static CK_RV wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                      CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *len)
{
    CK_RV rv;

    STOP(SHIM_WRAP_KEY);
    rv = real->C_WrapKey(session, mechanism, kek, key, out, len);
    if (rv == CKR_OK)
        corrupt(SHIM_WRAP_KEY, out);
    return rv;
}

static CK_RV unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                        CK_BYTE *wrapped, CK_ULONG len, CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *key)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE full[8];
    CK_RV rv;

    STOP(SHIM_UNWRAP_KEY);
    rv = judge_privacy(template, count);
    if (rv != CKR_OK)
        return rv;
    if (shim.template_max == 0)
        return real->C_UnwrapKey(session, mechanism, kek, wrapped, len, template, count, key);
    if (count > shim.template_max)
        return CKR_ATTRIBUTE_READ_ONLY;
    /* the token underneath needs the attribute */
    memcpy(full, template, count * sizeof(*template));
    full[count++] = (CK_ATTRIBUTE){CKA_EXTRACTABLE, &yes, sizeof(yes)};
    full[count++] = (CK_ATTRIBUTE){CKA_SENSITIVE, &no, sizeof(no)};
    return real->C_UnwrapKey(session, mechanism, kek, wrapped, len, full, count, key);
}

CK_FUNCTION_LIST *p11_kit_module_load(const char *path, int flags)
{
    CK_FUNCTION_LIST *(*load)(const char *, int);

    *(void **)&load = dlsym(RTLD_NEXT, "p11_kit_module_load");
    real = load(path, flags);
    if (!shim.on || real == NULL)
        return real;
    fake = *real;
    fake.C_Initialize = initialize;
    fake.C_Finalize = finalize;
    fake.C_GetSlotList = get_slot_list;
    fake.C_GetTokenInfo = get_token_info;
    fake.C_GetMechanismInfo = get_mechanism_info;
    fake.C_GetSessionInfo = get_session_info;
    fake.C_OpenSession = open_session;
    fake.C_CloseSession = close_session;
    fake.C_Login = login;
    fake.C_FindObjectsInit = find_objects_init;
    fake.C_GetAttributeValue = get_attribute_value;
    fake.C_CreateObject = create_object;
    fake.C_DestroyObject = destroy_object;
    fake.C_GenerateKeyPair = generate_key_pair;
    fake.C_GenerateRandom = generate_random;
    fake.C_EncryptInit = encrypt_init;
    fake.C_Encrypt = encrypt;
    fake.C_DecryptInit = decrypt_init;
    fake.C_Decrypt = decrypt;
    fake.C_WrapKey = wrap_key;
    fake.C_UnwrapKey = unwrap_key;
    return &fake;
}

void p11_kit_module_release(CK_FUNCTION_LIST *module)
{
    void (*release)(CK_FUNCTION_LIST *);

    *(void **)&release = dlsym(RTLD_NEXT, "p11_kit_module_release");
    release(module == &fake ? real : module);
}
