/* SPDX-License-Identifier: Apache-2.0 */
#include "reentry.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "faulty_p11.h"

/* RFC 3394, 4.6: a key that a search for labels would find in its template, had it got there. */
static const unsigned char kek[32] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
};
/* The same for a key whose first bytes are as if it named a KEK. */
static const unsigned char marked[33] = "kek:orders\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

static const unsigned char data[32] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const unsigned char wrapped_data[40] = {
    0x28, 0xc9, 0xf4, 0x04, 0xc4, 0xb8, 0x10, 0xf4, 0xcb, 0xcc, 0xb3, 0x5c, 0xfb, 0x87,
    0xf8, 0x26, 0x3f, 0x57, 0x86, 0xe2, 0xd8, 0x0e, 0xd3, 0x26, 0xcb, 0xc7, 0xf0, 0xe7,
    0x1a, 0x99, 0xf4, 0x3b, 0xfb, 0x98, 0x8b, 0x9b, 0x7a, 0x02, 0xdd, 0x21,
};

/* Wraps, or with wrapped_data unwraps; true when all went well and `expected` came out. */
static bool wrap(const unsigned char *key, int wrapping, const unsigned char *in, int in_len,
                 const unsigned char *expected, int expected_len)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char out[64];
    int len = 0;
    bool good;

    if (ctx != NULL)
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    good = cipher != NULL && ctx != NULL &&
           EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, wrapping) == 1 &&
           EVP_CipherUpdate(ctx, out, &len, in, in_len) == 1 &&
           (expected == NULL ||
            (len == expected_len && memcmp(out, expected, (size_t)expected_len) == 0));
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return good;
}

static bool digest(void)
{
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA-256", NULL);
    unsigned char out[EVP_MAX_MD_SIZE];
    bool good = md != NULL && EVP_Digest("", 0, out, NULL, md, NULL) == 1 && out[0] == 0xe3;

    EVP_MD_free(md);
    return good;
}

void reentry_at_call(void)
{
    struct faulty_control *control = faulty_p11_control();
    unsigned char bytes[16];

    if (!atomic_load(&control->reenter))
        return;
    (void)atomic_fetch_add(&control->reentries, 1);
    if (!wrap(kek, 1, data, sizeof(data), wrapped_data, sizeof(wrapped_data)) ||
        !wrap(kek, 0, wrapped_data, sizeof(wrapped_data), data, sizeof(data)) ||
        !wrap(marked, 1, data, sizeof(data), NULL, 0) || !digest() ||
        RAND_bytes(bytes, sizeof(bytes)) != 1)
        (void)atomic_fetch_add(&control->wrong_reentries, 1);
}

static bool holds(const CK_ATTRIBUTE *attribute, const unsigned char *bytes, size_t len)
{
    const unsigned char *value = attribute->pValue;

    for (size_t i = 0; value != NULL && i + len <= attribute->ulValueLen; i++) {
        if (memcmp(value + i, bytes, len) == 0)
            return true;
    }
    return false;
}

void reentry_watch_template(const CK_ATTRIBUTE *template, CK_ULONG count)
{
    for (CK_ULONG i = 0; i < count; i++) {
        if (holds(&template[i], kek, 8))
            (void)atomic_fetch_add(&faulty_p11_control()->searched_secret, 1);
    }
}
