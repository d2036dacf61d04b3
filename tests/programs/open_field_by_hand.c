/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a field with libcrypto alone and a named key that is known. Written from docs/FORMAT.md, so
 * that fields have a second, independent reader: CMAC for XAES-256-GCM's key,
 * EVP's AES-SIV (which does not take empty values).
 *
 *     open_field_by_hand [option ...] < field > value
 *         --key HEX         the named key
 *         --key-bytes HEX   key bytes of the form ENVF: tenant key, tenant and context are theirs
 *         --tenant-key HEX  a tenant key as it is sealed
 *         --tenant TEXT     whose it is
 *         --context TEXT    the application's context
 *         --show            names the parts of the key bytes on stderr
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 70000

struct bytes {
    const unsigned char *data;
    size_t len;
};

struct options {
    struct bytes key, tenant_key, tenant, context, stand_in;
    bool show;
};

static void need(bool condition, const char *why)
{
    if (condition)
        return;
    fprintf(stderr, "open_field_by_hand: %s\n", why);
    exit(1);
}

static struct bytes from_hex(const char *hex)
{
    long len = 0;
    unsigned char *data = OPENSSL_hexstr2buf(hex, &len);

    need(data != NULL, "not hexadecimal");
    return (struct bytes){data, (size_t)len};
}

static struct bytes from_text(const char *text)
{
    return (struct bytes){(const unsigned char *)text, strlen(text)};
}

/* HKDF-Expand-SHA-384(key, label, len) */
static void expand(struct bytes key, const char *label, unsigned char *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    char md[] = "SHA384";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, md, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(size_t)key.data, key.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(size_t)label,
                                          strlen(label)),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_end(),
    };

    need(EVP_KDF_derive(ctx, out, len, params) == 1, "HKDF failed");
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void cmac(const unsigned char key[32], const unsigned char block[16], unsigned char *out)
{
    char cipher[] = "AES-256-CBC";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    size_t n = 0;

    need(EVP_MAC_init(ctx, key, 32, params) == 1 && EVP_MAC_update(ctx, block, 16) == 1 &&
             EVP_MAC_final(ctx, out, &n, 16) == 1,
         "CMAC failed");
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

/* "envelope field v1" || kind || key id || context */
static struct bytes associated(const unsigned char *field, struct bytes context)
{
    const struct bytes label = from_text("envelope field v1");
    unsigned char *aad = malloc(label.len + 9 + context.len);

    need(aad != NULL, "memory");
    memcpy(aad, label.data, label.len);
    memcpy(aad + label.len, field, 9);
    if (context.len > 0)
        memcpy(aad + 26, context.data, context.len);
    return (struct bytes){aad, 26 + context.len};
}

static size_t decrypt(const char *name, const unsigned char *key, const unsigned char *iv,
                      struct bytes aad, struct bytes ciphertext, struct bytes tag,
                      unsigned char *out)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;

    need(EVP_DecryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag.len,
                                 (void *)(size_t)tag.data) == 1 &&
             EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1,
         "the cipher cannot be set up");
    n = 0;
    need((ciphertext.len == 0 ||
          EVP_DecryptUpdate(ctx, out, &n, ciphertext.data, (int)ciphertext.len) == 1) &&
             EVP_DecryptFinal_ex(ctx, out + n, &last) == 1,
         "the field does not verify");
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    free((void *)(size_t)aad.data);
    return (size_t)n;
}

static size_t open_random(struct bytes key, struct bytes context, struct bytes field,
                          unsigned char *out)
{
    const unsigned char *nonce = field.data + 9;
    unsigned char long_key[32], short_key[32], block[16] = {0, 1, 'X', 0};

    need(field.len >= 49, "the field is too short");
    expand(key, "envelope field key v1", long_key, 32);
    memcpy(block + 4, nonce, 12);
    cmac(long_key, block, short_key);
    block[1] = 2;
    cmac(long_key, block, short_key + 16);
    return decrypt("AES-256-GCM", short_key, nonce + 12, associated(field.data, context),
                   (struct bytes){field.data + 33, field.len - 49},
                   (struct bytes){field.data + field.len - 16, 16}, out);
}

static size_t open_deterministic(struct bytes key, struct bytes context, struct bytes field,
                                 unsigned char *out)
{
    unsigned char siv_key[64];

    need(field.len > 25, "the field is too short for this reader");
    expand(key, "envelope field siv key v1", siv_key, 64);
    return decrypt("AES-256-SIV", siv_key, NULL, associated(field.data, context),
                   (struct bytes){field.data + 25, field.len - 25},
                   (struct bytes){field.data + 9, 16}, out);
}

static size_t open_field(struct bytes key, struct bytes context, struct bytes field,
                         unsigned char *out)
{
    unsigned char id[8];

    need(field.len > 9, "the field is too short");
    expand(key, "envelope field id v1", id, sizeof(id));
    need(memcmp(id, field.data + 1, sizeof(id)) == 0, "the field has another key id");
    if (field.data[0] == 1)
        return open_random(key, context, field, out);
    need(field.data[0] == 2, "not a field");
    return open_deterministic(key, context, field, out);
}

/* The tenant's key, under the named one. */
static struct bytes tenant_key(const struct options *options)
{
    static unsigned char key[64], context[14 + 255] = "tenant key v1:";

    need(options->tenant_key.len == 81 && options->tenant.len > 0 && options->tenant.len <= 255,
         "not a tenant key");
    memcpy(context + 14, options->tenant.data, options->tenant.len);
    need(open_field(options->key, (struct bytes){context, 14 + options->tenant.len},
                    options->tenant_key, key) == 32,
         "not a tenant key");
    return (struct bytes){key, 32};
}

/* ---- key bytes ---- */

static struct bytes part(struct bytes *rest)
{
    struct bytes taken;

    need(rest->len >= 2, "key bytes end early");
    taken = (struct bytes){rest->data + 2, (size_t)(rest->data[0] << 8 | rest->data[1])};
    need(taken.len <= rest->len - 2, "key bytes end early");
    rest->data += 2 + taken.len;
    rest->len -= 2 + taken.len;
    return taken;
}

static void read_key_bytes(struct bytes bytes, struct options *options)
{
    struct bytes rest = {bytes.data + 5, bytes.len - 5};

    need(bytes.len >= 11 && memcmp(bytes.data, "ENVF\1", 5) == 0, "not of the form ENVF");
    options->stand_in = part(&rest);
    options->tenant_key = part(&rest);
    options->tenant = part(&rest);
    options->context = rest;
}

static void read_options(char **arg, struct options *options)
{
    for (; *arg != NULL; arg++) {
        const char *name = *arg;

        if (strcmp(name, "--show") == 0) {
            options->show = true;
            continue;
        }
        arg++;
        need(*arg != NULL, "an option without its value");
        if (strcmp(name, "--key") == 0)
            options->key = from_hex(*arg);
        else if (strcmp(name, "--key-bytes") == 0)
            read_key_bytes(from_hex(*arg), options);
        else if (strcmp(name, "--tenant-key") == 0)
            options->tenant_key = from_hex(*arg);
        else if (strcmp(name, "--tenant") == 0)
            options->tenant = from_text(*arg);
        else if (strcmp(name, "--context") == 0)
            options->context = from_text(*arg);
        else
            need(false, name);
    }
}

int main(int argc, char **argv)
{
    static unsigned char field[MOST], value[MOST];
    static struct options options; /* what they point to lasts as long */
    static struct bytes key;
    size_t len;

    (void)argc;
    read_options(argv + 1, &options);
    need(options.key.len > 0, "--key is needed");
    if (options.show)
        fprintf(stderr, "stand-in %.*s, tenant %.*s, context %.*s\n", (int)options.stand_in.len,
                (const char *)options.stand_in.data, (int)options.tenant.len,
                (const char *)options.tenant.data, (int)options.context.len,
                (const char *)options.context.data);
    len = fread(field, 1, sizeof(field), stdin);
    key = options.tenant_key.len > 0 ? tenant_key(&options) : options.key;
    len = open_field(key, options.context, (struct bytes){field, len}, value);
    return fwrite(value, 1, len, stdout) == len && fflush(stdout) == 0 ? 0 : 1;
}
