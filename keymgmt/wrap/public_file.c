/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/public_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/config_list.h"
#include "envelope/base/file_name.h"
#include "envelope/base/printable.h"
#include "envelope/base/safe_file.h"

#define ID "?id="

struct reading {
    const struct env_rsa_source *source;
    const char *path;
    struct env_public_file *out;
    unsigned found; /* number of certificates and public keys */
    struct env_error_detail *detail;
};

/* ---- the file's bytes ---- */

static ENV_RESULT file_refused(const struct reading *r, const char *why)
{
    return env_error_detail(r->detail, ENV_R_KEK_FILE, "%s: %s", r->path, why);
}

static ENV_RESULT read_all(const struct reading *r, int fd, uint8_t *bytes, size_t *len)
{
    *len = 0;
    while (*len < ENV_PUBLIC_FILE_MAX) {
        ssize_t n = read(fd, bytes + *len, ENV_PUBLIC_FILE_MAX - *len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_refused(r, strerror(errno));
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return ENV_OK;
}

static ENV_RESULT load(const struct reading *r, uint8_t *bytes, size_t *len)
{
    const char *why;
    struct stat st;
    ENV_RESULT result;
    /* anyone who can change it can redirect what is sealed to a key of his own */
    int fd = env_safe_open(AT_FDCWD, r->path, &st, &why);

    if (fd < 0)
        return file_refused(r, why);
    result = st.st_size > (off_t)ENV_PUBLIC_FILE_MAX ? file_refused(r, "longer than 64 KiB")
                                                     : read_all(r, fd, bytes, len);
    (void)close(fd);
    return result;
}

/* ---- the contents ---- */

static ENV_RESULT content_refused(const struct reading *r, const char *why)
{
    return env_error_detail(r->detail, ENV_R_KEK_FILE_CONTENT, "%s: %s", r->path, why);
}

static ENV_RESULT take_key(struct reading *r, const X509_PUBKEY *key)
{
    ASN1_OBJECT *algorithm = NULL;
    const unsigned char *bits = NULL;
    int len = 0;

    if (r->found++ > 0)
        return content_refused(r, "more than one certificate or public key");
    if (X509_PUBKEY_get0_param(&algorithm, &bits, &len, NULL, (X509_PUBKEY *)(uintptr_t)key) != 1)
        return content_refused(r, "malformed");
    if (OBJ_obj2nid(algorithm) != NID_rsaEncryption)
        return env_error_detail(r->detail, ENV_R_KEK_KIND, "%s: the key is not RSA", r->path);
    if (len <= 0 || !env_rsa_numbers_read((struct env_span){bits, (size_t)len}, &r->out->numbers))
        return env_error_detail(r->detail, ENV_R_KEK_KIND, "%s: no usable RSA key", r->path);
    return ENV_OK;
}

static ENV_RESULT take_certificate(struct reading *r, X509 *x509)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x509);
    struct env_kek_id *out = &r->out->key_id;
    int len = id != NULL ? ASN1_STRING_length(id) : 0;

    ENV_TRY(take_key(r, X509_get_X509_PUBKEY(x509)));
    if (id != NULL && (len < 1 || len > (int)sizeof(out->bytes)))
        return content_refused(r, "its subjectKeyIdentifier is not 1 to 64 bytes long");
    out->len = (size_t)len;
    if (len > 0)
        memcpy(out->bytes, ASN1_STRING_get0_data(id), out->len);
    return ENV_OK;
}

/* *is: the bytes are exactly one certificate, which may still be refused. */
static ENV_RESULT try_certificate(struct reading *r, struct env_span der, bool *is)
{
    X509 *x509 = X509_new_ex(r->source->libctx, r->source->propquery);
    const unsigned char *p = der.data;
    ENV_RESULT result = ENV_OK;

    *is = x509 != NULL && d2i_X509(&x509, &p, (long)der.len) != NULL && p == der.data + der.len;
    if (*is)
        result = take_certificate(r, x509);
    X509_free(x509);
    return result;
}

static ENV_RESULT try_public_key(struct reading *r, struct env_span der, bool *is)
{
    X509_PUBKEY *key = X509_PUBKEY_new_ex(r->source->libctx, r->source->propquery);
    const unsigned char *p = der.data;
    ENV_RESULT result = ENV_OK;

    *is =
        key != NULL && d2i_X509_PUBKEY(&key, &p, (long)der.len) != NULL && p == der.data + der.len;
    if (*is)
        result = take_key(r, key);
    X509_PUBKEY_free(key);
    return result;
}

static ENV_RESULT private_key_refused(const struct reading *r)
{
    return env_error_detail(r->detail, ENV_R_KEK_FILE_PRIVATE, "%s", r->path);
}

static bool is_private_key(const struct reading *r, struct env_span der)
{
    const unsigned char *p = der.data;
    EVP_PKEY *pkey =
        d2i_AutoPrivateKey_ex(NULL, &p, (long)der.len, r->source->libctx, r->source->propquery);
    bool is = pkey != NULL;

    EVP_PKEY_free(pkey);
    return is;
}

static ENV_RESULT parse_der(struct reading *r, struct env_span der)
{
    bool is;

    ENV_TRY(try_certificate(r, der, &is));
    if (!is)
        ENV_TRY(try_public_key(r, der, &is));
    if (is)
        return ENV_OK;
    return is_private_key(r, der)
               ? private_key_refused(r)
               : content_refused(r, "it is neither PEM nor DER of a certificate or public key");
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static ENV_RESULT take_block(struct reading *r, const char *name, struct env_span der)
{
    char shown[64];
    bool is = false;

    if (ends_with(name, "PRIVATE KEY"))
        return private_key_refused(r);
    if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
        ENV_TRY(try_certificate(r, der, &is));
    else if (strcmp(name, PEM_STRING_PUBLIC) == 0)
        ENV_TRY(try_public_key(r, der, &is));
    if (is)
        return ENV_OK;
    env_printable(shown, sizeof(shown), name, strlen(name));
    return content_refused(r, shown);
}

/* All blocks are read: a private key may follow the certificate. */
static ENV_RESULT parse_pem(struct reading *r, BIO *bio)
{
    ENV_RESULT result = ENV_OK;
    unsigned blocks = 0;
    unsigned char *data;
    char *name;
    char *header;
    long len;

    while (env_ok(result) && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
        blocks++;
        result = take_block(r, name, (struct env_span){data, (size_t)len});
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)len);
    }
    if (env_ok(result) && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return content_refused(r, "malformed PEM");
    if (env_ok(result) && blocks == 0)
        return content_refused(r, "it has no PEM block");
    return result;
}

static bool is_pem(struct env_span bytes)
{
    static const char begin[] = "-----BEGIN ";
    bool is = false;

    for (size_t i = 0; i + sizeof(begin) - 1 <= bytes.len && !is; i++)
        is = memcmp(bytes.data + i, begin, sizeof(begin) - 1) == 0;
    return is;
}

static ENV_RESULT parse(struct reading *r, struct env_span bytes)
{
    ENV_RESULT result;
    BIO *bio;

    if (!is_pem(bytes))
        return parse_der(r, bytes);
    bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    result = bio != NULL ? parse_pem(r, bio)
                         : env_error_detail(r->detail, ENV_R_NO_MEMORY, "%s", r->path);
    BIO_free(bio);
    return result;
}

ENV_RESULT env_public_file_read(const struct env_rsa_source *source, const char *path,
                                struct env_public_file *out, struct env_error_detail *detail)
{
    struct reading r = {.source = source, .path = path, .out = out, .detail = detail};
    uint8_t *bytes = OPENSSL_malloc(ENV_PUBLIC_FILE_MAX);
    size_t len = 0;
    ENV_RESULT result;

    memset(out, 0, sizeof(*out));
    if (bytes == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", path);
    result = load(&r, bytes, &len);
    ERR_set_mark(); /* our reason replaces the errors of several attempts */
    if (env_ok(result))
        result = parse(&r, (struct env_span){bytes, len});
    ERR_pop_to_mark();
    OPENSSL_clear_free(bytes, ENV_PUBLIC_FILE_MAX); /* it may have been a private key after all */
    return result;
}

/* ---- the file's name ---- */

ENV_RESULT env_public_file_name(const char *text, char **path, struct env_kek_id *id,
                                struct env_error_detail *detail)
{
    const char *start = env_file_name_path(text);
    const char *end = start != NULL ? start + strlen(start) : NULL;
    const char *query = NULL;

    id->len = 0;
    if (start == NULL)
        return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                "kek: " ENV_FILE_PREFIX " names a file on another host");
    for (const char *at = strstr(start, ID); at != NULL; at = strstr(at + 1, ID))
        query = at;
    if (query != NULL) {
        const struct env_word hex = {query + sizeof(ID) - 1, strlen(query + sizeof(ID) - 1)};

        if (!env_word_hex(&hex, id->bytes, sizeof(id->bytes), &id->len))
            return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                    "kek: " ID " is 1 to 64 bytes in hex");
        end = query;
    }
    if (end == start)
        return env_error_detail(detail, ENV_R_CONFIG_VALUE,
                                "kek: " ENV_FILE_PREFIX " names no file");
    *path = OPENSSL_strndup(start, (size_t)(end - start));
    return ENV_OK;
}
