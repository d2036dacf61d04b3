/* SPDX-License-Identifier: Apache-2.0 */
#include "pkey_opening.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/store.h>
#include <stdio.h>
#include <string.h>

#include "fake_keyring.h"
#include "reference_opening.h"

#define SECRET_LEN 32u
#define UNTOUCHED 0xA5

/* Of AES, and the two of RSA. */
static const unsigned used[] = {0, 1, 3, 4};

#define USED (sizeof(used) / sizeof(used[0]))

static OSSL_LIB_CTX *libctx;
static EVP_PKEY *pkeys[USED];
static int references;

static EVP_PKEY *load(unsigned kek)
{
    char uri[64];
    OSSL_STORE_CTX *store;
    OSSL_STORE_INFO *info;
    EVP_PKEY *pkey;

    (void)snprintf(uri, sizeof(uri), "envelope:object=kek%u", kek);
    store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    info = store != NULL ? OSSL_STORE_load(store) : NULL;
    pkey = info != NULL ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
    FUZZ_DEMAND(pkey != NULL);
    OSSL_STORE_INFO_free(info);
    (void)OSSL_STORE_close(store);
    return pkey;
}

void pkey_prepare(OSSL_LIB_CTX *with)
{
    libctx = with;
    for (size_t i = 0; i < USED; i++)
        pkeys[i] = load(used[i]);
    references = fake_references();
}

int pkey_references(void)
{
    return references;
}

static EVP_PKEY_CTX *context(unsigned kek)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, pkeys[kek % USED], NULL);

    FUZZ_DEMAND(ctx != NULL);
    return ctx;
}

/* libcrypto itself refuses to open nothing. */
static void check_failure(size_t in_len, const uint8_t *out, size_t room)
{
    FUZZ_DEMAND(in_len == 0 || fake_last_reason() != 0);
    FUZZ_DEMAND(fake_last_reason() != ENV_R_INTERNAL);
    for (size_t i = 0; i < room; i++)
        FUZZ_DEMAND(out[i] == UNTOUCHED);
}

/* HKDF-Expand by libcrypto itself. */
static void expand(const uint8_t dek[ENV_DEK_LEN], uint8_t secret[SECRET_LEN])
{
    static const char label[] = "envelope sealed key v1";
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    size_t len = SECRET_LEN;

    FUZZ_DEMAND(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_hkdf_mode(ctx, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY) == 1 &&
                EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha384()) == 1 &&
                EVP_PKEY_CTX_set1_hkdf_key(ctx, dek, (int)ENV_DEK_LEN) == 1 &&
                EVP_PKEY_CTX_add1_hkdf_info(ctx, (const unsigned char *)label, sizeof(label) - 1) ==
                    1 &&
                EVP_PKEY_derive(ctx, secret, &len) == 1 && len == SECRET_LEN);
    EVP_PKEY_CTX_free(ctx);
}

static void decapsulate(unsigned kek, const uint8_t *in, size_t in_len)
{
    const struct fake_kek *fake = &fake_keks[used[kek % USED]];
    EVP_PKEY_CTX *ctx = context(kek);
    uint8_t secret[SECRET_LEN];
    uint8_t wanted[SECRET_LEN];
    uint8_t dek[ENV_DEK_LEN];
    size_t len = sizeof(secret);
    bool opens = reference_sealed_key(in, in_len, fake, dek);
    bool opened;

    ERR_clear_error();
    memset(secret, UNTOUCHED, sizeof(secret));
    FUZZ_DEMAND(EVP_PKEY_decapsulate_init(ctx, NULL) == 1);
    opened = EVP_PKEY_decapsulate(ctx, secret, &len, in, in_len) == 1;
    FUZZ_DEMAND(opened == opens);
    if (opened) {
        expand(dek, wanted);
        FUZZ_DEMAND(len == SECRET_LEN && memcmp(secret, wanted, SECRET_LEN) == 0);
    } else {
        check_failure(in_len, secret, sizeof(secret));
    }
    EVP_PKEY_CTX_free(ctx);
}

static void decrypt(unsigned kek, const uint8_t *in, size_t in_len)
{
    struct reference expected = {.only = &fake_keks[used[kek % USED]], .data = malloc(in_len + 1)};
    EVP_PKEY_CTX *ctx = context(kek);
    uint8_t *out = malloc(in_len + 1);
    size_t len = in_len;
    bool opened;

    FUZZ_DEMAND(out != NULL && expected.data != NULL);
    reference_open(in, in_len, 4128, &expected);
    ERR_clear_error();
    memset(out, UNTOUCHED, in_len + 1);
    FUZZ_DEMAND(EVP_PKEY_decrypt_init(ctx) == 1);
    opened = EVP_PKEY_decrypt(ctx, out, &len, in, in_len) == 1;
    FUZZ_DEMAND(opened == expected.whole);
    if (opened)
        FUZZ_DEMAND(len == expected.len && memcmp(out, expected.data, len) == 0);
    else
        check_failure(in_len, out, in_len + 1);
    EVP_PKEY_CTX_free(ctx);
    free(out);
    free(expected.data);
}

void pkey_open(bool by_decrypt, unsigned kek, const uint8_t *in, size_t len)
{
    if (by_decrypt)
        decrypt(kek, in, len);
    else
        decapsulate(kek, in, len);
}
