/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/wrap_common.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "envelope/base/secret.h"

const struct env_wrap_kind env_wrap_kind_128 = {ENV_RAW_KW, 128, 0, "AES-128-WRAP"};
const struct env_wrap_kind env_wrap_kind_192 = {ENV_RAW_KW, 192, 1, "AES-192-WRAP"};
const struct env_wrap_kind env_wrap_kind_256 = {ENV_RAW_KW, 256, 2, "AES-256-WRAP"};
const struct env_wrap_kind env_wrap_kind_128_pad = {ENV_RAW_KWP, 128, 3, "AES-128-WRAP-PAD"};
const struct env_wrap_kind env_wrap_kind_192_pad = {ENV_RAW_KWP, 192, 4, "AES-192-WRAP-PAD"};
const struct env_wrap_kind env_wrap_kind_256_pad = {ENV_RAW_KWP, 256, 5, "AES-256-WRAP-PAD"};

bool env_wrap_default_iv(const struct env_wrap_kind *kind, const uint8_t *iv, size_t iv_len)
{
    static const uint8_t kw[8] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
    static const uint8_t kwp[4] = {0xA6, 0x59, 0x59, 0xA6};

    return iv_len == env_wrap_iv_len(kind) &&
           memcmp(iv, kind->alg == ENV_RAW_KW ? kw : kwp, iv_len) == 0;
}

void env_wrap_begin(struct env_wrap_once *once, bool wrapping)
{
    once->initialised = true;
    once->wrapping = wrapping;
    once->used = false;
    once->failed = false;
}

/* Judges the input's length by the standard, and says how long the output can be. */
static ENV_RESULT output_length(const struct env_wrap_once *once, size_t in_len, size_t *out_len)
{
    bool pads = once->kind->alg == ENV_RAW_KWP;
    size_t least = pads ? 1 : 16;
    size_t len = in_len;

    if (!once->wrapping) { /* the length of what was wrapped, filled up to a multiple of 8 */
        least = pads ? 8 : 16;
        len = in_len >= 8 ? in_len - 8 : 0;
    }
    if (len < least || len > ENV_RAW_MAX || ((!pads || !once->wrapping) && len % 8 != 0))
        return ENV_RAISE(&once->provctx->errors, ENV_R_INPUT_LENGTH, "%zu bytes to %s with %s",
                         in_len, once->wrapping ? "wrap" : "unwrap", once->kind->stock);
    *out_len = once->wrapping ? (in_len + 7) / 8 * 8 + 8 : len;
    return ENV_OK;
}

/* The work; room is secret memory of in_len + ENV_RAW_SLACK bytes. */
static ENV_RESULT work(const struct env_wrap_once *once, struct env_kek *kek, const uint8_t *in,
                       size_t in_len, uint8_t *room, size_t *len)
{
    const struct env_kek_vtable *vtable = kek->vtable;

    if (once->wrapping)
        return vtable->raw_wrap(kek, once->kind->alg, in, in_len, room, len);
    return vtable->raw_unwrap(kek, once->kind->alg, in, in_len, room, len);
}

/*
 * Through memory of our own: the token never writes into the caller's, where it might leave what
 * does not verify, and input and output may overlap as they like.
 */
static ENV_RESULT run(const struct env_wrap_once *once, const struct env_selector *selector,
                      const uint8_t *in, size_t in_len, uint8_t *out, size_t most, size_t *out_len)
{
    struct env_keyring *keyring = once->provctx->dek.keyring;
    struct env_audit_use use = {once->wrapping ? ENV_AUDIT_RAW_WRAP : ENV_AUDIT_RAW_UNWRAP, NULL,
                                NULL, NULL};
    size_t room_len = in_len + ENV_RAW_SLACK;
    struct env_kek *kek = NULL;
    uint8_t *room;
    size_t len = 0;
    ENV_RESULT r;

    r = keyring->vtable->select_raw(keyring, selector, once->kind->bits, &kek);
    if (!env_ok(r))
        return env_audit_record(keyring->audit, &use, r);
    use.kek = kek;
    room = env_secret_alloc(room_len);
    r = room != NULL ? work(once, kek, in, in_len, room, &len) : ENV_FAIL(ENV_R_NO_MEMORY);
    r = env_audit_record(keyring->audit, &use, r);
    if (env_ok(r) && len > most)
        r = ENV_FAIL(ENV_R_INTERNAL);
    if (env_ok(r) && room != NULL) {
        memcpy(out, room, len);
        *out_len = len;
    }
    env_secret_free(room, room_len);
    env_kek_free(kek);
    return r;
}

static ENV_RESULT update(struct env_wrap_once *once, const struct env_selector *selector,
                         const uint8_t *in, size_t in_len, uint8_t *out, size_t out_size,
                         size_t *out_len)
{
    size_t most = 0;

    if (once->used)
        return ENV_FAIL(ENV_R_ONE_UPDATE);
    ENV_TRY(output_length(once, in_len, &most));
    if (out_size < (once->wrapping ? in_len + 8 : most))
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    once->used = true;
    return run(once, selector, in, in_len, out, most, out_len);
}

ENV_RESULT env_wrap_update(struct env_wrap_once *once, const struct env_selector *selector,
                           const uint8_t *in, size_t in_len, uint8_t *out, size_t out_size,
                           size_t *out_len)
{
    ENV_RESULT r;

    *out_len = 0;
    if (!once->initialised)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (once->failed)
        return ENV_FAIL(ENV_R_CONTEXT_FAILED);
    if (in_len == 0)
        return ENV_OK;
    if (in == NULL)
        return ENV_FAIL(ENV_R_BAD_PARAMETER);
    if (out == NULL)
        return output_length(once, in_len, out_len);
    r = update(once, selector, in, in_len, out, out_size, out_len);
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

int env_wrap_get_params(const struct env_wrap_kind *kind, OSSL_PARAM params[])
{
    const struct {
        const char *key;
        size_t value;
    } numbers[] = {
        {OSSL_CIPHER_PARAM_KEYLEN, env_wrap_key_len(kind)},
        {OSSL_CIPHER_PARAM_IVLEN, env_wrap_iv_len(kind)},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, 8},
        {OSSL_CIPHER_PARAM_CUSTOM_IV, 1},
        {OSSL_CIPHER_PARAM_AEAD, 0},
        {OSSL_CIPHER_PARAM_CTS, 0},
        {OSSL_CIPHER_PARAM_TLS1_MULTIBLOCK, 0},
        {OSSL_CIPHER_PARAM_HAS_RAND_KEY, 0},
    };
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);

    if (p != NULL && !OSSL_PARAM_set_uint(p, EVP_CIPH_WRAP_MODE))
        return 0;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        p = OSSL_PARAM_locate(params, numbers[i].key);
        /* flags are asked for as int, lengths as size_t: OSSL_PARAM converts */
        if (p != NULL && !OSSL_PARAM_set_size_t(p, numbers[i].value) &&
            !OSSL_PARAM_set_int(p, (int)numbers[i].value))
            return 0;
    }
    return 1;
}

const OSSL_PARAM *env_wrap_gettable_params(void *provctx)
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

    (void)provctx;
    return params;
}

ENV_RESULT env_wrap_set_key_len(const struct env_wrap_once *once, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p =
        params != NULL ? OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_KEYLEN) : NULL;
    size_t len = 0;

    if (p == NULL)
        return ENV_OK;
    if (!OSSL_PARAM_get_size_t(p, &len))
        return ENV_RAISE(&once->provctx->errors, ENV_R_BAD_PARAMETER, "%s", p->key);
    return len == env_wrap_key_len(once->kind) ? ENV_OK : ENV_FAIL(ENV_R_WRAP_KEY_LENGTH);
}
