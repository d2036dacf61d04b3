/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds for fuzzing: real messages of the fake KEKs, real references, and texts as
 * they are in a configuration.
 *
 *     make_seeds tests/fuzz/corpus
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "envelope/format/header.h"
#include "envelope/named/key_file.h"
#include "fake_keyring.h"
#include "fuzz.h"
#include "provider/common/provctx.h"
#include "provider/keys/kek_reference.h"

#define MESSAGE_MAX 20000u

static const char *corpus;

/* corpus/target/name: first (may be empty) and then data. */
static void save(const char *target, const char *name, const void *first, size_t first_len,
                 const void *data, size_t len)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", corpus, target);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof(path), "%s/%s/%s", corpus, target, name);
    file = fopen(path, "wb");
    FUZZ_DEMAND(file != NULL);
    FUZZ_DEMAND(first_len == 0 || fwrite(first, first_len, 1, file) == 1);
    FUZZ_DEMAND(len == 0 || fwrite(data, len, 1, file) == 1);
    FUZZ_DEMAND(fclose(file) == 0);
}

static size_t seal(OSSL_LIB_CTX *libctx, const char *name, size_t plain_len,
                   uint8_t out[MESSAGE_MAX])
{
    static uint8_t plain[MESSAGE_MAX];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;

    memset(plain, 'p', sizeof(plain));
    FUZZ_DEMAND(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, out, &n, plain, (int)plain_len) == 1 &&
                EVP_EncryptFinal_ex(ctx, out + n, &last) == 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return (size_t)(n + last);
}

/* As "openssl enc -a" writes it. */
static void save_base64(const uint8_t *message, size_t len)
{
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    static unsigned char text[2 * MESSAGE_MAX];
    int n = 0;
    int last = 0;

    FUZZ_DEMAND(ctx != NULL);
    EVP_EncodeInit(ctx);
    FUZZ_DEMAND(EVP_EncodeUpdate(ctx, text, &n, message, (int)len) == 1);
    EVP_EncodeFinal(ctx, text + n, &last);
    save("fuzz_tool", "base64", "\3", 1, text, (size_t)(n + last));
    EVP_ENCODE_CTX_free(ctx);
}

static void messages(OSSL_LIB_CTX *libctx)
{
    static const struct {
        const char *name;
        const char *cipher;
        size_t len;
        size_t keks;
        uint8_t control[8];
    } seeds[] = {
        {"empty", "ENVELOPE", 0, 1, {0, 255, 255, 255, 255, 255, 255, 255}},
        {"byte_by_byte", "ENVELOPE", 30, 1, {0}},
        {"short", "ENVELOPE", 100, 1, {2, 100, 10, 70, 5, 200, 90, 63}},
        {"two_keks", "ENVELOPE", 300, 2, {0, 130, 70, 180, 80, 220, 90, 150}},
        {"one_segment", "ENVELOPE", 4096, 1, {0, 190, 150, 180, 170, 200, 160, 150}},
        {"three_segments", "ENVELOPE", 9000, 1, {2, 210, 190, 200, 195, 205, 255, 220}},
        {"large_segments", "ENVELOPE-64K", 200, 1, {1}},
        {"rewrap", "ENVELOPE", 100, 2, {4, 20, 0, 60, 70, 255, 255, 255}},
        {"rewrap_two_segments", "ENVELOPE", 6000, 1, {4, 130, 200, 150, 255, 90, 200, 210}},
        {"large_segments_in_place", "ENVELOPE-64K", 5000, 3, {3}},
    };
    uint8_t message[MESSAGE_MAX];

    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        size_t len;
        size_t header_len = 0;

        fake_default_count = seeds[i].keks;
        len = seal(libctx, seeds[i].cipher, seeds[i].len, message);
        save("fuzz_message", seeds[i].name, seeds[i].control, 8, message, len);
        FUZZ_DEMAND(
            env_ok(env_header_length((struct env_span){message, ENV_HEADER_PEEK}, &header_len)));
        if (i < 3)
            save("fuzz_tool", seeds[i].name, "\2\0\0\0\0\1", 6, message, len);
        if (i == 0)
            save_base64(message, len);
        if (i == 1 || seeds[i].keks > 1)
            save("fuzz_header", seeds[i].name, NULL, 0, message, header_len);
    }
    fake_default_count = 1;
}

/* What the KEK with this label seals as an EVP_PKEY. */
static size_t seal_key(OSSL_LIB_CTX *libctx, const char *uri, uint8_t out[MESSAGE_MAX])
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store != NULL ? OSSL_STORE_load(store) : NULL;
    EVP_PKEY_CTX *ctx =
        info != NULL ? EVP_PKEY_CTX_new_from_pkey(libctx, OSSL_STORE_INFO_get0_PKEY(info), NULL)
                     : NULL;
    unsigned char secret[32];
    size_t secret_len = sizeof(secret);
    size_t len = MESSAGE_MAX;

    FUZZ_DEMAND(ctx != NULL && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
                EVP_PKEY_encapsulate(ctx, out, &len, secret, &secret_len) == 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_STORE_INFO_free(info);
    (void)OSSL_STORE_close(store);
    return len;
}

/* For KEKs of RSA, and keys that are sealed alone. */
static void rsa_and_sealed_keys(OSSL_LIB_CTX *libctx)
{
    static const struct {
        const char *name;
        const char *uri; /* of a sealed key */
        size_t len;      /* of a message's plaintext */
        uint8_t control[8];
    } seeds[] = {
        {"rsa_message", NULL, 200, {0, 100, 200, 150, 90, 255, 70, 120}},
        {"rsa_message_in_place", NULL, 5000, {2, 220, 210, 230, 200, 250, 190, 180}},
        {"rsa_rewrap", NULL, 100, {4, 255, 120, 70, 80, 90, 100, 110}},
        {"rewrap_to_all", NULL, 5000, {20, 210, 150, 220, 230, 240, 200, 190}},
        {"rewrap_large", NULL, 300, {4, 200, 220, 70, 190, 140, 100, 220}},
        {"by_pkey", NULL, 30, {9, 0}},
        {"by_rsa_pkey", NULL, 30, {9, 2}},
        {"sealed_key", "envelope:object=kek0", 0, {8, 0}},
        {"sealed_key_rsa", "envelope:object=kek3", 0, {8, 2}},
        {"sealed_key_rewrap", "envelope:object=kek0", 0, {20, 150, 190, 90}},
        {"sealed_key_as_message", "envelope:object=kek0", 0, {0, 200, 255, 90}},
    };
    uint8_t sealed[MESSAGE_MAX];

    fake_make_rsa(3, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-2048.pem");
    fake_make_rsa(4, ENV_WRAP_RSA_OAEP_SHA1, "rsa/kek-2048.pem");
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        const char *name = strcmp(seeds[i].name, "rewrap_large") == 0 ? "ENVELOPE-64K" : "ENVELOPE";
        bool rsa_alone = strncmp(seeds[i].name, "rsa_", 4) == 0;
        size_t len;

        fake_default_count = 5;
        if (rsa_alone)
            fake_switch_to(3, 2);
        len = seeds[i].uri != NULL ? seal_key(libctx, seeds[i].uri, sealed)
                                   : seal(libctx, name, seeds[i].len, sealed);
        if (rsa_alone)
            fake_switch_to(3, 2);
        save("fuzz_message", seeds[i].name, seeds[i].control, 8, sealed, len);
    }
    fake_default_count = 1;
}

/* Recipients of every kind, as headers alone. */
static void headers(void)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1};
    static struct env_header header = {.count = 11};
    struct env_crypto *crypto = env_crypto_new(NULL, NULL);
    uint8_t *der = NULL;
    size_t len = 0;

    FUZZ_DEMAND(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    for (size_t i = 0; i < header.count; i++) {
        header.recipients[i].id.len = 1 + 6 * i;
        header.recipients[i].wrapped.alg = (enum env_wrap_alg)(ENV_WRAP_AES128_KW + i);
        header.recipients[i].wrapped.len = i < 6 ? 40 : i < 9 ? 48 : 256;
        header.recipients[i].wrapped.nonce_len = i < 6 || i >= 9 ? 0
                                                 : i == 7        ? ENV_GCM_NONCE_MAX
                                                                 : ENV_GCM_NONCE_LEN;
    }
    FUZZ_DEMAND(env_ok(env_header_encode(crypto, &header, dek, &der, &len)));
    save("fuzz_header", "every_kind", NULL, 0, der, len);
    OPENSSL_free(der);
    for (size_t i = 0; i < 2; i++) {
        header.recipients[i].id.len = 20;
        header.recipients[i].id.bytes[0] = (uint8_t)i; /* one KEK may be named once */
        header.recipients[i].wrapped.alg =
            i == 0 ? ENV_WRAP_RSA_OAEP_SHA1 : ENV_WRAP_RSA_OAEP_SHA256;
        header.recipients[i].wrapped.len = 384;
    }
    header.count = 3;
    FUZZ_DEMAND(env_ok(env_header_encode(crypto, &header, dek, &der, &len)));
    save("fuzz_header", "rsa", NULL, 0, der, len);
    OPENSSL_free(der);
    header.count = 1;
    header.content = ENV_CONTENT_SEALED_KEY;
    FUZZ_DEMAND(env_ok(env_header_encode(crypto, &header, dek, &der, &len)));
    save("fuzz_header", "sealed_key", NULL, 0, der, len);
    OPENSSL_free(der);
    env_crypto_free(crypto);
}

static void references(void)
{
    static const char *const uris[] = {
        "pkcs11:token=fake;object=kek0;type=secret-key",
        "pkcs11:token=kek;id=%01%02%a0;type=private",
        "pkcs11:object=a%20label%20with%20spaces?module-path=/x.so",
        "pkcs11:object=x?pin-value=1234",
    };
    static const char pem[] = "-----BEGIN ENVELOPE KEK REFERENCE-----\n"
                              "MEkTGEVOVkVMT1BFIEtFSyBSRUZFUkVOQ0UgMQwtcGtjczExOnRva2VuPWZha2U7\n"
                              "-----END ENVELOPE KEK REFERENCE-----\n";

    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        char name[32];
        uint8_t kind = 4;
        uint8_t *der = NULL;
        size_t len = 0;

        FUZZ_DEMAND(env_ok(env_kek_reference_encode(uris[i], &der, &len)));
        (void)snprintf(name, sizeof(name), "der_%zu", i);
        save("fuzz_reference", name, &kind, 1, der, len);
        kind = (uint8_t)(1 + i % 2);
        (void)snprintf(name, sizeof(name), "file_%zu", i);
        save("fuzz_reference", name, &kind, 1, der, len);
        OPENSSL_free(der);
    }
    save("fuzz_reference", "pem", "\3", 1, pem, sizeof(pem) - 1);
}

static void texts(void)
{
    static const struct {
        const char *name;
        char reader;
        const char *text;
    } seeds[] = {
        {"config", 0,
         "pkcs11-module-path=/usr/lib/m.so\ntoken=pkcs11:token=kek\npin-source=file:/pin\n"
         "kek=a b\nwrap=aes-kw\nopen-kek=a%20b 01:02\npropquery=fips=yes\nallow-weak-kek=no\n"
         "standard-names=yes\npkcs11-scheme=no\ncontext=c\nallow-imported-kek=yes"},
        {"config_slip", 0, "kek=a\npin_source=file:x\nwrap=aes"},
        {"words", 1, "orders a%20b\tpkcs11:object=x;id=%01%ff 0a:1B:2c"},
        {"open_kek", 2, "\1ab01:62 a%62 %00"},
        {"uri", 3,
         "pkcs11:token=The%20token;manufacturer=Snake;serial=12;model=x;object=my;type=secret-key;"
         "id=%69%95?pin-value=1234&module-name=p"},
        {"uri_library", 3, "pkcs11:library-manufacturer=a;library-version=2.6;slot-id=3"},
        {"shown", 4, "\x40pkcs11:token=x;pin-value=1234;object=y?pin-source=file:z"},
        {"query_label", 5, "orders"},
        {"query_uri", 5, "pkcs11:object=orders;type=secret-key;id=%01?pin-value=1"},
        {"query_to_show", 5, "!pkcs11:object=orders;type=private"},
        {"version", 7, "orders/10"},
        {"day", 8, "2027-01-31"},
        {"day_digits", 8, "20270131"},
        {"key", 6, "f\303\274nf \342\202\254 \360\237\224\221 orders 456789"},
    };
    static const char list[] = "\0MIGfBgsqhkiG9w0BCRABF6CBjzCBjAIBADFBoj8=\nYQ==\r\n\n  YWI= \n"
                               "YWJj\nYWJ*\nYWI";
    static const char lines[] =
        "\1openssl_conf = init\n[init]\nproviders = p # all\n[envelope_sect]\nkek = a#b\n"
        "token = pkcs11:token=$x\nmodule = \\path \\\n more\ncontext = \"a # b\"\n";
    static const char rows[] = "\0{\"id\":17,\"context\":\"orders\\/17 "
                               "\\u00e4\\ud83d\\udd11\",\"message\":\"YW\\nI=\",\"more\":"
                               "[1,{\"a\":null},true,-1.5e3]}\n17\torders\\t17\\x41\\101\tYWI="
                               "\r\n\\N\t\\N\t\\N\n{\"message\":null}";
    uint8_t padded[32] = "orders";

    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        save("fuzz_text", seeds[i].name, &seeds[i].reader, 1, seeds[i].text, strlen(seeds[i].text));
    save("fuzz_tool", "list", NULL, 0, list, sizeof(list) - 1);
    save("fuzz_tool", "lines", NULL, 0, lines, sizeof(lines) - 1);
    save("fuzz_tool", "rows", NULL, 0, rows, sizeof(rows) - 1);
    save("fuzz_text", "key_padded", "\6", 1, padded, sizeof(padded));
}

/* Programs for fuzz_floe: all in order with a copy between, in pieces, the last one twice. */
static void programs(void)
{
    static const uint8_t in_order[] = {200, 0, 1, 0, 1, 0, 1, 0, 0xF0, 1, 0, 1, 0, 3, 0};
    static const uint8_t pieces[] = {200, 0, 17, 0, 20, 17, 0, 40, 19, 0, 16, 3, 0};
    static const uint8_t altered[] = {200, 0, 5, 0, 30, 1, 9, 0, 20, 1, 0, 0, 5, 0xE0, 40, 0, 0};
    static const uint8_t header[] = {30, 1, 1, 0};

    save("fuzz_floe", "in_order", NULL, 0, in_order, sizeof(in_order));
    save("fuzz_floe", "pieces", NULL, 0, pieces, sizeof(pieces));
    save("fuzz_floe", "altered", NULL, 0, altered, sizeof(altered));
    save("fuzz_floe", "header", NULL, 0, header, sizeof(header));
}

/* For fuzz_field: one as it stands, and changes to one; for fuzz_field_key: key bytes. */
static void fields(void)
{
    static const uint8_t random[60] = "\0\1keyid678";
    static const uint8_t deterministic[40] = "\1\2keyid678";
    static const uint8_t untouched[] = {2, 5, 1, 2, 3, 4, 5};
    static const uint8_t altered[] = {3, 5, 1, 2, 3, 4, 5, 0, 27, 1, 0, 20, 0x80};
    static const char alone[] = "ENVF\1\0\x10key:ABCDEFGHIJKL\0\0\0\0users.otp";
    static const char empty[] = "ENVF\1\0\0\0\0\0\0";
    char tenant[5 + 2 + 16 + 2 + 81 + 2 + 2] = "ENVF\1\0\x10key:ABCDEFGHIJKL\0\x51\1";

    tenant[sizeof(tenant) - 3] = 2;
    save("fuzz_field", "random", NULL, 0, random, sizeof(random));
    save("fuzz_field", "deterministic", NULL, 0, deterministic, sizeof(deterministic));
    save("fuzz_field", "untouched", NULL, 0, untouched, sizeof(untouched));
    save("fuzz_field", "altered", NULL, 0, altered, sizeof(altered));
    save("fuzz_field_key", "alone", NULL, 0, alone, sizeof(alone) - 1);
    save("fuzz_field_key", "empty", NULL, 0, empty, sizeof(empty) - 1);
    save("fuzz_field_key", "tenant", NULL, 0, tenant, sizeof(tenant));
}

/* For fuzz_token: settings, what the token can do, six steps; it answers honestly. */
static void hostile_tokens(void)
{
    static const struct {
        const char *name;
        uint8_t control[8];
    } seeds[] = {
        {"seal_open", {0, 0, 1, 12, 13, 33, 5}},
        {"lookup", {0, 0, 2, 13, 12, 13}},
        {"by_wrap_key", {0, 8, 1, 12, 13, 9, 14, 15}},
        {"short_template", {0, 72, 1, 12, 13, 9, 34, 35}},
        {"gcm", {0, 3, 1, 12, 13}},
        {"kwp", {16, 1, 1, 12, 13, 9, 34, 35}},
        {"rsa", {5, 0, 1, 3, 12, 13, 33}},
        {"rsa_wrap_key", {5, 8, 8, 3, 12, 13, 33}},
        {"rsa_bad", {5, 8, 3, 73, 53}},
        {"rsa_bad_decrypt", {5, 0, 3, 73, 53}},
        {"two", {0, 32, 1, 12, 13, 2, 13, 9}},
        {"two_gcm", {24, 32, 1, 12, 13, 2, 13}},
        {"generate", {0, 0, 6, 12, 13}},
        {"generate_rsa", {5, 0, 7, 12, 13}},
        {"generate_wrap", {0, 72, 6, 12, 13}},
        {"public_half", {0, 0, 8, 12, 13}},
        {"raw", {0, 0, 9, 14, 15, 34, 35, 10}},
        {"token_probe", {0, 16, 10, 4, 12, 13}},
        {"weak", {3, 0, 4, 12, 13, 5, 1}},
    };
    static const uint8_t honest[40];
    /* the third answer is the number of slots: 2^60 */
    static const uint8_t many_slots[] = {0, 0, 0xC1, 188};

    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        save("fuzz_token", seeds[i].name, seeds[i].control, 8, honest, sizeof(honest));
    save("fuzz_token", "many_slots", seeds[0].control, 8, many_slots, sizeof(many_slots));
}

static size_t read_vector(const char *name, uint8_t out[MESSAGE_MAX])
{
    char path[512];
    FILE *in;
    size_t len;

    (void)snprintf(path, sizeof(path), TEST_VECTORS "/rsa/%s", name);
    in = fopen(path, "rb");
    FUZZ_DEMAND(in != NULL);
    len = fread(out, 1, MESSAGE_MAX, in);
    (void)fclose(in);
    return len;
}

/* For fuzz_public: the certificate and the keys, as files and without what is around them. */
static void public_halves(void)
{
    static const char strange[] = "-----BEGIN \033[31mX-----\nAAAA\n-----END \033[31mX-----\n";
    uint8_t file[MESSAGE_MAX];
    size_t len = read_vector("kek-3072-cert.pem", file);
    BIO *bio = BIO_new_mem_buf(file, (int)len);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *pkey = X509_get0_pubkey(x509);
    unsigned char *der = NULL;
    int n;

    save("fuzz_public", "cert_pem", "\1", 1, file, len);
    save("fuzz_public", "name_of_cert", "\5\n", 2, file, len);
    save("fuzz_public", "name_with_id", "\5?id=01:02\n", 11, file, len);
    n = i2d_X509(x509, &der);
    save("fuzz_public", "cert_der", "\0", 1, der, (size_t)n);
    save("fuzz_public", "cert_around", "\2\0", 2, der, (size_t)n);
    OPENSSL_free(der);
    der = NULL;
    n = i2d_PUBKEY(pkey, &der);
    save("fuzz_public", "public_der", "\0", 1, der, (size_t)n);
    save("fuzz_public", "public_around", "\2\1", 2, der, (size_t)n);
    OPENSSL_free(der);
    der = NULL;
    n = i2d_PublicKey(pkey, &der); /* SEQUENCE and INTEGER have 8 bytes and a zero before n */
    save("fuzz_public", "bit_string", "\3", 1, der, (size_t)n);
    save("fuzz_public", "numbers", "\4\3\0\1\0\1", 6, der + 9, 384);
    save("fuzz_public", "numbers_padded", "\4\4\0\0\1\0\1\0\0", 9, der + 9, 384);
    save("fuzz_public", "exponent_one", "\4\1\0\1", 4, der + 9, 384);
    save("fuzz_public", "exponent_missing", "\4\0\0", 3, der + 9, 384);
    OPENSSL_free(der);
    X509_free(x509);
    BIO_free(bio);
    len = read_vector("kek-2048.pem", file);
    save("fuzz_public", "private", "\1", 1, file, len);
    save("fuzz_public", "block_name", "\1", 1, strange, sizeof(strange) - 1);
}

static void labels(void)
{
    static const char utf8[] = "f\303\274nf \342\202\254 \360\237\224\221 \"orders\"\\/";
    static const char controls[] = "\n\t\r\1\33\177\302\200\302\233";
    static const char broken[] = "x\377\342\202\300\257\340\200\257\355\240\200\364\220 a\0b";

    save("fuzz_json", "utf8", NULL, 0, utf8, sizeof(utf8) - 1);
    save("fuzz_json", "controls", NULL, 0, controls, sizeof(controls) - 1);
    save("fuzz_json", "broken", NULL, 0, broken, sizeof(broken) - 1);
}

#define AUDIT_TIME "{\"time\":\"2026-11-22T09:30:00.123456Z\",\"operation\":"
#define AUDIT_KEK "\"kek\":\"0011\",\"label\":\"orders\",\"token\":\"kek\","

static void kept_texts(void)
{
    static const char pins[] =
        "envelope refused PINs 1 PBKDF2-HMAC-SHA256 600000 00112233445566778899aabbccddeeff\n"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f\n";
    static const char lines[] = AUDIT_TIME
        "\"wrap\"," AUDIT_KEK "\"result\":\"ok\",\"mechanism\":\"aes-gcm\"}\n"
        "Nov 22 09:30:00 shop-1 envelope[4711]: " AUDIT_TIME "\"unwrap\",\"kek\":null,\"label\""
        ":null,\"token\":null,\"asked\":[\"a\"],\"result\":\"failed\",\"reason\":161}\n" AUDIT_TIME
        "\"seal-count\",\"named_key\":\"web@1\",\"count\":1048576,\"result\":\"ok\"}\n" AUDIT_TIME
        "\"wrap\",\"label\":\"\\\"\\\\\\n\\u00e9\",\"result\":\"ok\"}\n";
    static const char state[] =
        "{\"envelope-stats-state\":1,\"uses\":3,\"others\":0,\"broken\":1,\"uncounted\":0}\n"
        "{\"inode\":17,\"length\":300,\"hash\":\"00112233445566778899aabbccddeeff00112233445566778"
        "899aabbccddeeff\",\"offset\":300,\"grew\":1}\n"
        "{\"kek\":\"0011\",\"token\":\"kek\",\"label\":\"orders\",\"named_key\":\"\",\"operation\":"
        "\"wrap\",\"ok\":2,\"failed\":1,\"gcm\":2,\"seals\":0,\"last\":1795339800,\"reasons\":[183,"
        "1"
        "]}\n{\"end\":2}\n";

    save("fuzz_pin_file", "two", NULL, 0, pins, sizeof(pins) - 1);
    save("fuzz_stats", "lines", "\1", 1, lines, sizeof(lines) - 1);
    save("fuzz_stats", "state", "\0", 1, state, sizeof(state) - 1);
}

/* The key of FORMAT.md's example, with more than it has. */
static void fill_named(struct env_named_clear *clear, struct env_named_sealed *sealed)
{
    memset(clear, 0, sizeof(*clear));
    memset(sealed, 0, sizeof(*sealed));
    (void)snprintf(clear->name, sizeof(clear->name), "orders");
    (void)snprintf(sealed->name, sizeof(sealed->name), "orders");
    clear->number = sealed->number = 3;
    clear->use_count = 2;
    (void)snprintf(clear->uses[0], sizeof(clear->uses[0]), "AES-256-CBC");
    (void)snprintf(clear->uses[1], sizeof(clear->uses[1]), "PBKDF2");
    (void)snprintf(clear->owner, sizeof(clear->owner), "shop");
    clear->origin = ENV_NAMED_IMPORTED;
    clear->created = clear->seal_from = 1767225600;
    clear->not_after = 1893456000;
    clear->stand_in_count = sealed->stand_in_count = 2;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(clear->stand_ins[i].application, sizeof(clear->stand_ins[i].application),
                       "app %zu", i);
        memset(clear->stand_ins[i].hint, (int)i, ENV_STAND_IN_HINT_LEN);
        memset(sealed->hashes[i], (int)i, ENV_STAND_IN_HASH_LEN);
    }
    sealed->key_len = 32;
    memset(sealed->key, 0x5A, sealed->key_len);
}

static void named_keys(OSSL_LIB_CTX *libctx)
{
    static const struct env_selector configured;
    static struct env_named_sealed sealed;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    struct env_provctx *provctx = OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher));
    struct env_named_clear clear;
    uint8_t *der = NULL;
    uint8_t room[ENV_NAMED_SEALED_MAX];
    size_t header_len = 0;
    size_t len = 0;

    fill_named(&clear, &sealed);
    FUZZ_DEMAND(env_ok(env_named_clear_encode(&clear, &der, &len)));
    save("fuzz_key_file", "clear", "\1", 1, der, len);
    OPENSSL_free(der);
    FUZZ_DEMAND(env_ok(env_named_sealed_encode(&sealed, room, &len)));
    save("fuzz_key_file", "sealed", "\2", 1, room, len);
    der = NULL;
    FUZZ_DEMAND(env_ok(env_named_seal(&provctx->dek, &configured, &clear, &sealed, &der, &len)));
    save("fuzz_key_file", "file", "\0", 1, der, len);
    FUZZ_DEMAND(env_ok(env_header_length((struct env_span){der, len}, &header_len)));
    save("fuzz_header", "named_key", NULL, 0, der, header_len);
    OPENSSL_free(der);
    EVP_CIPHER_free(cipher);
}

static void states(void)
{
    static const char all[] = "# taken away\n\ndisabled-key = orders@3 archive\n"
                              "revoked-stand-in = 00112233445566FF\n"
                              "  disabled-kek = a%20b pkcs11:object=x\r\nopen-only-kek=0a:1b";
    static const char name[] = "orders@12";

    save("fuzz_state", "all", NULL, 0, all, sizeof(all) - 1);
    save("fuzz_state", "name", NULL, 0, name, sizeof(name) - 1);
}

int main(int argc, char **argv)
{
    OSSL_LIB_CTX *libctx;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_seeds DIRECTORY\n");
        return 2;
    }
    corpus = argv[1];
    (void)mkdir(corpus, 0755);
    fake_reset();
    libctx = fake_libctx_new();
    messages(libctx);
    rsa_and_sealed_keys(libctx);
    headers();
    references();
    texts();
    programs();
    fields();
    hostile_tokens();
    public_halves();
    labels();
    kept_texts();
    named_keys(libctx);
    states();
    fake_libctx_free(libctx);
    return 0;
}
