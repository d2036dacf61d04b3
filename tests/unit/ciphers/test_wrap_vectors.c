/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wycheproof's vectors of AES-KW and AES-KWP and the examples of RFC 3394 and 5649: with raw keys
 * under stock names, and with every key imported into a SoftHSM token.
 */
#include <check.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "p11_shim.h"
#include "softhsm_fixture.h"

#define MOST_VECTORS 500
#define MOST_BYTES 400

struct vector {
    bool pad;
    bool valid;
    char where[64];
    size_t key_len, msg_len, ct_len;
    unsigned char key[32], msg[MOST_BYTES], ct[MOST_BYTES];
    int kek; /* which of the distinct keys */
};

static struct vector vectors[MOST_VECTORS];
static int count, keks;
static unsigned char out[MOST_BYTES + 64];
static int n;

static size_t from_hex(const char *hex, unsigned char *to)
{
    size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;

    ck_assert_uint_le(len, MOST_BYTES);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        to[i] = (unsigned char)byte;
    }
    return len;
}

static void add(const char *file, const char *line)
{
    struct vector *v = &vectors[count];
    char algorithm[4], id[16], result[16], flags[64], key[65], msg[900], ct[900];

    ck_assert_int_lt(count, MOST_VECTORS);
    ck_assert_int_eq(sscanf(line, "%3s %15s %15s %63s %64s %899s %899s", algorithm, id, result,
                            flags, key, msg, ct),
                     7);
    v->pad = strcmp(algorithm, "KWP") == 0;
    /* 8 bytes under RFC 3394: "acceptable", and refused by stock OpenSSL and by us */
    v->valid = strcmp(result, "valid") == 0;
    (void)snprintf(v->where, sizeof(v->where), "%s %s %.6s %.20s", file, algorithm, id, flags);
    v->key_len = from_hex(key, v->key);
    v->msg_len = from_hex(msg, v->msg);
    v->ct_len = from_hex(ct, v->ct);
    v->kek = keks;
    for (int i = 0; i < count; i++) {
        if (vectors[i].key_len == v->key_len && memcmp(vectors[i].key, v->key, v->key_len) == 0)
            v->kek = vectors[i].kek;
    }
    if (v->kek == keks)
        keks++;
    count++;
}

static void read_vectors(const char *path)
{
    char name[300], line[2048];
    FILE *file;

    (void)snprintf(name, sizeof(name), "%s/%s", TEST_VECTORS, path);
    file = fopen(name, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] != '#' && line[0] != '\n')
            add(path, line);
    }
    (void)fclose(file);
}

static void read_all(void)
{
    count = keks = 0;
    read_vectors("wycheproof/vectors.txt");
    read_vectors("key_wrap/rfc.txt");
    ck_assert_int_eq(count, 165 + 254 + 6 + 2);
    shim_reset();
    n = -1;
}

/* The whole of EVP for one direction: 1, or 0 with the reason. */
static int run(OSSL_LIB_CTX *libctx, const char *prefix, const struct vector *v,
               const unsigned char *key, int wrapping)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher;
    char name[40];
    int rest = -1;
    int ok;

    (void)snprintf(name, sizeof(name), "%sAES-%zu-WRAP%s", prefix, 8 * v->key_len,
                   v->pad ? "-PAD" : "");
    cipher = EVP_CIPHER_fetch(libctx, name, "provider=envelope");
    ck_assert_ptr_nonnull(cipher);
    memset(out, 0xA5, sizeof(out));
    ERR_clear_error();
    ok = EVP_CipherInit_ex2(ctx, cipher, key, NULL, wrapping, NULL) == 1 &&
         EVP_CipherUpdate(ctx, out, &n, wrapping ? v->msg : v->ct,
                          (int)(wrapping ? v->msg_len : v->ct_len)) == 1 &&
         EVP_CipherFinal_ex(ctx, out, &rest) == 1 && rest == 0;
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static void gives(const struct vector *v, const unsigned char *expected, size_t len)
{
    ck_assert_msg(n == (int)len, "%s: %d bytes instead of %zu", v->where, n, len);
    ck_assert_msg(memcmp(out, expected, len) == 0, "%s: other bytes", v->where);
}

/* ---- raw keys ---- */

START_TEST(vectors_hold_for_raw_keys)
{
    OSSL_LIB_CTX *libctx;

    read_all();
    fake_reset();
    libctx = fake_libctx_new_configured("standard-names = yes\n", true);
    for (int i = 0; i < count; i++) {
        const struct vector *v = &vectors[i];
        int ok = run(libctx, "", v, v->key, 0);

        if (v->valid) {
            ck_assert_msg(ok, "%s does not unwrap", v->where);
            gives(v, v->msg, v->msg_len);
            ck_assert_msg(run(libctx, "", v, v->key, 1), "%s does not wrap", v->where);
            gives(v, v->ct, v->ct_len);
            continue;
        }
        ck_assert_msg(!ok || (v->ct_len == 0 && n == 0), "%s unwraps", v->where);
        /* a message that wraps, wraps to something else; nothing is no update */
        if (v->msg_len == 0)
            continue;
        ok = run(libctx, "", v, v->key, 1);
        ck_assert_msg(!ok || (size_t)n != v->ct_len || memcmp(out, v->ct, v->ct_len) != 0,
                      "%s wraps", v->where);
    }
    OSSL_LIB_CTX_free(libctx);
}
END_TEST

/* ---- KEKs in a token ---- */

static OSSL_LIB_CTX *token_libctx(void)
{
    char lines[1000];

    ck_assert_int_eq(setenv("TEST_PIN", SOFTHSM_PIN, 1), 0);
    (void)snprintf(lines, sizeof(lines),
                   "pkcs11-module-path = \"%s\"\ntoken = \"pkcs11:token=kek\"\n"
                   "pin-source = env:TEST_PIN\nallow-imported-kek = yes\n",
                   softhsm_module());
    return libctx_new_configured(NULL, lines, false);
}

static void import_all(void)
{
    bool done[MOST_VECTORS] = {false};

    for (int i = 0; i < count; i++) {
        const struct vector *v = &vectors[i];
        char label[8], id[8];

        if (done[v->kek])
            continue;
        done[v->kek] = true;
        (void)snprintf(label, sizeof(label), "v%d", v->kek);
        (void)snprintf(id, sizeof(id), "%04x", (unsigned)v->kek);
        softhsm_make_key(&(struct softhsm_key){.label = label,
                                               .id = id,
                                               .bits = (unsigned)v->key_len * 8,
                                               .value = v->key,
                                               .no_encrypt = true,
                                               .no_decrypt = true});
    }
}

/* What SoftHSM does not wrap right: everything that it would fill up with zeros. */
static int wrapping_refused(const struct vector *v)
{
    if (!v->pad)
        return v->msg_len % 8 != 0 || v->msg_len < 16 ? ENV_R_INPUT_LENGTH : ENV_R_NONE;
    if (v->msg_len == 0)
        return ENV_R_NONE;
    return v->msg_len % 8 != 0 ? ENV_R_WRAP_LENGTH : ENV_R_NONE;
}

static int unwrapping_refused(const struct vector *v)
{
    if (v->ct_len % 8 != 0 || v->ct_len < (v->pad ? 16 : 24))
        return ENV_R_INPUT_LENGTH;
    return v->valid ? ENV_R_NONE : ENV_R_WRAPPED_KEY;
}

static void unwrap_with_token(OSSL_LIB_CTX *libctx, const struct vector *v,
                              const unsigned char *selector)
{
    int ok, reason, expected = unwrapping_refused(v);

    if (v->ct_len == 0)
        return;
    ok = run(libctx, "ENVELOPE-", v, selector, 0);
    reason = caller_reason();
    ck_assert_msg(ok == (expected == 0) && reason == expected, "%s: reason %d, not %d", v->where,
                  reason, expected);
    if (ok)
        gives(v, v->msg, v->msg_len);
    else
        ck_assert(bytes_are((struct bytes){.data = out, .len = sizeof(out)}, 0xA5));
}

static void wrap_with_token(OSSL_LIB_CTX *libctx, const struct vector *v,
                            const unsigned char *selector)
{
    int ok, reason, expected = wrapping_refused(v);

    if (v->msg_len == 0)
        return;
    ok = run(libctx, "ENVELOPE-", v, selector, 1);
    reason = caller_reason();
    ck_assert_msg(ok == (expected == 0) && reason == expected, "%s: reason %d, not %d", v->where,
                  reason, expected);
    if (ok && v->valid)
        gives(v, v->ct, v->ct_len);
    if (ok && !v->valid)
        ck_assert_msg((size_t)n != v->ct_len || memcmp(out, v->ct, v->ct_len) != 0, "%s wraps",
                      v->where);
}

START_TEST(vectors_hold_for_keks_in_a_token)
{
    OSSL_LIB_CTX *libctx;

    read_all();
    softhsm_setup();
    import_all();
    libctx = token_libctx();
    for (int i = 0; i < count; i++) {
        unsigned char selector[32] = {0};

        (void)snprintf((char *)selector, 16, "v%d", vectors[i].kek);
        unwrap_with_token(libctx, &vectors[i], selector);
        wrap_with_token(libctx, &vectors[i], selector);
    }
    OSSL_LIB_CTX_free(libctx);
    softhsm_teardown();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: vectors of key wrap");
    TCase *tcase = tcase_create("wrap vectors");

    tcase_add_test(tcase, vectors_hold_for_raw_keys);
    tcase_add_test(tcase, vectors_hold_for_keks_in_a_token);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
