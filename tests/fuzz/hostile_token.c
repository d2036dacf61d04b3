/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile_token.h"

#include <p11-kit/p11-kit.h>
#include <string.h>

#include "hostile_state.h"

struct hostile_state hostile;

/* ---- what is answered ---- */

static const CK_RV codes[] = {
    CKR_GENERAL_ERROR,
    CKR_DEVICE_ERROR,
    CKR_FUNCTION_FAILED,
    CKR_HOST_MEMORY,
    CKR_SESSION_HANDLE_INVALID,
    CKR_SESSION_CLOSED,
    CKR_SESSION_COUNT,
    CKR_DEVICE_REMOVED,
    CKR_TOKEN_NOT_PRESENT,
    CKR_USER_NOT_LOGGED_IN,
    CKR_CRYPTOKI_NOT_INITIALIZED,
    CKR_BUFFER_TOO_SMALL,
    CKR_KEY_HANDLE_INVALID,
    CKR_OBJECT_HANDLE_INVALID,
    CKR_ATTRIBUTE_TYPE_INVALID,
    CKR_ATTRIBUTE_SENSITIVE,
    CKR_MECHANISM_INVALID,
    CKR_MECHANISM_PARAM_INVALID,
    CKR_ARGUMENTS_BAD,
    CKR_ENCRYPTED_DATA_INVALID,
    CKR_WRAPPED_KEY_INVALID,
    CKR_DATA_LEN_RANGE,
    CKR_KEY_FUNCTION_NOT_PERMITTED,
    CKR_KEY_NOT_WRAPPABLE,
    CKR_TEMPLATE_INCOMPLETE,
    CKR_TEMPLATE_INCONSISTENT,
    CKR_ATTRIBUTE_READ_ONLY,
    CKR_TOKEN_WRITE_PROTECTED,
    CKR_SLOT_ID_INVALID,
    CKR_TOKEN_NOT_RECOGNIZED,
    CKR_OPERATION_ACTIVE,
    CKR_OPERATION_NOT_INITIALIZED,
    CKR_PIN_LOCKED,
    CKR_USER_ALREADY_LOGGED_IN,
    CKR_CRYPTOKI_ALREADY_INITIALIZED,
    CKR_FUNCTION_NOT_SUPPORTED,
    CKR_FUNCTION_CANCELED,
    ENV_CKR_AEAD_DECRYPT_FAILED,
    CKR_WRAPPING_KEY_HANDLE_INVALID,
    CKR_UNWRAPPING_KEY_HANDLE_INVALID,
    CKR_DEVICE_MEMORY,
    CKR_CANT_LOCK,
    CKR_VENDOR_DEFINED | 7,
    0x7FFFFFFFUL,
};

#define CODES (sizeof(codes) / sizeof(codes[0]))

CK_RV hostile_answer(unsigned *lie)
{
    uint8_t byte = fuzz_byte(&hostile.in);

    *lie = 0;
    if (byte < 0x80)
        return CKR_OK;
    hostile.lies++;
    if (byte >= 0xC0) {
        *lie = byte;
        return CKR_OK;
    }
    return codes[(byte & 0x3F) % CODES];
}

void hostile_invent(void *out, size_t len)
{
    uint8_t *to = out;

    for (size_t i = 0; i < len; i++)
        to[i] = fuzz_byte(&hostile.in);
}

CK_ULONG hostile_wrong(CK_ULONG truth)
{
    uint8_t byte = fuzz_byte(&hostile.in);

    if (byte < 32)
        return truth - 16 + byte;
    if (byte < 128)
        return byte;
    if (byte < 192)
        return (CK_ULONG)1 << (byte - 128);
    return byte < 224 ? (CK_ULONG)byte << 8 : (CK_ULONG)-1 - (byte - 224u);
}

/* ---- the module, its slots and its sessions ---- */

static CK_RV initialize(void *args)
{
    unsigned lie;
    CK_RV rv = hostile_answer(&lie);

    (void)args;
    hostile.muddled = hostile.muddled || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED;
    hostile.initialised += rv == CKR_OK ? 1 : 0;
    return rv;
}

/* It has ended whatever it answers. */
static CK_RV finalize(void *reserved)
{
    unsigned lie;

    (void)reserved;
    FUZZ_DEMAND(hostile.initialised > 0 || hostile.muddled);
    if (hostile.initialised > 0 && --hostile.initialised > 0)
        return hostile_answer(&lie);
    for (CK_SESSION_HANDLE i = 0; i < HOSTILE_SESSIONS; i++) {
        hostile.open[i] = false;
        hostile_forget_session(HOSTILE_FIRST_SESSION + i);
    }
    hostile.opened = 0;
    return hostile_answer(&lie);
}

static void pad(CK_UTF8CHAR *field, size_t len, const char *text)
{
    memset(field, ' ', len);
    memcpy(field, text, strlen(text));
}

static CK_RV get_info(CK_INFO *info)
{
    unsigned lie;
    CK_RV rv = hostile_answer(&lie);

    hostile.muddled = hostile.muddled || rv == CKR_CRYPTOKI_NOT_INITIALIZED;
    if (rv != CKR_OK)
        return rv;
    pad(info->manufacturerID, sizeof(info->manufacturerID), "hostile");
    pad(info->libraryDescription, sizeof(info->libraryDescription), "hostile");
    if (lie != 0)
        hostile_invent(info, sizeof(*info));
    return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_ULONG room = *count;
    CK_ULONG there = (hostile.profile & HOSTILE_TWO_TOKENS) != 0 ? 2 : 1;
    HOSTILE_BEGIN;

    (void)present;
    for (CK_ULONG i = 0; slots != NULL && i < there && i < room; i++)
        slots[i] = lie != 0 ? fuzz_byte(&hostile.in) : i;
    *count = there;
    if (lie != 0) {
        *count = hostile_wrong(there);
        if (*count > 100 && *count < 1000000) /* each is looked at, over and over */
            *count = 100;
    }
    return CKR_OK;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    HOSTILE_BEGIN;
    (void)slot;
    pad(info->slotDescription, sizeof(info->slotDescription), "slot");
    pad(info->manufacturerID, sizeof(info->manufacturerID), "hostile");
    info->flags = CKF_TOKEN_PRESENT;
    if (lie != 0)
        hostile_invent(info, sizeof(*info));
    return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    HOSTILE_BEGIN;
    memset(info, 0, sizeof(*info));
    pad(info->label, sizeof(info->label), "hostile");
    pad(info->manufacturerID, sizeof(info->manufacturerID), "nobody");
    pad(info->model, sizeof(info->model), "none");
    pad(info->serialNumber, sizeof(info->serialNumber), slot == 0 ? "1" : "2");
    info->flags = CKF_TOKEN_INITIALIZED | CKF_RNG | CKF_USER_PIN_INITIALIZED;
    if ((hostile.profile & HOSTILE_NO_LOGIN) == 0)
        info->flags |= CKF_LOGIN_REQUIRED;
    if ((lie & 1) != 0)
        info->flags ^= (CK_FLAGS)1 << fuzz_byte(&hostile.in) % 24;
    if ((lie & 2) != 0) {
        hostile_invent(info->label, sizeof(info->label));
        hostile_invent(info->model, sizeof(info->model));
        hostile_invent(info->serialNumber, 1 + fuzz_byte(&hostile.in) % 16);
    }
    return CKR_OK;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    bool wrap = (hostile.profile & HOSTILE_BY_WRAP_KEY) != 0;
    unsigned without = type == CKM_AES_KEY_WRAP ? HOSTILE_NO_KW
                       : type == CKM_AES_GCM    ? HOSTILE_NO_GCM
                                                : 0;
    HOSTILE_BEGIN;

    (void)slot;
    if (type == ENV_CKM_AES_KEY_WRAP_KWP || type == CKM_AES_KEY_WRAP_PAD)
        without = HOSTILE_NO_KWP;
    if (lie != 0) {
        info->flags = ((lie & 1) != 0 ? CKF_ENCRYPT : 0) | ((lie & 2) != 0 ? CKF_DECRYPT : 0) |
                      ((lie & 4) != 0 ? CKF_WRAP : 0) | ((lie & 8) != 0 ? CKF_UNWRAP : 0);
        return CKR_OK;
    }
    if ((hostile.profile & without) != 0)
        return CKR_MECHANISM_INVALID;
    info->flags = wrap ? CKF_WRAP | CKF_UNWRAP : CKF_ENCRYPT | CKF_DECRYPT;
    if (type == CKM_AES_KEY_GEN)
        info->flags = CKF_GENERATE;
    if (type == CKM_RSA_PKCS_KEY_PAIR_GEN)
        info->flags = CKF_GENERATE_KEY_PAIR;
    return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *arg, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    HOSTILE_BEGIN;
    (void)slot;
    (void)flags;
    (void)arg;
    (void)notify;
    if (lie != 0) {
        hostile.opened++;
        *session = fuzz_byte(&hostile.in);
        return CKR_OK;
    }
    for (CK_SESSION_HANDLE i = 0; i < HOSTILE_SESSIONS; i++) {
        if (!hostile.open[i]) {
            hostile.open[i] = true;
            *session = HOSTILE_FIRST_SESSION + i;
            return CKR_OK;
        }
    }
    return CKR_SESSION_COUNT;
}

/* It is closed whatever it answers. */
static CK_RV close_session(CK_SESSION_HANDLE session)
{
    if (session >= HOSTILE_FIRST_SESSION && session < HOSTILE_FIRST_SESSION + HOSTILE_SESSIONS) {
        FUZZ_DEMAND(hostile.open[session - HOSTILE_FIRST_SESSION] || hostile.muddled);
        hostile.open[session - HOSTILE_FIRST_SESSION] = false;
    } else {
        FUZZ_DEMAND(hostile.opened > 0 || hostile.muddled);
        hostile.opened -= hostile.opened > 0 ? 1 : 0;
    }
    hostile_forget_session(session);
    {
        HOSTILE_BEGIN;
        (void)lie;
    }
    return CKR_OK;
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    HOSTILE_BEGIN;
    (void)session;
    info->state = CKS_RO_USER_FUNCTIONS;
    if (lie != 0)
        info->state = fuzz_byte(&hostile.in);
    return CKR_OK;
}

/* Codes that mean a wrong PIN are not among the answers: they hold for as long as the process. */
static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    HOSTILE_BEGIN;
    (void)session;
    (void)lie;
    FUZZ_DEMAND(user == CKU_USER || user == CKU_CONTEXT_SPECIFIC);
    FUZZ_DEMAND(pin == NULL ||
                (len == sizeof(HOSTILE_PIN) - 1 && memcmp(pin, HOSTILE_PIN, len) == 0));
    return CKR_OK;
}

static CK_RV generate_random(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len)
{
    HOSTILE_BEGIN;
    (void)session;
    memset(bytes, 0x11, len);
    if (lie != 0)
        hostile_invent(bytes, len);
    return CKR_OK;
}

/* ---- the list ---- */

static CK_FUNCTION_LIST functions;

/* Takes the place of p11-kit's: whatever module is asked for, it is this one. */
CK_FUNCTION_LIST *p11_kit_module_load(const char *path, int flags)
{
    (void)path;
    (void)flags;
    functions = (CK_FUNCTION_LIST){
        .version = {2, 40},
        .C_Initialize = initialize,
        .C_Finalize = finalize,
        .C_GetInfo = get_info,
        .C_GetSlotList = get_slot_list,
        .C_GetSlotInfo = get_slot_info,
        .C_GetTokenInfo = get_token_info,
        .C_GetMechanismInfo = get_mechanism_info,
        .C_OpenSession = open_session,
        .C_CloseSession = close_session,
        .C_GetSessionInfo = get_session_info,
        .C_Login = login,
        .C_GenerateRandom = generate_random,
    };
    hostile_objects_functions(&functions);
    hostile_use_functions(&functions);
    return &functions;
}

void p11_kit_module_release(CK_FUNCTION_LIST *module)
{
    FUZZ_DEMAND(module == &functions);
}

/* ---- for the target ---- */

void hostile_begin(unsigned profile, struct fuzz_input in)
{
    memset(hostile.open, 0, sizeof(hostile.open));
    for (size_t i = 0; i < HOSTILE_OBJECTS; i++)
        hostile.objects[i].there = false;
    hostile.profile = profile;
    hostile.in = in;
    hostile.lies = 0;
    hostile.initialised = 0;
    hostile.muddled = false;
    hostile.opened = 0;
    hostile.finding = false;
    hostile.found_count = 0;
}

unsigned hostile_lies(void)
{
    return hostile.lies;
}

void hostile_check_end(void)
{
    FUZZ_DEMAND(hostile.initialised == 0 || hostile.muddled);
    for (size_t i = 0; i < HOSTILE_SESSIONS; i++)
        FUZZ_DEMAND(!hostile.open[i] || hostile.muddled);
    FUZZ_DEMAND(hostile.opened == 0 || hostile.muddled);
}
