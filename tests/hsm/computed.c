/* SPDX-License-Identifier: Apache-2.0 */
/* Computes what SoftHSM does not support from what it does with the same key. */
#undef OPENSSL_NO_DEPRECATED /* OAEP's padding is not available anywhere else */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "hsm.h"

#define LONGEST 4096u

/* One block. */
static CK_RV ecb(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, bool encrypts, CK_BYTE block[16])
{
    CK_MECHANISM mechanism = {CKM_AES_ECB, NULL, 0};
    CK_FUNCTION_LIST *base = hsm_base();
    CK_BYTE out[32];
    CK_ULONG len = sizeof(out);
    CK_RV rv = encrypts ? base->C_EncryptInit(session, &mechanism, key)
                        : base->C_DecryptInit(session, &mechanism, key);

    if (rv == CKR_OK)
        rv = encrypts ? base->C_Encrypt(session, block, 16, out, &len)
                      : base->C_Decrypt(session, block, 16, out, &len);
    if (rv == CKR_OK)
        memcpy(block, out, 16);
    return rv;
}

static void add_step(CK_BYTE a[8], CK_ULONG t)
{
    for (unsigned i = 8; i-- > 0; t >>= 8)
        a[i] ^= (CK_BYTE)t;
}

/* RFC 3394, section 2.2: a and n blocks of 8 in r. */
static CK_RV steps(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *a, CK_BYTE *r,
                   CK_ULONG n)
{
    CK_BYTE block[16];

    for (CK_ULONG t = 1; t <= 6 * n; t++) {
        CK_BYTE *at = r + 8 * ((t - 1) % n);
        CK_RV rv;

        memcpy(block, a, 8);
        memcpy(block + 8, at, 8);
        rv = ecb(session, key, true, block);
        if (rv != CKR_OK)
            return rv;
        memcpy(a, block, 8);
        add_step(a, t);
        memcpy(at, block + 8, 8);
    }
    return CKR_OK;
}

static CK_RV steps_back(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *a, CK_BYTE *r,
                        CK_ULONG n)
{
    CK_BYTE block[16];

    for (CK_ULONG t = 6 * n; t > 0; t--) {
        CK_BYTE *at = r + 8 * ((t - 1) % n);
        CK_RV rv;

        add_step(a, t);
        memcpy(block, a, 8);
        memcpy(block + 8, at, 8);
        rv = ecb(session, key, false, block);
        if (rv != CKR_OK)
            return rv;
        memcpy(a, block, 8);
        memcpy(at, block + 8, 8);
    }
    return CKR_OK;
}

static const CK_BYTE aiv[4] = {0xA6, 0x59, 0x59, 0xA6};

CK_RV hsm_kwp_wrap(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const CK_BYTE *in,
                   CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
    CK_ULONG n = (in_len + 7) / 8;
    CK_RV rv;

    if (n == 0 || in_len > LONGEST)
        return CKR_DATA_LEN_RANGE;
    if (*out_len < 8 * n + 8)
        return CKR_BUFFER_TOO_SMALL;
    memset(out, 0, 8 * n + 8);
    memcpy(out, aiv, sizeof(aiv));
    add_step(out, in_len);
    memcpy(out + 8, in, in_len);
    rv = n == 1 ? ecb(session, key, true, out) : steps(session, key, out, out + 8, n);
    *out_len = 8 * n + 8;
    return rv;
}

CK_RV hsm_kwp_unwrap(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const CK_BYTE *in,
                     CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
    CK_BYTE work[LONGEST + 16];
    CK_ULONG n = in_len / 8 - 1;
    CK_ULONG len;
    CK_RV rv;

    if (in_len < 16 || in_len % 8 != 0 || in_len > sizeof(work))
        return CKR_ENCRYPTED_DATA_LEN_RANGE;
    memcpy(work, in, in_len);
    rv = n == 1 ? ecb(session, key, false, work) : steps_back(session, key, work, work + 8, n);
    if (rv != CKR_OK)
        return rv;
    len = (CK_ULONG)work[4] << 24 | (CK_ULONG)work[5] << 16 | (CK_ULONG)work[6] << 8 | work[7];
    if (memcmp(work, aiv, sizeof(aiv)) != 0 || len > 8 * n || len + 8 <= 8 * n)
        return CKR_ENCRYPTED_DATA_INVALID;
    for (CK_ULONG i = len; i < 8 * n; i++) {
        if (work[8 + i] != 0)
            return CKR_ENCRYPTED_DATA_INVALID;
    }
    if (*out_len < len)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(out, work + 8, len);
    *out_len = len;
    return CKR_OK;
}

CK_RV hsm_oaep_sha256(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
                      CK_ULONG *out_len)
{
    CK_BYTE padded[1024];
    CK_ULONG len = sizeof(padded);
    CK_RV rv = hsm_base()->C_Decrypt(session, in, in_len, padded, &len);
    int n;

    if (rv != CKR_OK)
        return rv;
    n = RSA_padding_check_PKCS1_OAEP_mgf1(out, (int)*out_len, padded, (int)len, (int)in_len, NULL,
                                          0, EVP_sha256(), EVP_sha256());
    if (n < 0)
        return CKR_ENCRYPTED_DATA_INVALID;
    *out_len = (CK_ULONG)n;
    return CKR_OK;
}
