/* SPDX-License-Identifier: Apache-2.0 */
#include "reference_opening.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#define FLOE_HEADER 74u
#define FLOE_PARAMS 10u
#define FLOE_IV 32u
#define OVERHEAD 32u
#define PREFIX 4u
#define NONCE 12u
#define TAG 16u

static struct env_crypto *crypto;
static EVP_CIPHER *key_wrap;
static EVP_CIPHER *gcm;

void reference_prepare(void)
{
    fake_reset();
    crypto = env_crypto_new(NULL, NULL);
    key_wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    FUZZ_DEMAND(crypto != NULL && env_ok(env_crypto_ready(crypto)) && key_wrap != NULL &&
                gcm != NULL);
}

/* ---- the header ---- */

size_t reference_headers_len(const uint8_t *message, size_t size)
{
    size_t len = 0;

    if (!env_ok(env_header_length(
            (struct env_span){message, size < ENV_HEADER_PEEK ? size : ENV_HEADER_PEEK}, &len)) ||
        len < ENV_HEADER_MAC_LEN || size < len + FLOE_HEADER)
        return 0;
    return len + FLOE_HEADER;
}

static bool unwrap_aes(const struct fake_kek *fake, const struct env_wrapped *wrapped, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = EVP_DecryptInit_ex2(ctx, key_wrap, fake->key, NULL, NULL) == 1 &&
              EVP_DecryptUpdate(ctx, out, &n, wrapped->data, (int)wrapped->len) == 1 &&
              n == (int)ENV_DEK_LEN;

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool unwrap_rsa(const struct fake_kek *fake, const struct env_wrapped *wrapped, uint8_t *out)
{
    const EVP_MD *md = wrapped->alg == ENV_WRAP_RSA_OAEP_SHA256 ? EVP_sha256() : EVP_sha1();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, fake->rsa, NULL);
    size_t len = ENV_WRAPPED_MAX;
    bool ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
              EVP_PKEY_decrypt(ctx, out, &len, wrapped->data, wrapped->len) == 1 &&
              len == ENV_DEK_LEN;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* A key of 256 bits opens what an AES key of 256 bits wrapped; the keyring's fakes do not care. */
static bool is_of(const struct fake_kek *only, const struct env_recipient *recipient,
                  const struct fake_kek *fake)
{
    enum env_wrap_alg alg = recipient->wrapped.alg;

    return (only == NULL ||
            (only == fake && (fake->rsa != NULL || alg == ENV_WRAP_AES256_KW ||
                              alg == ENV_WRAP_AES256_KWP || alg == ENV_WRAP_AES256_GCM))) &&
           env_wrap_is_rsa(alg) == (fake->rsa != NULL) && fake->id.len == recipient->id.len &&
           memcmp(fake->id.bytes, recipient->id.bytes, recipient->id.len) == 0;
}

static bool unwrap(const struct env_recipient *recipient, const struct fake_kek *only,
                   uint8_t dek[ENV_DEK_LEN])
{
    for (size_t i = 0; i < FAKE_KEKS; i++) {
        const struct fake_kek *fake = &fake_keks[i];
        uint8_t out[ENV_WRAPPED_MAX];

        if (!is_of(only, recipient, fake))
            continue;
        if (fake->rsa != NULL ? !unwrap_rsa(fake, &recipient->wrapped, out)
                              : !unwrap_aes(fake, &recipient->wrapped, out))
            return false;
        memcpy(dek, out, ENV_DEK_LEN);
        return true;
    }
    return false;
}

static void header_mac(struct env_span der, const uint8_t dek[ENV_DEK_LEN], uint8_t mac[32])
{
    static const char text[] = "envelope header MAC v1";
    const struct env_span label = {(const uint8_t *)text, sizeof(text) - 1};
    uint8_t key[32];

    FUZZ_DEMAND(env_ok(
        env_hkdf_expand(crypto, (struct env_span){dek, ENV_DEK_LEN}, &label, 1, key, sizeof(key))));
    FUZZ_DEMAND(env_ok(env_hmac_sha256(crypto, (struct env_span){key, sizeof(key)},
                                       (struct env_span){der.data, der.len - 32}, mac)));
}

/* The DEK of the first recipient that opens: under it the MAC verifies, or will. */
static bool find_dek(struct env_span der, enum env_content content, const struct fake_kek *only,
                     bool mac_too, uint8_t dek[ENV_DEK_LEN])
{
    static struct env_header header;
    uint8_t mac[32];

    if (!env_ok(env_header_decode(der, &header)) || header.content != content)
        return false;
    for (size_t i = 0; i < header.count; i++) {
        if (!unwrap(&header.recipients[i], only, dek))
            continue;
        if (!mac_too)
            return true;
        header_mac(der, dek, mac);
        if (memcmp(mac, der.data + der.len - 32, 32) == 0)
            return true;
    }
    return false;
}

bool reference_dek(const uint8_t *message, size_t size, uint8_t dek[ENV_DEK_LEN])
{
    size_t headers = reference_headers_len(message, size);

    return headers > 0 && find_dek((struct env_span){message, headers - FLOE_HEADER},
                                   ENV_CONTENT_MESSAGE, NULL, true, dek);
}

static bool is_header_alone(const uint8_t *message, size_t size)
{
    size_t len = 0;

    return env_ok(env_header_length(
               (struct env_span){message, size < ENV_HEADER_PEEK ? size : ENV_HEADER_PEEK},
               &len)) &&
           len >= ENV_HEADER_MAC_LEN && len == size;
}

bool reference_sealed_key(const uint8_t *message, size_t size, const struct fake_kek *only,
                          uint8_t dek[ENV_DEK_LEN])
{
    return is_header_alone(message, size) &&
           find_dek((struct env_span){message, size}, ENV_CONTENT_SEALED_KEY, only, true, dek);
}

/* The recipient that KEK i unwraps, or NULL. */
static const struct env_recipient *recipient_of(const struct env_header *header, size_t i)
{
    for (size_t j = 0; j < header->count; j++) {
        const struct env_recipient *r = &header->recipients[j];

        if (env_wrap_is_rsa(r->wrapped.alg) == (fake_keks[i].rsa != NULL) &&
            r->id.len == fake_keks[i].id.len &&
            memcmp(r->id.bytes, fake_keks[i].id.bytes, r->id.len) == 0)
            return r;
    }
    return NULL;
}

bool reference_is_current(struct env_span der, size_t keks)
{
    static struct env_header header;
    uint8_t dek[ENV_DEK_LEN] = {0};
    uint8_t mac[32];

    if (!env_ok(env_header_decode(der, &header)) || header.count != keks)
        return false;
    for (size_t i = 0; i < keks; i++) {
        const struct env_recipient *recipient = recipient_of(&header, i);
        uint8_t other[ENV_DEK_LEN];

        if (recipient == NULL || !unwrap(recipient, NULL, other) ||
            (i > 0 && memcmp(dek, other, sizeof(dek)) != 0))
            return false;
        memcpy(dek, other, sizeof(dek));
    }
    header_mac(der, dek, mac);
    return memcmp(mac, der.data + der.len - 32, 32) == 0;
}

/* ---- the body ---- */

struct body {
    const uint8_t *floe; /* FLOE's header */
    uint32_t segment_len;
    uint8_t key[48];
    uint8_t aes_key[32];
};

static void derive(const struct body *body, struct env_span key, const char *purpose,
                   size_t purpose_len, uint8_t *out, size_t len)
{
    const struct env_span info[] = {{body->floe, FLOE_PARAMS + FLOE_IV},
                                    {(const uint8_t *)purpose, purpose_len}};

    FUZZ_DEMAND(env_ok(env_hkdf_expand(crypto, key, info, 2, out, len)));
}

static bool begin_body(struct body *body, const uint8_t *floe, uint32_t segment_max,
                       const uint8_t dek[ENV_DEK_LEN], uint8_t tag[32])
{
    static const uint8_t fixed[] = {0, 0, 0, 32};
    const struct env_span dek_span = {dek, ENV_DEK_LEN};
    uint32_t len = (uint32_t)floe[2] << 24 | (uint32_t)floe[3] << 16 | (uint32_t)floe[4] << 8 |
                   (uint32_t)floe[5];

    *body = (struct body){.floe = floe, .segment_len = len};
    if (floe[0] != 0 || floe[1] != 0 || memcmp(floe + 6, fixed, 4) != 0 ||
        (len != 4128 && len != segment_max))
        return false;
    derive(body, dek_span, "HEADER_TAG:", 11, tag, 32);
    derive(body, dek_span, "MESSAGE_KEY:", 12, body->key, sizeof(body->key));
    /* 2^20 segments have one key, so the messages here have no other */
    derive(body, (struct env_span){body->key, sizeof(body->key)}, "DEK:\0\0\0\0\0\0\0\0", 12,
           body->aes_key, sizeof(body->aes_key));
    return true;
}

/* The length of the segment at the start of in, 0 when there is none. */
static size_t segment_at(const struct body *body, struct env_span in, bool *last)
{
    uint32_t stated;

    if (in.len < PREFIX)
        return 0;
    stated = (uint32_t)in.data[0] << 24 | (uint32_t)in.data[1] << 16 | (uint32_t)in.data[2] << 8 |
             (uint32_t)in.data[3];
    *last = stated != 0xFFFFFFFFu;
    if (!*last)
        stated = body->segment_len;
    return stated >= OVERHEAD && stated <= body->segment_len && stated <= in.len ? stated : 0;
}

/* One pass of AES-GCM over a segment; sets the tag when encrypting, compares it otherwise. */
static bool pass(const struct body *body, uint64_t position, bool last, bool encrypt,
                 const uint8_t *nonce, const uint8_t *in, uint8_t *out, size_t len, uint8_t *tag)
{
    uint8_t aad[9] = {0};
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok;

    for (size_t i = 0; i < 8; i++)
        aad[i] = (uint8_t)(position >> (56 - 8 * i));
    aad[8] = last ? 1 : 0;
    FUZZ_DEMAND(EVP_CipherInit_ex2(ctx, gcm, body->aes_key, nonce, encrypt ? 1 : 0, NULL) == 1 &&
                EVP_CipherUpdate(ctx, NULL, &n, aad, sizeof(aad)) == 1 &&
                (len == 0 || EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1));
    if (!encrypt)
        FUZZ_DEMAND(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1);
    ok = EVP_CipherFinal_ex(ctx, out + len, &n) == 1;
    if (encrypt)
        FUZZ_DEMAND(ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

void reference_open(const uint8_t *message, size_t size, uint32_t segment_max,
                    struct reference *out)
{
    size_t headers = reference_headers_len(message, size);
    struct env_span rest = {message + headers, size - headers};
    uint8_t dek[ENV_DEK_LEN];
    uint8_t tag[32];
    struct body body;

    out->whole = false;
    out->len = 0;
    if (headers == 0 ||
        !find_dek((struct env_span){message, headers - FLOE_HEADER}, ENV_CONTENT_MESSAGE, out->only,
                  true, dek) ||
        !begin_body(&body, message + headers - FLOE_HEADER, segment_max, dek, tag) ||
        memcmp(tag, body.floe + FLOE_PARAMS + FLOE_IV, sizeof(tag)) != 0)
        return;
    for (uint64_t position = 0;; position++) {
        bool last = false;
        size_t len = segment_at(&body, rest, &last);
        uint8_t segment_tag[TAG];

        if (len == 0)
            return;
        memcpy(segment_tag, rest.data + len - TAG, TAG);
        if (!pass(&body, position, last, false, rest.data + PREFIX, rest.data + PREFIX + NONCE,
                  out->data + out->len, len - OVERHEAD, segment_tag))
            return;
        out->len += len - OVERHEAD;
        rest.data += len;
        rest.len -= len;
        out->whole = last && rest.len == 0;
        if (last)
            return;
    }
}

/* ---- making it right again ---- */

static void reseal_body(const struct body *body, uint8_t *at, size_t left)
{
    uint8_t *plain = malloc(body->segment_len);

    FUZZ_DEMAND(plain != NULL);
    for (uint64_t position = 0;; position++) {
        bool last = false;
        size_t len = segment_at(body, (struct env_span){at, left}, &last);
        uint8_t tag[TAG] = {0};

        if (len == 0)
            break;
        /* the plaintext that this ciphertext is of, sealed again: the same ciphertext, its tag */
        (void)pass(body, position, last, false, at + PREFIX, at + PREFIX + NONCE, plain,
                   len - OVERHEAD, tag);
        (void)pass(body, position, last, true, at + PREFIX, plain, at + PREFIX + NONCE,
                   len - OVERHEAD, tag);
        memcpy(at + len - TAG, tag, TAG);
        at += len;
        left -= len;
    }
    free(plain);
}

void reference_reseal(uint8_t *message, size_t size)
{
    size_t headers = reference_headers_len(message, size);
    struct env_span der = {message, headers};
    uint8_t *floe;
    uint8_t dek[ENV_DEK_LEN];
    uint8_t tag[32];
    struct body body;

    if (is_header_alone(message, size)) {
        der.len = size;
        if (find_dek(der, ENV_CONTENT_SEALED_KEY, NULL, false, dek))
            header_mac(der, dek, message + size - ENV_HEADER_MAC_LEN);
        return;
    }
    if (headers == 0)
        return;
    der.len -= FLOE_HEADER;
    floe = message + der.len;
    if (!find_dek(der, ENV_CONTENT_MESSAGE, NULL, false, dek))
        return;
    header_mac(der, dek, message + der.len - ENV_HEADER_MAC_LEN);
    if (!begin_body(&body, floe, 65568, dek, tag))
        return;
    memcpy(floe + FLOE_PARAMS + FLOE_IV, tag, sizeof(tag));
    reseal_body(&body, message + headers, size - headers);
}
