/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a message with only libcrypto and a known KEK: without our provider or a token. It
 * was written from docs/FORMAT.md and c2sp.org/FLOE, so that the format has a second reader.
 *
 *     open_by_hand [option ...] < message > plaintext
 *         --kek HEX        the KEK that unwraps the DEK in the header
 *         --rsa FILE       the same, of RSA: its private key in PEM
 *         --id HEX         the KEK's CKA_ID: which recipient it is (the first)
 *         --dek HEX        the DEK itself
 *         --context TEXT   the application's context
 *         --body           there is no header: the input is FLOE's, with segments of any length
 *                          (with --dek)
 *         --rotation BITS  another AES key every 2^BITS segments (FLOE's own is 20)
 *         --named-key      the message is a key file; the output is its sealed DER
 *         --show           names the KEK, the wrap and the DEK's length on stderr
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC_INFO "envelope header MAC v1"
#define MESSAGE_OID "2.25.107611773213762148878469294417992592875"
#define NAMED_KEY_OID "2.25.1717611261343349075073037905831055864"
#define DEK_LEN 32u
#define MAC_LEN 32u
#define FLOE_PARAMS 10u
#define FLOE_IV 32u
#define FLOE_TAG 32u
#define FLOE_HEADER (FLOE_PARAMS + FLOE_IV + FLOE_TAG)
#define GCM_IV 12u
#define GCM_LONG_IV 16u /* of wrapped DEKs alone */
#define GCM_TAG 16u
#define SEGMENT_OVERHEAD (4u + GCM_IV + GCM_TAG)

struct bytes {
    const unsigned char *data;
    size_t len;
};

struct options {
    struct bytes kek;
    const char *rsa;
    struct bytes id;
    struct bytes dek;
    struct bytes context;
    bool body_only;
    bool named_key;
    bool show;
    unsigned rotation;
};

struct recipient {
    struct bytes id;
    char wrap[64];
    bool rsa;
    bool sha256;        /* RSA only: the hash of OAEP, else SHA-1 */
    struct bytes nonce; /* GCM only */
    struct bytes wrapped;
};

struct header {
    struct recipient recipient; /* the one that the KEK opens */
    struct bytes before_mac;
    struct bytes mac;
    size_t len;
};

static _Noreturn void fail(const char *why)
{
    fprintf(stderr, "open_by_hand: %s\n", why);
    exit(1);
}

static void need(bool condition, const char *why)
{
    if (!condition)
        fail(why);
}

static struct bytes from_hex(const char *hex)
{
    long len = 0;
    unsigned char *data = OPENSSL_hexstr2buf(hex, &len);

    need(data != NULL, "not hexadecimal");
    return (struct bytes){data, (size_t)len};
}

/* ---- DER ---- */

struct der {
    const unsigned char *start; /* of the whole value, its tag */
    struct bytes content;
    int tag;
    int class;
};

/* Takes the next value off *from. */
static struct der next_value(struct bytes *from)
{
    const unsigned char *p = from->data;
    struct der value = {.start = p};
    long length = 0;
    int flags = ASN1_get_object(&p, &length, &value.tag, &value.class, (long)from->len);

    /* 0x80: an error; 1: indefinite length, which DER has not */
    need((flags & 0x80) == 0 && (flags & 1) == 0, "bad DER");
    value.content = (struct bytes){p, (size_t)length};
    from->len -= (size_t)(p - from->data) + value.content.len;
    from->data = p + value.content.len;
    return value;
}

static struct bytes take(struct bytes *from, int tag, int class, const char *what)
{
    struct der value = next_value(from);

    need(value.tag == tag && value.class == class, what);
    return value.content;
}

static void take_version(struct bytes *from, unsigned char version)
{
    struct bytes number = take(from, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, "a version is missing");

    need(number.len == 1 && number.data[0] == version, "unexpected version");
}

/* The OID's name where libcrypto knows it, else its numbers. */
static void take_oid(struct bytes *from, char *name, size_t size)
{
    struct der value = next_value(from);
    const unsigned char *p = value.start;
    ASN1_OBJECT *oid;

    need(value.tag == V_ASN1_OBJECT, "an OID is missing");
    oid = d2i_ASN1_OBJECT(NULL, &p, (long)(value.content.data + value.content.len - value.start));
    need(oid != NULL && OBJ_obj2txt(name, (int)size, oid, 0) > 0, "bad OID");
    ASN1_OBJECT_free(oid);
}

static void take_wrap_algorithm(struct bytes *from, struct recipient *recipient)
{
    struct bytes algorithm = take(from, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no wrap algorithm");
    struct bytes gcm;

    take_oid(&algorithm, recipient->wrap, sizeof(recipient->wrap));
    if (strcmp(recipient->wrap, "aes-256-gcm") != 0) {
        need(algorithm.len == 0, "a key wrap has no parameters");
        return;
    }
    gcm = take(&algorithm, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no GCMParameters");
    recipient->nonce = take(&gcm, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, "no nonce");
    need(recipient->nonce.len == GCM_IV || recipient->nonce.len == GCM_LONG_IV,
         "the nonce must have 12 or 16 bytes");
    take_version(&gcm, GCM_TAG); /* ICVlen: an INTEGER, 16 */
    need(gcm.len == 0 && algorithm.len == 0, "more in GCMParameters than there should be");
}

/* Hash and MGF1 of SHA-256, or no fields, which means SHA-1 for both. */
static void take_oaep(struct bytes *from, struct recipient *recipient)
{
    static const unsigned char sha256[] = {
        0xA0, 0x0D, 0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0xA1, 0x1A, 0x30, 0x18, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,
        0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
    struct bytes algorithm = take(from, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no wrap algorithm");
    struct bytes params;

    take_oid(&algorithm, recipient->wrap, sizeof(recipient->wrap));
    need(strcmp(recipient->wrap, "rsaesOaep") == 0, "not RSAES-OAEP");
    params = take(&algorithm, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no RSAES-OAEP-params");
    recipient->sha256 = params.len > 0;
    need(params.len == 0 ||
             (params.len == sizeof(sha256) && memcmp(params.data, sha256, sizeof(sha256)) == 0),
         "other RSAES-OAEP-params");
    need(algorithm.len == 0, "more in the wrap algorithm than there should be");
}

static void parse_ktri(struct bytes info, struct recipient *recipient)
{
    recipient->rsa = true;
    take_version(&info, 2);
    recipient->id = take(&info, 0, V_ASN1_CONTEXT_SPECIFIC, "no subjectKeyIdentifier");
    need(recipient->id.len >= 1 && recipient->id.len <= 64, "bad subjectKeyIdentifier");
    take_oaep(&info, recipient);
    recipient->wrapped = take(&info, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, "no wrapped DEK");
    need(recipient->wrapped.len >= 256 && recipient->wrapped.len <= 1024,
         "the wrapped DEK must have 256 to 1024 bytes");
    need(info.len == 0, "more in KeyTransRecipientInfo than there should be");
}

static void parse_kekri(struct bytes info, struct recipient *recipient)
{
    struct bytes kekid;

    take_version(&info, 4);
    kekid = take(&info, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no KEKIdentifier");
    recipient->id = take(&kekid, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, "no keyIdentifier");
    need(kekid.len == 0 && recipient->id.len >= 1 && recipient->id.len <= 64, "bad KEKIdentifier");
    take_wrap_algorithm(&info, recipient);
    recipient->wrapped = take(&info, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, "no wrapped DEK");
    need(info.len == 0, "more in KEKRecipientInfo than there should be");
}

static void parse_recipient(struct bytes *infos, struct recipient *recipient)
{
    struct der info = next_value(infos);

    if (info.tag == V_ASN1_SEQUENCE && info.class == V_ASN1_UNIVERSAL) {
        parse_ktri(info.content, recipient);
        return;
    }
    need(info.tag == 2 && info.class == V_ASN1_CONTEXT_SPECIFIC, "another kind of recipient");
    parse_kekri(info.content, recipient);
}

/* Reads every recipient and keeps the wanted one: that with the id, or the first. */
static void parse_recipients(struct bytes infos, struct bytes id, struct recipient *wanted)
{
    bool found = false;

    do {
        struct recipient recipient = {0};

        parse_recipient(&infos, &recipient);
        if (!found && (id.len == 0 || (id.len == recipient.id.len &&
                                       memcmp(id.data, recipient.id.data, id.len) == 0))) {
            *wanted = recipient;
            found = true;
        }
    } while (infos.len > 0);
    need(found, "no recipient has this id");
}

static void parse_header(struct bytes message, const struct options *options, struct header *header)
{
    struct bytes rest = message;
    struct bytes info = take(&rest, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no ContentInfo");
    struct bytes content, algorithm;
    char oid[64];

    header->len = message.len - rest.len;
    take_oid(&info, oid, sizeof(oid));
    need(strcmp(oid, "id-smime-ct-authEnvelopedData") == 0, "not an AuthEnvelopedData");
    info = take(&info, 0, V_ASN1_CONTEXT_SPECIFIC, "no content");
    info = take(&info, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no AuthEnvelopedData");
    take_version(&info, 0);
    parse_recipients(take(&info, V_ASN1_SET, V_ASN1_UNIVERSAL, "no recipients"), options->id,
                     &header->recipient);
    content = take(&info, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no EncryptedContentInfo");
    take_oid(&content, oid, sizeof(oid));
    need(strcmp(oid, "pkcs7-data") == 0, "the content type is not id-data");
    algorithm = take(&content, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no content algorithm");
    take_oid(&algorithm, oid, sizeof(oid));
    if (options->named_key)
        (void)take(&algorithm, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, "no parameters of a named key");
    need(strcmp(oid, options->named_key ? NAMED_KEY_OID : MESSAGE_OID) == 0 && algorithm.len == 0,
         "not the content of a message");
    need(content.len == 0, "the header has content");
    header->mac = take(&info, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, "no MAC");
    need(info.len == 0, "something follows the MAC");
    need(header->mac.len == MAC_LEN, "the MAC must have 32 bytes");
    header->before_mac = (struct bytes){message.data, (size_t)(header->mac.data - message.data)};
}

/* ---- keys ---- */

static void hkdf_expand(struct bytes key, struct bytes info, unsigned char *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA384";
    OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)key.data, key.len),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.len),
        OSSL_PARAM_END,
    };

    need(ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1, "HKDF failed");
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void unwrap_gcm(struct bytes kek, const struct recipient *from, unsigned char *dek)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char tag[GCM_TAG];
    int len = 0;

    need(from->wrapped.len == DEK_LEN + GCM_TAG, "the wrapped DEK must have 48 bytes");
    memcpy(tag, from->wrapped.data + DEK_LEN, GCM_TAG);
    need(ctx != NULL && EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)from->nonce.len, NULL) == 1 &&
             EVP_DecryptInit_ex2(ctx, NULL, kek.data, from->nonce.data, NULL) == 1 &&
             EVP_DecryptUpdate(ctx, dek, &len, from->wrapped.data, DEK_LEN) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1 &&
             EVP_DecryptFinal_ex(ctx, dek + len, &len) == 1,
         "the KEK does not unwrap the DEK");
    EVP_CIPHER_CTX_free(ctx);
}

static void unwrap_kw(struct bytes kek, const struct recipient *from, unsigned char *dek)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, from->wrap, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char out[DEK_LEN + 16];
    int len = 0;

    need(from->wrapped.len == DEK_LEN + 8, "the wrapped DEK must have 40 bytes");
    need(cipher != NULL && ctx != NULL, "unknown wrap algorithm");
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    need(EVP_DecryptInit_ex2(ctx, cipher, kek.data, NULL, NULL) == 1 &&
             EVP_DecryptUpdate(ctx, out, &len, from->wrapped.data, (int)from->wrapped.len) == 1,
         "the KEK does not unwrap the DEK");
    need(len == (int)DEK_LEN, "the DEK must have 32 bytes");
    memcpy(dek, out, DEK_LEN);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static void unwrap(struct bytes kek, const struct recipient *from, unsigned char *dek)
{
    need(kek.len == 32, "the KEK must have 32 bytes");
    if (strcmp(from->wrap, "aes-256-gcm") == 0)
        unwrap_gcm(kek, from, dek);
    else
        unwrap_kw(kek, from, dek);
}

static void unwrap_rsa(const char *file, const struct recipient *from, unsigned char *dek)
{
    const EVP_MD *hash = from->sha256 ? EVP_sha256() : EVP_sha1();
    FILE *in = fopen(file, "r");
    EVP_PKEY *key = in != NULL ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    unsigned char out[1024];
    size_t len = sizeof(out);

    need(ctx != NULL, "no private key in PEM");
    need(EVP_PKEY_decrypt_init(ctx) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(ctx, hash) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, hash) == 1 &&
             EVP_PKEY_decrypt(ctx, out, &len, from->wrapped.data, from->wrapped.len) == 1 &&
             len == DEK_LEN,
         "the KEK does not unwrap the DEK");
    memcpy(dek, out, DEK_LEN);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    fclose(in);
}

static void check_mac(const struct header *header, struct bytes dek)
{
    static const char info[] = MAC_INFO;
    unsigned char key[MAC_LEN], mac[MAC_LEN];
    size_t len = 0;

    hkdf_expand(dek, (struct bytes){(const unsigned char *)info, strlen(info)}, key, sizeof(key));
    need(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, sizeof(key), header->before_mac.data,
                   header->before_mac.len, mac, sizeof(mac), &len) != NULL,
         "HMAC failed");
    need(len == MAC_LEN && CRYPTO_memcmp(mac, header->mac.data, MAC_LEN) == 0,
         "the header's MAC does not verify");
}

/* ---- FLOE ---- */

struct floe {
    struct bytes params; /* with the IV behind them: they stand together in every info */
    struct bytes aad;
    size_t segment_len;
    bool any_length; /* a message has one of two */
    unsigned rotation;
    unsigned char message_key[48];
    unsigned char key[32]; /* of the position masked so */
    uint64_t key_of;
    bool has_key;
};

static void put_be(unsigned char *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)(value >> (8 * (len - 1 - i)));
}

static uint64_t get_be(const unsigned char *in, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | in[i];
    return value;
}

static void floe_kdf(const struct floe *floe, struct bytes key, struct bytes purpose,
                     unsigned char *out, size_t len)
{
    size_t info_len = floe->params.len + purpose.len + floe->aad.len;
    unsigned char *info = malloc(info_len);

    need(info != NULL, "out of memory");
    memcpy(info, floe->params.data, floe->params.len);
    memcpy(info + floe->params.len, purpose.data, purpose.len);
    if (floe->aad.len > 0)
        memcpy(info + floe->params.len + purpose.len, floe->aad.data, floe->aad.len);
    hkdf_expand(key, (struct bytes){info, info_len}, out, len);
    free(info);
}

static void floe_start(struct floe *floe, struct bytes dek, struct bytes body)
{
    static const unsigned char tag_purpose[] = "HEADER_TAG:", key_purpose[] = "MESSAGE_KEY:";
    unsigned char tag[FLOE_TAG];

    need(body.len >= FLOE_HEADER, "no FLOE header");
    need(body.data[0] == 0 && body.data[1] == 0, "unknown AEAD or KDF");
    need(get_be(body.data + 6, 4) == FLOE_IV, "unexpected length of the FLOE IV");
    floe->segment_len = (size_t)get_be(body.data + 2, 4);
    need(floe->segment_len > SEGMENT_OVERHEAD, "the segment length is too small");
    need(floe->any_length || floe->segment_len == 4128 || floe->segment_len == 65568,
         "no message has segments of this length");
    floe->params = (struct bytes){body.data, FLOE_PARAMS + FLOE_IV};
    floe_kdf(floe, dek, (struct bytes){tag_purpose, sizeof(tag_purpose) - 1}, tag, sizeof(tag));
    need(CRYPTO_memcmp(tag, body.data + FLOE_PARAMS + FLOE_IV, FLOE_TAG) == 0,
         "the FLOE header tag does not verify");
    floe_kdf(floe, dek, (struct bytes){key_purpose, sizeof(key_purpose) - 1}, floe->message_key,
             sizeof(floe->message_key));
}

static const unsigned char *segment_key(struct floe *floe, uint64_t position)
{
    uint64_t masked = position >> floe->rotation << floe->rotation;
    unsigned char purpose[4 + 8] = "DEK:";

    if (!floe->has_key || floe->key_of != masked) {
        put_be(purpose + 4, masked, 8);
        floe_kdf(floe, (struct bytes){floe->message_key, sizeof(floe->message_key)},
                 (struct bytes){purpose, sizeof(purpose)}, floe->key, sizeof(floe->key));
        floe->key_of = masked;
        floe->has_key = true;
    }
    return floe->key;
}

/* Writes a whole segment's plaintext to stdout once its tag has verified. */
static void open_segment(struct floe *floe, struct bytes segment, uint64_t position, bool last)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t plain_len = segment.len - SEGMENT_OVERHEAD;
    unsigned char *plain = malloc(plain_len + 1);
    unsigned char aad[9], tag[GCM_TAG];
    int len = 0;

    need(ctx != NULL && plain != NULL, "out of memory");
    put_be(aad, position, 8);
    aad[8] = last ? 1 : 0;
    memcpy(tag, segment.data + segment.len - GCM_TAG, GCM_TAG);
    need(EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), segment_key(floe, position), segment.data + 4,
                             NULL) == 1 &&
             EVP_DecryptUpdate(ctx, NULL, &len, aad, sizeof(aad)) == 1 &&
             EVP_DecryptUpdate(ctx, plain, &len, segment.data + 4 + GCM_IV, (int)plain_len) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1 &&
             EVP_DecryptFinal_ex(ctx, plain + len, &len) == 1,
         "a segment does not verify");
    need(fwrite(plain, 1, plain_len, stdout) == plain_len, "cannot write");
    free(plain);
    EVP_CIPHER_CTX_free(ctx);
}

static void open_body(struct floe *floe, struct bytes segments)
{
    for (uint64_t position = 0;; position++) {
        struct bytes segment = {segments.data, floe->segment_len};
        bool last;

        need(segments.len >= SEGMENT_OVERHEAD, "the last segment is missing");
        last = get_be(segments.data, 4) != 0xffffffffu;
        if (last)
            segment.len = (size_t)get_be(segments.data, 4);
        need(segment.len >= SEGMENT_OVERHEAD && segment.len <= floe->segment_len,
             "impossible length of a segment");
        need(segment.len <= segments.len, "a segment is truncated");
        open_segment(floe, segment, position, last);
        segments.data += segment.len;
        segments.len -= segment.len;
        if (last)
            break;
    }
    need(segments.len == 0, "data after the last segment");
}

/* ---- the program ---- */

static struct bytes read_all(FILE *from)
{
    size_t len = 0, room = 1 << 16;
    unsigned char *data = malloc(room);

    need(data != NULL, "out of memory");
    for (;;) {
        size_t got = fread(data + len, 1, room - len, from);

        if (got == 0)
            break;
        len += got;
        if (len == room) {
            room *= 2;
            data = realloc(data, room);
            need(data != NULL, "out of memory");
        }
    }
    need(!ferror(from), "cannot read");
    return (struct bytes){data, len};
}

static void show(const struct recipient *recipient)
{
    fputs("kek ", stderr);
    for (size_t i = 0; i < recipient->id.len; i++)
        fprintf(stderr, "%02x", recipient->id.data[i]);
    fprintf(stderr, "\nwrap %s\n", recipient->wrap);
}

static void parse_options(struct options *options, char **argv)
{
    options->rotation = 20;
    for (char **arg = argv + 1; *arg != NULL; arg++) {
        if (strcmp(*arg, "--show") == 0)
            options->show = true;
        else if (strcmp(*arg, "--body") == 0)
            options->body_only = true;
        else if (strcmp(*arg, "--named-key") == 0)
            options->named_key = true;
        else if (arg[1] == NULL)
            fail("bad option, or its value is missing");
        else if (strcmp(*arg, "--kek") == 0)
            options->kek = from_hex(*++arg);
        else if (strcmp(*arg, "--rsa") == 0)
            options->rsa = *++arg;
        else if (strcmp(*arg, "--id") == 0)
            options->id = from_hex(*++arg);
        else if (strcmp(*arg, "--dek") == 0)
            options->dek = from_hex(*++arg);
        else if (strcmp(*arg, "--rotation") == 0)
            options->rotation = (unsigned)strtoul(*++arg, NULL, 10);
        else if (strcmp(*arg, "--context") == 0) {
            arg++;
            options->context = (struct bytes){(const unsigned char *)*arg, strlen(*arg)};
        } else
            fail("bad option");
    }
    need(options->kek.len > 0 || options->rsa != NULL || options->dek.len > 0,
         "--kek, --rsa or --dek is missing");
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct header header = {0};
    struct floe floe = {0};
    unsigned char dek[DEK_LEN] = {0};
    struct bytes message, body;

    need(argc > 1, "which KEK?");
    parse_options(&options, argv);
    message = read_all(stdin);
    if (!options.body_only)
        parse_header(message, &options, &header);
    if (options.show)
        show(&header.recipient);
    if (options.dek.len > 0) {
        need(options.dek.len == DEK_LEN, "the DEK must have 32 bytes");
        memcpy(dek, options.dek.data, DEK_LEN);
    } else if (options.rsa != NULL) {
        need(header.recipient.rsa, "not a recipient of RSA");
        unwrap_rsa(options.rsa, &header.recipient, dek);
    } else {
        need(!header.recipient.rsa, "a recipient of RSA");
        unwrap(options.kek, &header.recipient, dek);
    }
    if (!options.body_only)
        check_mac(&header, (struct bytes){dek, DEK_LEN});
    body = (struct bytes){message.data + header.len, message.len - header.len};
    floe.aad = options.context;
    floe.rotation = options.rotation;
    floe.any_length = options.body_only;
    floe_start(&floe, (struct bytes){dek, DEK_LEN}, body);
    open_body(&floe, (struct bytes){body.data + FLOE_HEADER, body.len - FLOE_HEADER});
    need(fflush(stdout) == 0, "cannot write");
    OPENSSL_cleanse(dek, sizeof(dek));
    OPENSSL_free((void *)options.kek.data);
    OPENSSL_free((void *)options.id.data);
    OPENSSL_free((void *)options.dek.data);
    free((void *)message.data);
    return 0;
}
