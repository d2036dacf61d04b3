/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals and opens the sealed part of a key file with the KEKs of its header. Key files are made and
 * opened only here.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/floe.h"
#include "envelope/named/key_file.h"

static const struct env_floe_params params = {ENV_KEY_FILE_SEGMENT, ENV_FLOE_ROTATION};

/* All intermediate secrets. In secret memory. */
struct work {
    uint8_t dek[ENV_DEK_LEN];
    struct env_floe floe;
    uint8_t sealed[ENV_NAMED_SEALED_MAX];
};

static struct env_span context_of(const char *name, uint32_t number, char text[ENV_NAMED_CONTEXT])
{
    return (struct env_span){(const uint8_t *)text, env_named_context(name, number, text)};
}

/* ---- opening ---- */

/*
 * Anyone who has the certificate of an RSA KEK can make a file that opens; a file that an AES KEK
 * opens was made by someone who may use that KEK. False: there were others.
 */
static bool keep_aes_alone(struct env_header *header)
{
    size_t kept = 0;
    bool all;

    for (size_t i = 0; i < header->count; i++) {
        if (!env_wrap_is_rsa(header->recipients[i].wrapped.alg))
            header->recipients[kept++] = header->recipients[i];
    }
    all = kept == header->count;
    header->count = kept;
    return all;
}

static ENV_RESULT open_dek(const struct env_dek_context *context, const struct env_key_file *file,
                           bool by_rsa, uint8_t dek[ENV_DEK_LEN])
{
    struct env_dek_context aes_alone = *context;
    struct env_header *header = NULL;
    ENV_RESULT r;

    if (by_rsa)
        return env_dek_open_header(context, file->header, file->header_der, dek);
    if (!env_key_file_has_aes(file))
        return ENV_RAISE(context->errors, ENV_R_KEY_BY_RSA, "%s", file->shown);
    ENV_TRY(env_dek_read_header(file->header_der, ENV_CONTENT_NAMED_KEY, &header));
    if (!keep_aes_alone(header))
        aes_alone.left_out = "; its RSA KEKs were not tried (keys-by-rsa)";
    r = env_dek_open_header(&aes_alone, header, file->header_der, dek);
    OPENSSL_free(header);
    return r;
}

static ENV_RESULT open_body(const struct env_dek_context *context, const struct env_key_file *file,
                            struct work *work, size_t *sealed_len)
{
    char text[ENV_NAMED_CONTEXT];
    const struct env_span aad = context_of(file->clear.name, file->clear.number, text);
    const struct env_span segment = {file->floe.data + ENV_FLOE_HEADER_LEN,
                                     file->floe.len - ENV_FLOE_HEADER_LEN};

    if (segment.len < ENV_FLOE_OVERHEAD || segment.len - ENV_FLOE_OVERHEAD > sizeof(work->sealed))
        return ENV_FAIL(ENV_R_BAD_SEGMENT_LENGTH);
    ENV_TRY(
        env_floe_open_start(&work->floe, context->crypto, params, work->dek, aad, file->floe.data));
    return env_floe_open_segment(&work->floe, segment, work->sealed, sealed_len);
}

static ENV_RESULT open_sealed(const struct env_dek_context *context,
                              const struct env_key_file *file, struct work *work,
                              struct env_named_sealed *sealed)
{
    uint8_t id[ENV_NAMED_ID_LEN];
    size_t len = 0;

    ENV_TRY(open_body(context, file, work, &len));
    ENV_TRY(env_named_sealed_decode((struct env_span){work->sealed, len}, sealed));
    ENV_TRY(env_named_key_id(context->crypto, (struct env_span){sealed->key, sealed->key_len}, id));
    return env_named_agree(&file->clear, sealed, id);
}

/*
 * The body belongs to another file, or was altered: reports any failure that does not concern the
 * KEK.
 */
static ENV_RESULT tell(const struct env_dek_context *context, const struct env_key_file *file,
                       ENV_RESULT r)
{
    if (env_ok(r) || r.raised || r.reason == ENV_R_NO_MEMORY || r.reason == ENV_R_CRYPTO_FAILED)
        return r;
    return ENV_RAISE(context->errors, ENV_R_KEY_FILE_BAD,
                     "%s: the sealed part and the part before it do not belong together",
                     file->shown);
}

ENV_RESULT env_named_open(const struct env_dek_context *context, const struct env_key_file *file,
                          bool by_rsa, struct env_named_sealed *sealed)
{
    struct work *work = env_secret_alloc(sizeof(*work));
    char full_name[ENV_NAMED_FULL_NAME];
    const struct env_audit_subject subject = {
        ENV_AUDIT_OPEN, full_name, context->subject != NULL ? context->subject->application : NULL};
    struct env_dek_context named = *context;
    ENV_RESULT r;

    if (work == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    env_named_full_name(file->clear.name, file->clear.number, full_name);
    named.subject = &subject;
    r = open_dek(&named, file, by_rsa, work->dek);
    if (env_ok(r))
        r = tell(context, file, open_sealed(context, file, work, sealed));
    else if (r.reason == ENV_R_NOT_AUTHENTIC && !r.raised)
        r = ENV_RAISE(context->errors, ENV_R_NOT_AUTHENTIC, "%s", file->shown);
    env_floe_clear(&work->floe);
    env_secret_free(work, sizeof(*work));
    if (!env_ok(r))
        OPENSSL_cleanse(sealed, sizeof(*sealed));
    return r;
}

/* ---- sealing ---- */

static ENV_RESULT fill_clear(const struct env_dek_context *context,
                             const struct env_named_sealed *sealed, struct env_named_clear *clear)
{
    if (clear->stand_in_count != sealed->stand_in_count ||
        clear->stand_in_count > ENV_NAMED_STAND_INS_MAX)
        return ENV_FAIL(ENV_R_INTERNAL);
    memcpy(clear->name, sealed->name, sizeof(clear->name));
    clear->number = sealed->number;
    for (size_t i = 0; i < sealed->stand_in_count; i++)
        memcpy(clear->stand_ins[i].hint, sealed->hashes[i], ENV_STAND_IN_HINT_LEN);
    return env_named_key_id(context->crypto, (struct env_span){sealed->key, sealed->key_len},
                            clear->id);
}

/* bytes begins with the header; the FLOE part is appended. */
static ENV_RESULT append_body(const struct env_dek_context *context,
                              const struct env_named_sealed *sealed, struct work *work,
                              uint8_t **bytes, size_t *len)
{
    const struct env_span nothing = {NULL, 0};
    char text[ENV_NAMED_CONTEXT];
    const struct env_span aad = context_of(sealed->name, sealed->number, text);
    size_t sealed_len = 0;
    size_t whole;
    uint8_t *moved;

    ENV_TRY(env_named_sealed_encode(sealed, work->sealed, &sealed_len));
    whole = *len + ENV_FLOE_HEADER_LEN + sealed_len + ENV_FLOE_OVERHEAD;
    moved = OPENSSL_realloc(*bytes, whole);
    if (moved == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    *bytes = moved;
    ENV_TRY(
        env_floe_seal_start(&work->floe, context->crypto, params, work->dek, aad, moved + *len));
    ENV_TRY(env_floe_seal_segment(&work->floe, (struct env_span){work->sealed, sealed_len}, nothing,
                                  true, moved + *len + ENV_FLOE_HEADER_LEN));
    *len = whole;
    return ENV_OK;
}

static ENV_RESULT seal(const struct env_dek_context *context, const struct env_selector *selector,
                       const struct env_named_clear *clear, const struct env_named_sealed *sealed,
                       struct work *work, uint8_t **bytes, size_t *len)
{
    struct env_prk prk = {0};
    uint8_t *parameters = NULL;
    size_t parameters_len = 0;
    ENV_RESULT r;

    ENV_TRY(env_named_clear_encode(clear, &parameters, &parameters_len));
    r = env_dek_seal_named(context, selector, (struct env_span){parameters, parameters_len},
                           work->dek, &prk, bytes, len);
    env_prk_clear(&prk);
    OPENSSL_free(parameters);
    return env_ok(r) ? append_body(context, sealed, work, bytes, len) : r;
}

ENV_RESULT env_named_seal(const struct env_dek_context *context,
                          const struct env_selector *selector, struct env_named_clear *clear,
                          const struct env_named_sealed *sealed, uint8_t **bytes, size_t *len)
{
    struct work *work;
    ENV_RESULT r;

    ENV_TRY(env_crypto_ready(context->crypto));
    ENV_TRY(fill_clear(context, sealed, clear));
    work = env_secret_alloc(sizeof(*work));
    if (work == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    *bytes = NULL;
    r = seal(context, selector, clear, sealed, work, bytes, len);
    env_floe_clear(&work->floe);
    env_secret_free(work, sizeof(*work));
    if (!env_ok(r)) {
        OPENSSL_free(*bytes);
        *bytes = NULL;
    }
    return r;
}
