/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/wrap_once.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "provider/ciphers/cipher_params.h"

const struct env_wrap_kind env_wrap_kind_128 = {ENV_KEY_WRAP_KW, 128, 0, "AES-128-WRAP"};
const struct env_wrap_kind env_wrap_kind_192 = {ENV_KEY_WRAP_KW, 192, 1, "AES-192-WRAP"};
const struct env_wrap_kind env_wrap_kind_256 = {ENV_KEY_WRAP_KW, 256, 2, "AES-256-WRAP"};
const struct env_wrap_kind env_wrap_kind_128_pad = {ENV_KEY_WRAP_KWP, 128, 3, "AES-128-WRAP-PAD"};
const struct env_wrap_kind env_wrap_kind_192_pad = {ENV_KEY_WRAP_KWP, 192, 4, "AES-192-WRAP-PAD"};
const struct env_wrap_kind env_wrap_kind_256_pad = {ENV_KEY_WRAP_KWP, 256, 5, "AES-256-WRAP-PAD"};

ENV_RESULT env_wrap_ctx_new(struct env_provctx *provctx, const struct env_cipher_family *family,
                            const struct env_wrap_kind *kind, void **ctx)
{
    ENV_TRY(env_cipher_ctx_new(provctx, family, ctx));
    ((struct env_wrap_once *)*ctx)->kind = kind;
    return ENV_OK;
}

static size_t iv_length(const struct env_wrap_kind *kind)
{
    return kind->alg == ENV_KEY_WRAP_KW ? 8 : 4;
}

bool env_wrap_default_iv(const struct env_wrap_kind *kind, struct env_span iv)
{
    static const uint8_t kw[8] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
    static const uint8_t kwp[4] = {0xA6, 0x59, 0x59, 0xA6};

    return iv.len == iv_length(kind) &&
           memcmp(iv.data, kind->alg == ENV_KEY_WRAP_KW ? kw : kwp, iv.len) == 0;
}

void env_wrap_begin(struct env_wrap_once *once, bool wrapping)
{
    once->initialised = true;
    once->wrapping = wrapping;
    once->used = false;
    once->failed = false;
}

/*
 * Checks the input's length against the standard, and computes the greatest length of the output.
 */
static ENV_RESULT output_length(const struct env_wrap_once *once, size_t in_len, size_t *out_len)
{
    bool pads = once->kind->alg == ENV_KEY_WRAP_KWP;
    size_t least = pads ? 1 : 16;
    size_t len = in_len;

    if (!once->wrapping) { /* the length of what was wrapped, rounded up to a multiple of 8 */
        least = pads ? 8 : 16;
        len = in_len >= 8 ? in_len - 8 : 0;
    }
    if (len < least || len > ENV_KEY_WRAP_MAX || ((!pads || !once->wrapping) && len % 8 != 0))
        return ENV_RAISE(&once->base.provctx->errors, ENV_R_INPUT_LENGTH, "%zu bytes to %s with %s",
                         in_len, once->wrapping ? "wrap" : "unwrap", once->kind->stock);
    *out_len = once->wrapping ? (in_len + 7) / 8 * 8 + 8 : len;
    return ENV_OK;
}

/* room is secret memory of io->in_len + ENV_KEY_WRAP_SLACK bytes. */
static ENV_RESULT work(const struct env_wrap_once *once, struct env_kek *kek,
                       const struct env_io *io, uint8_t *room, size_t *len)
{
    const struct env_kek_vtable *vtable = kek->vtable;

    if (once->wrapping)
        return vtable->key_wrap(kek, once->kind->alg, io->in, io->in_len, room, len);
    return vtable->key_unwrap(kek, once->kind->alg, io->in, io->in_len, room, len);
}

/*
 * The token writes into our memory and never into the caller's, where it might leave unverified
 * data. Therefore input and output may overlap in any way.
 */
static ENV_RESULT run(const struct env_wrap_once *once, const struct env_selector *selector,
                      struct env_io *io, size_t most)
{
    struct env_keyring *keyring = once->base.provctx->dek.keyring;
    struct env_refused_kek refused = {.known = false};
    struct env_audit_use use = {
        .operation = once->wrapping ? ENV_AUDIT_KEY_WRAP : ENV_AUDIT_KEY_UNWRAP,
        .refused = &refused,
        .selector = selector,
    };
    size_t room_len = io->in_len + ENV_KEY_WRAP_SLACK;
    struct env_kek *kek = NULL;
    uint8_t *room;
    size_t len = 0;
    ENV_RESULT r;

    r = keyring->vtable->select_for_key_wrap(keyring, selector, once->kind->bits, &kek, &refused);
    if (!env_ok(r))
        return env_audit_record(keyring->audit, &use, r);
    use.kek = kek;
    room = env_secret_alloc(room_len);
    r = room != NULL ? work(once, kek, io, room, &len) : ENV_FAIL(ENV_R_NO_MEMORY);
    r = env_audit_record(keyring->audit, &use, r);
    if (env_ok(r) && len > most)
        r = ENV_FAIL(ENV_R_INTERNAL);
    if (env_ok(r) && room != NULL) {
        memcpy(io->out, room, len);
        io->written = len;
    }
    env_secret_free(room, room_len);
    env_kek_free(kek);
    return r;
}

static ENV_RESULT update(struct env_wrap_once *once, const struct env_selector *selector,
                         struct env_io *io)
{
    size_t most = 0;

    if (once->used)
        return ENV_FAIL(ENV_R_ONE_UPDATE);
    ENV_TRY(output_length(once, io->in_len, &most));
    if (io->out_size < (once->wrapping ? io->in_len + 8 : most))
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    once->used = true;
    return run(once, selector, io, most);
}

ENV_RESULT env_wrap_update(struct env_wrap_once *once, const struct env_selector *selector,
                           struct env_io *io)
{
    ENV_RESULT r;

    if (!once->initialised)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (once->failed)
        return ENV_FAIL(ENV_R_CONTEXT_FAILED);
    if (io->in_len == 0)
        return ENV_OK;
    if (io->in == NULL)
        return ENV_FAIL(ENV_R_BAD_PARAMETER);
    if (io->out == NULL)
        return output_length(once, io->in_len, &io->written);
    r = update(once, selector, io);
    once->failed = !env_ok(r);
    return r;
}

ENV_RESULT env_wrap_final(const struct env_wrap_once *once)
{
    if (!once->initialised)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    return once->failed ? ENV_FAIL(ENV_R_CONTEXT_FAILED) : ENV_OK;
}

/* ---- parameters ---- */

bool env_wrap_answer(const struct env_wrap_kind *kind, OSSL_PARAM params[])
{
    const struct env_cipher_number numbers[] = {
        {OSSL_CIPHER_PARAM_KEYLEN, env_wrap_key_len(kind)},
        {OSSL_CIPHER_PARAM_IVLEN, iv_length(kind)},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, 8},
        {OSSL_CIPHER_PARAM_CUSTOM_IV, 1},
        {OSSL_CIPHER_PARAM_AEAD, 0},
        {OSSL_CIPHER_PARAM_CTS, 0},
        {OSSL_CIPHER_PARAM_TLS1_MULTIBLOCK, 0},
        {OSSL_CIPHER_PARAM_HAS_RAND_KEY, 0},
    };

    return env_cipher_answer(params, EVP_CIPH_WRAP_MODE, numbers,
                             sizeof(numbers) / sizeof(numbers[0]));
}

const OSSL_PARAM *env_wrap_gettable_params(void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_MODE, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_BLOCK_SIZE, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_AEAD, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_CUSTOM_IV, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_CTS, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_TLS1_MULTIBLOCK, NULL),
        OSSL_PARAM_int(OSSL_CIPHER_PARAM_HAS_RAND_KEY, NULL),
        OSSL_PARAM_END,
    };

    (void)vprovctx;
    return params;
}

ENV_RESULT env_wrap_check_key_len(const struct env_wrap_once *once, const OSSL_PARAM params[])
{
    return env_cipher_check_key_len(once->base.provctx, params, env_wrap_key_len(once->kind),
                                    ENV_R_WRAP_KEY_LENGTH);
}
