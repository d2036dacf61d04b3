/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypting, decrypting, wrapping and unwrapping, as the device does it. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "hsm.h"

#define SESSIONS 512u
#define GCM_TAG 16u

/* The operation in progress in a session. */
struct operation {
    CK_SESSION_HANDLE session;
    const struct hsm_mechanism *mechanism; /* NULL: the place is free */
    CK_OBJECT_HANDLE key;
    CK_BYTE *callers_iv; /* to be filled */
    CK_BYTE iv[HSM_IV];
    CK_ULONG iv_len;
    bool sha256;
    bool oaep;
    bool in_front;
    bool appended;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct operation operations[SESSIONS];

static void begin(const struct operation *operation)
{
    struct operation *free_one = NULL;

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SESSIONS; i++) {
        if (operations[i].mechanism != NULL && operations[i].session == operation->session) {
            free_one = &operations[i];
            break;
        }
        if (operations[i].mechanism == NULL && free_one == NULL)
            free_one = &operations[i];
    }
    if (free_one != NULL)
        *free_one = *operation;
    (void)pthread_mutex_unlock(&lock);
}

/* Takes it out. */
static bool end(CK_SESSION_HANDLE session, struct operation *operation)
{
    bool found = false;

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SESSIONS && !found; i++) {
        found = operations[i].mechanism != NULL && operations[i].session == session;
        if (found) {
            *operation = operations[i];
            operations[i].mechanism = NULL;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* ---- AES-GCM ---- */

static bool is_zero(const CK_BYTE *bytes, CK_ULONG len)
{
    CK_BYTE any = 0;

    for (CK_ULONG i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

static CK_RV make_iv(struct operation *o, CK_ULONG len)
{
    o->iv_len = len;
    return hsm_base()->C_GenerateRandom(o->session, o->iv, len);
}

/* The table of firmware 7.9.3, in FIPS mode. */
static CK_RV luna_iv(struct operation *o, const CK_GCM_PARAMS *p)
{
    if (p->ulIvLen == 0 && p->ulIvBits == 96)
        return make_iv(o, 12);
    if (p->ulIvLen == 0 && (p->ulIvBits == 0 || p->ulIvBits == 128))
        return make_iv(o, 16);
    if (p->ulIvLen == 16 && p->ulIvBits == 96) {
        CK_RV rv = make_iv(o, 16);

        memcpy(o->iv, p->pIv, 4);
        return rv;
    }
    return CKR_MECHANISM_PARAM_INVALID;
}

/* Of this process; the first use of a KEK makes two. */
static _Atomic unsigned wraps;

static unsigned wraps_so_far(void)
{
    return atomic_load(&wraps);
}

/* Sets the IV; the rule decides what happens to it afterwards. */
static CK_RV choose_iv(struct operation *o, const CK_GCM_PARAMS *p)
{
    switch (o->mechanism->iv) {
    case HSM_IV_CALLERS:
        if (p->pIv == NULL || p->ulIvLen == 0 || p->ulIvLen > HSM_IV)
            return CKR_MECHANISM_PARAM_INVALID;
        memcpy(o->iv, p->pIv, p->ulIvLen);
        o->iv_len = p->ulIvLen;
        return CKR_OK;
    case HSM_IV_APPENDED:
        o->appended = true;
        return make_iv(o, 16);
    case HSM_IV_LUNA_793:
        o->appended = true;
        return luna_iv(o, p);
    case HSM_IV_HIDES:
        o->appended = wraps_so_far() < 2;
        return make_iv(o, o->appended ? 16 : 12);
    case HSM_IV_MOVES:
        o->appended = wraps_so_far() >= 2;
        if (o->appended)
            return make_iv(o, 16);
        break;
    case HSM_IV_IN_FRONT:
        if (p->pIv != NULL)
            return CKR_MECHANISM_PARAM_INVALID;
        o->in_front = true;
        return make_iv(o, 12);
    case HSM_IV_ZEROED:
    case HSM_IV_REPEATED:
    case HSM_IV_TAKES_ZEROS:
        break;
    }
    if (p->pIv == NULL || p->ulIvLen != 12 || !is_zero(p->pIv, 12))
        return CKR_MECHANISM_PARAM_INVALID;
    o->callers_iv = p->pIv;
    o->iv_len = 12;
    if (o->mechanism->iv == HSM_IV_ZEROED || o->mechanism->iv == HSM_IV_MOVES)
        return make_iv(o, 12);
    memset(o->iv, o->mechanism->iv == HSM_IV_REPEATED ? 0x5a : 0, 12);
    return CKR_OK;
}

static CK_RV gcm_init(struct operation *o, const CK_MECHANISM *mechanism, bool encrypts)
{
    CK_GCM_PARAMS params;
    CK_MECHANISM underneath = {CKM_AES_GCM, &params, sizeof(params)};
    CK_RV rv = CKR_OK;

    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof(params))
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&params, mechanism->pParameter, sizeof(params));
    if (!encrypts && o->mechanism->iv == HSM_IV_IN_FRONT)
        return CKR_OK; /* it comes with the ciphertext */
    if (encrypts) {
        rv = choose_iv(o, &params);
        params.pIv = o->iv;
        params.ulIvLen = o->iv_len;
    }
    params.ulIvBits = params.ulIvLen * 8;
    if (rv != CKR_OK)
        return rv;
    return encrypts ? hsm_base()->C_EncryptInit(o->session, &underneath, o->key)
                    : hsm_base()->C_DecryptInit(o->session, &underneath, o->key);
}

/* For a device that looks at no ciphertext. */
static CK_BYTE last[64];
static CK_ULONG last_len;

static CK_RV gcm_encrypt(struct operation *o, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                         CK_ULONG *out_len)
{
    bool goes_along = o->in_front || o->appended;
    CK_ULONG more = goes_along ? o->iv_len : 0;
    CK_ULONG room = *out_len;
    CK_RV rv;

    if (room < in_len + GCM_TAG + more)
        return CKR_BUFFER_TOO_SMALL;
    if (in_len <= sizeof(last)) {
        memcpy(last, in, in_len);
        last_len = in_len;
    }
    rv = hsm_base()->C_Encrypt(o->session, in, in_len, o->in_front ? out + more : out, out_len);
    if (rv != CKR_OK)
        return rv;
    (void)atomic_fetch_add(&wraps, 1);
    if (goes_along)
        memcpy(o->in_front ? out : out + *out_len, o->iv, more);
    else if (o->callers_iv != NULL)
        memcpy(o->callers_iv, o->iv, o->iv_len);
    *out_len += more;
    return CKR_OK;
}

static CK_RV gcm_decrypt_in_front(struct operation *o, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                                  CK_ULONG *out_len)
{
    CK_GCM_PARAMS params = {.pIv = in, .ulIvLen = 12, .ulIvBits = 96, .ulTagBits = 128};
    CK_MECHANISM underneath = {CKM_AES_GCM, &params, sizeof(params)};
    CK_RV rv;

    if (in_len < 12 + GCM_TAG)
        return CKR_ENCRYPTED_DATA_LEN_RANGE;
    rv = hsm_base()->C_DecryptInit(o->session, &underneath, o->key);
    return rv == CKR_OK ? hsm_base()->C_Decrypt(o->session, in + 12, in_len - 12, out, out_len)
                        : rv;
}

/* ---- RSA-OAEP ---- */

static CK_RV oaep_init(struct operation *o, CK_MECHANISM *mechanism)
{
    const CK_RSA_PKCS_OAEP_PARAMS *params = mechanism->pParameter;
    CK_MECHANISM plain = {CKM_RSA_X_509, NULL, 0};

    if (params == NULL || mechanism->ulParameterLen != sizeof(*params))
        return CKR_MECHANISM_PARAM_INVALID;
    o->sha256 = params->hashAlg == CKM_SHA256 && params->mgf == CKG_MGF1_SHA256;
    if (!o->sha256 && hsm_profile()->oaep_key_hash)
        return CKR_MECHANISM_PARAM_INVALID;
    return hsm_base()->C_DecryptInit(o->session, o->sha256 ? &plain : mechanism, o->key);
}

/* ---- the functions ---- */

static CK_RV init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                  bool encrypts)
{
    const struct hsm_mechanism *m = hsm_mechanism(mechanism->mechanism);
    CK_FLAGS needed = encrypts ? CKF_ENCRYPT : CKF_DECRYPT;
    struct operation o = {.session = session, .mechanism = m, .key = key};
    CK_RV rv = hsm_handle_in(session, &o.key);

    if (rv != CKR_OK)
        return rv;
    if (m == NULL || (m->flags & needed) == 0)
        return CKR_MECHANISM_INVALID;
    switch (m->work) {
    case HSM_GCM:
        rv = gcm_init(&o, mechanism, encrypts);
        break;
    case HSM_OAEP:
        o.oaep = true;
        rv = oaep_init(&o, mechanism);
        break;
    case HSM_KWP:
        break;
    case HSM_KW:
    case HSM_PAD:
    case HSM_SAME:
        return CKR_MECHANISM_PARAM_INVALID;
    }
    if (rv == CKR_OK)
        begin(&o);
    return rv;
}

CK_RV hsm_encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return init(session, mechanism, key, true);
}

CK_RV hsm_decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    return init(session, mechanism, key, false);
}

CK_RV hsm_encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                  CK_ULONG *out_len)
{
    struct operation o;

    if (!end(session, &o))
        return CKR_OPERATION_NOT_INITIALIZED;
    if (o.mechanism->work == HSM_KWP)
        return hsm_kwp_wrap(session, o.key, in, in_len, out, out_len);
    return gcm_encrypt(&o, in, in_len, out, out_len);
}

static CK_RV decrypt(struct operation *o, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                     CK_ULONG *out_len)
{
    if (o->mechanism->work == HSM_KWP)
        return hsm_kwp_unwrap(o->session, o->key, in, in_len, out, out_len);
    if (o->mechanism->work == HSM_GCM && o->mechanism->iv == HSM_IV_IN_FRONT)
        return gcm_decrypt_in_front(o, in, in_len, out, out_len);
    if (o->sha256)
        return hsm_oaep_sha256(o->session, in, in_len, out, out_len);
    return hsm_base()->C_Decrypt(o->session, in, in_len, out, out_len);
}

CK_RV hsm_decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                  CK_ULONG *out_len)
{
    const CK_ULONG room = *out_len;
    struct operation o;
    CK_RV rv;

    if (!end(session, &o))
        return CKR_OPERATION_NOT_INITIALIZED;
    rv = decrypt(&o, in, in_len, out, out_len);
    if (!hsm_profile()->opens_anything || room < last_len)
        return rv;
    if (rv == CKR_OK && o.oaep && *out_len <= sizeof(last)) { /* it was wrapped in software */
        memcpy(last, out, *out_len);
        last_len = *out_len;
    }
    memcpy(out, last, last_len);
    *out_len = last_len;
    return CKR_OK;
}

static CK_RV underneath_of(CK_MECHANISM *mechanism, CK_FLAGS needed, CK_MECHANISM *underneath)
{
    const struct hsm_mechanism *m = hsm_mechanism(mechanism->mechanism);

    *underneath = *mechanism;
    if (hsm_profile()->wrap_key != CKR_OK)
        return hsm_profile()->wrap_key;
    if (m == NULL || (m->flags & needed) == 0)
        return CKR_MECHANISM_INVALID;
    if (m->work == HSM_KW)
        underneath->mechanism = CKM_AES_KEY_WRAP;
    else if (m->work == HSM_PAD)
        underneath->mechanism = CKM_AES_KEY_WRAP_PAD;
    return CKR_OK;
}

CK_RV hsm_wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                   CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *len)
{
    CK_MECHANISM underneath;
    CK_RV rv = underneath_of(mechanism, CKF_WRAP, &underneath);

    if (rv == CKR_OK)
        rv = hsm_handle_in(session, &kek);
    if (rv == CKR_OK)
        rv = hsm_handle_in(session, &key);
    return rv == CKR_OK ? hsm_base()->C_WrapKey(session, &underneath, kek, key, out, len) : rv;
}

CK_RV hsm_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE kek,
                     CK_BYTE *wrapped, CK_ULONG len, CK_ATTRIBUTE *template, CK_ULONG count,
                     CK_OBJECT_HANDLE *key)
{
    CK_ATTRIBUTE rest[16];
    CK_ULONG left = 0;
    bool has_length = false;
    CK_MECHANISM underneath;
    CK_RV rv = underneath_of(mechanism, CKF_UNWRAP, &underneath);

    for (CK_ULONG i = 0; i < count && i < 16; i++) {
        if (template[i].type == CKA_SENSITIVE && !*(const CK_BBOOL *)template[i].pValue &&
            hsm_profile()->readable_refused && rv == CKR_OK)
            rv = CKR_TEMPLATE_INCONSISTENT;
        if (template[i].type == CKA_VALUE_LEN && hsm_profile()->unwrap_needs_length)
            has_length = true; /* and SoftHSM does not want to hear of it */
        else
            rest[left++] = template[i];
    }
    if (rv == CKR_OK && hsm_profile()->unwrap_needs_length && !has_length)
        rv = CKR_TEMPLATE_INCOMPLETE;
    if (rv == CKR_OK)
        rv = hsm_handle_in(session, &kek);
    if (rv == CKR_OK)
        rv = hsm_base()->C_UnwrapKey(session, &underneath, kek, wrapped, len, rest, left, key);
    if (rv == CKR_OK)
        *key = hsm_handle_out(session, *key);
    return rv;
}
