/* SPDX-License-Identifier: Apache-2.0 */
/* A key file as bytes: reading and checking what needs no KEK. */
#include "envelope/named/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/safe_file.h"
#include "envelope/format/floe.h"

/* ---- its parts ---- */

/* Checks what follows the header: FLOE's header and one segment, the last. */
static ENV_RESULT judge_body(struct env_span floe)
{
    struct env_floe_params params = {0, ENV_FLOE_ROTATION};
    bool last = false;
    size_t len = 0;

    if (floe.len < ENV_FLOE_HEADER_LEN + ENV_FLOE_PREFIX_LEN)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_segment_len(floe.data, &params.segment_len));
    if (params.segment_len != ENV_KEY_FILE_SEGMENT)
        return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
    ENV_TRY(env_floe_segment_prefix(&params, floe.data + ENV_FLOE_HEADER_LEN, &len, &last));
    if (!last || ENV_FLOE_HEADER_LEN + len > floe.len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    return ENV_FLOE_HEADER_LEN + len < floe.len ? ENV_FAIL(ENV_R_TRAILING_DATA) : ENV_OK;
}

static ENV_RESULT parse(const struct env_crypto *crypto, struct env_key_file *file)
{
    size_t len = 0;

    if (file->len > ENV_KEY_FILE_MAX)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    ENV_TRY(env_header_length((struct env_span){file->bytes, file->len}, &len));
    if (len > file->len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    file->header_der = (struct env_span){file->bytes, len};
    file->floe = (struct env_span){file->bytes + len, file->len - len};
    ENV_TRY(env_dek_read_header(file->header_der, ENV_CONTENT_NAMED_KEY, &file->header));
    ENV_TRY(judge_body(file->floe));
    ENV_TRY(env_named_clear_decode(file->header->parameters, &file->clear));
    file->uses = env_uses_of(&file->clear);
    ENV_TRY(env_sha256(crypto, file->header->parameters, file->said));
    return env_sha256(crypto, file->floe, file->fingerprint);
}

void env_key_file_free(struct env_key_file *file)
{
    if (file == NULL)
        return;
    OPENSSL_free(file->header);
    OPENSSL_free(file->bytes);
    OPENSSL_free(file);
}

static ENV_RESULT raise_bad(const struct env_errors *errors, const char *shown, ENV_RESULT r)
{
    if (r.raised || r.reason == ENV_R_NO_MEMORY || r.reason == ENV_R_CRYPTO_FAILED)
        return r;
    return ENV_RAISE(errors, ENV_R_KEY_FILE_BAD, "%s: %s", shown,
                     r.reason == ENV_R_KEY_FILE_BAD ? "its parameters are malformed"
                                                    : env_reason_text(r.reason));
}

/* Takes over the bytes. */
static ENV_RESULT parse_taken(const struct env_errors *errors, const struct env_crypto *crypto,
                              const char *shown, uint8_t *bytes, size_t len,
                              struct env_key_file **out)
{
    struct env_key_file *file = OPENSSL_zalloc(sizeof(*file));
    ENV_RESULT r;

    if (file == NULL) {
        OPENSSL_free(bytes);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    file->bytes = bytes;
    file->len = len;
    (void)snprintf(file->shown, sizeof(file->shown), "%s", shown);
    r = parse(crypto, file);
    if (!env_ok(r)) {
        env_key_file_free(file);
        return raise_bad(errors, shown, r);
    }
    *out = file;
    return ENV_OK;
}

ENV_RESULT env_key_file_parse(const struct env_errors *errors, const struct env_crypto *crypto,
                              const char *shown, struct env_span bytes, struct env_key_file **out)
{
    uint8_t *copy = OPENSSL_malloc(bytes.len > 0 ? bytes.len : 1);

    if (copy == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    return parse_taken(errors, crypto, shown, copy, bytes.len, out);
}

bool env_key_file_has_aes(const struct env_key_file *file)
{
    for (size_t i = 0; i < file->header->count; i++) {
        if (!env_wrap_is_rsa(file->header->recipients[i].wrapped.alg))
            return true;
    }
    return false;
}

ENV_RESULT env_key_file_key_has_length(const struct env_key_file *file, size_t key_len, bool *has)
{
    struct env_named_sealed *like = OPENSSL_zalloc(sizeof(*like)); /* with a key of zeros */
    uint8_t *der = OPENSSL_malloc(ENV_NAMED_SEALED_MAX);
    size_t len = 0;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (like != NULL && der != NULL) {
        memcpy(like->name, file->clear.name, sizeof(like->name));
        like->number = file->clear.number;
        like->stand_in_count = file->clear.stand_in_count;
        like->key_len = key_len;
        r = env_named_sealed_encode(like, der, &len);
    }
    *has = env_ok(r) && file->floe.len == ENV_FLOE_HEADER_LEN + len + ENV_FLOE_OVERHEAD;
    OPENSSL_free(der);
    OPENSSL_free(like);
    return r;
}

/* ---- from the folder ---- */

/* Reads one byte more than a key file may have, so that a longer one is noticed. */
static ENV_RESULT read_all(const struct env_errors *errors, int fd, const char *shown,
                           uint8_t **bytes, size_t *len)
{
    uint8_t *to = OPENSSL_malloc(ENV_KEY_FILE_MAX + 1);
    ssize_t n = 1;

    if (to == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    *len = 0;
    while (n > 0 && *len < ENV_KEY_FILE_MAX + 1) {
        n = TEMP_FAILURE_RETRY(read(fd, to + *len, ENV_KEY_FILE_MAX + 1 - *len));
        if (n > 0)
            *len += (size_t)n;
    }
    if (n < 0) {
        OPENSSL_free(to);
        return ENV_RAISE(errors, ENV_R_FILE_FAILED, "%s: reading: %s", shown, strerror(errno));
    }
    *bytes = to;
    return ENV_OK;
}

static ENV_RESULT check_name(const struct env_errors *errors, const struct env_key_file *file,
                             const char *name, uint32_t number)
{
    if (strcmp(file->clear.name, name) == 0 && file->clear.number == number)
        return ENV_OK;
    return ENV_RAISE(errors, ENV_R_KEY_FILE_BAD, "%s: it is %s@%u's file", file->shown,
                     file->clear.name, (unsigned)file->clear.number);
}

ENV_RESULT env_key_file_read(const struct env_errors *errors, const struct env_crypto *crypto,
                             int folder, const char *name, uint32_t number,
                             struct env_key_file **out)
{
    char shown[ENV_NAMED_FILE_NAME];
    struct env_key_file *file = NULL;
    const char *why = NULL;
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct stat st;
    ENV_RESULT r;
    int fd;

    env_named_file_name(name, number, shown);
    fd = env_safe_open(folder, shown, &st, &why);
    if (fd < 0)
        return ENV_RAISE(errors, ENV_R_FILE_FAILED, "%s: %s", shown, why);
    r = read_all(errors, fd, shown, &bytes, &len);
    (void)close(fd);
    ENV_TRY(r);
    r = parse_taken(errors, crypto, shown, bytes, len, &file);
    if (file == NULL)
        return r;
    file->st = st;
    r = check_name(errors, file, name, number);
    if (!env_ok(r)) {
        env_key_file_free(file);
        return r;
    }
    *out = file;
    return ENV_OK;
}
