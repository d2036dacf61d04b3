/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/file_kek.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/wrap/public_file.h"

struct env_file_kek {
    struct env_kek base;
    _Atomic unsigned refs;
    const struct env_errors *errors;
    struct env_kek_id id;
    enum env_wrap_alg alg;
    struct env_rsa_public *public_half;
    struct env_rsa_numbers numbers;
    char where[ENV_ERROR_DETAIL_TEXT / 2]; /* for messages */
};

static struct env_file_kek *from_base(struct env_kek *kek)
{
    return (struct env_file_kek *)kek;
}

/* ---- behind kek.h ---- */

static void kek_up_ref(struct env_kek *base)
{
    (void)atomic_fetch_add(&from_base(base)->refs, 1);
}

static void kek_free(struct env_kek *base)
{
    struct env_file_kek *kek = from_base(base);

    if (atomic_fetch_sub(&kek->refs, 1) > 1)
        return;
    env_rsa_public_free(kek->public_half);
    OPENSSL_free(kek);
}

static const struct env_kek_id *kek_id(const struct env_kek *base)
{
    return &((const struct env_file_kek *)base)->id;
}

static ENV_RESULT kek_wrap(struct env_kek *base, const uint8_t dek[ENV_DEK_LEN],
                           struct env_wrapped *out)
{
    const struct env_file_kek *kek = from_base(base);
    struct env_error_detail detail;

    if (env_ok(env_rsa_public_wrap(kek->public_half, kek->alg, dek, kek->where, out, &detail)))
        return ENV_OK;
    return env_error_detail_raise(kek->errors, &detail);
}

static ENV_RESULT public_half_alone(struct env_kek *base)
{
    const struct env_file_kek *kek = from_base(base);

    return ENV_RAISE(kek->errors, ENV_R_KEK_USAGE, "%s: a public half only seals", kek->where);
}

static ENV_RESULT kek_unwrap(struct env_kek *base, const struct env_wrapped *wrapped,
                             const struct env_dek_check *check, uint8_t dek[ENV_DEK_LEN])
{
    (void)wrapped;
    (void)check;
    (void)dek;
    return public_half_alone(base);
}

static bool kek_can_unwrap(const struct env_kek *base)
{
    (void)base;
    return false;
}

static ENV_RESULT kek_key_wrap(struct env_kek *base, enum env_key_wrap_kind alg, const uint8_t *in,
                               size_t in_len, uint8_t *out, size_t *out_len)
{
    (void)alg;
    (void)in;
    (void)in_len;
    (void)out;
    *out_len = 0;
    return public_half_alone(base);
}

static void kek_describe(const struct env_kek *base, struct env_kek_info *info)
{
    const struct env_file_kek *kek = (const struct env_file_kek *)base;
    const struct env_rsa_numbers *numbers = &kek->numbers;

    *info = (struct env_kek_info){
        .type = ENV_KEK_RSA,
        .bits = env_rsa_public_bits(kek->public_half),
        .id = kek->id,
        .token = "none (a file)",
        .mechanisms = "RSA-OAEP (seals)",
        .modulus_len = numbers->modulus_len,
        .exponent_len = numbers->exponent_len,
    };
    (void)snprintf(info->label, sizeof(info->label), "%.*s", (int)sizeof(info->label) - 1,
                   kek->where);
    memcpy(info->modulus, numbers->modulus, numbers->modulus_len);
    memcpy(info->exponent, numbers->exponent, numbers->exponent_len);
}

/* The key was judged when the file was read, and it does not change afterwards. */
static ENV_RESULT kek_accept(struct env_kek *base)
{
    (void)base;
    return ENV_OK;
}

static const struct env_kek_vtable vtable = {
    .up_ref = kek_up_ref,
    .free = kek_free,
    .id = kek_id,
    .wrap = kek_wrap,
    .unwrap = kek_unwrap,
    .can_unwrap = kek_can_unwrap,
    .key_wrap = kek_key_wrap,
    .key_unwrap = kek_key_wrap,
    .describe = kek_describe,
    .accept = kek_accept,
};

/* ---- from its name ---- */

/* The id given in the name, the certificate's key identifier, or one derived from the key. */
static ENV_RESULT set_id(const struct env_token_set *token_set, struct env_file_kek *kek,
                         const struct env_kek_id *given, const struct env_public_file *file,
                         struct env_error_detail *detail)
{
    const struct env_rsa_numbers *n = &file->numbers;

    kek->id = given->len > 0 ? *given : file->key_id;
    if (kek->id.len > 0 ||
        env_rsa_reference(&token_set->rsa, (struct env_span){n->modulus, n->modulus_len},
                          (struct env_span){n->exponent, n->exponent_len}, &kek->id))
        return ENV_OK;
    return env_error_detail(detail, ENV_R_CRYPTO_FAILED, "%s: SHA-1 for its reference", kek->where);
}

static ENV_RESULT fill(const struct env_token_set *token_set, struct env_file_kek *kek,
                       const char *path, const struct env_kek_id *given,
                       struct env_error_detail *detail)
{
    struct env_public_file file;
    const struct env_rsa_numbers *n = &file.numbers;

    ENV_TRY(env_public_file_read(&token_set->rsa, path, &file, detail));
    ENV_TRY(env_rsa_public_new(&token_set->rsa, (struct env_span){n->modulus, n->modulus_len},
                               (struct env_span){n->exponent, n->exponent_len}, kek->where,
                               &kek->public_half, detail));
    if (env_policy_too_weak(token_set->config, true, env_rsa_public_bits(kek->public_half)))
        return env_error_detail(detail, ENV_R_KEK_TOO_WEAK, "%s: RSA of %zu bits", kek->where,
                                env_rsa_public_bits(kek->public_half));
    kek->numbers = file.numbers;
    return set_id(token_set, kek, given, &file, detail);
}

static ENV_RESULT make(const struct env_token_set *token_set, const char *path,
                       const struct env_kek_id *given, struct env_kek **out,
                       struct env_error_detail *detail)
{
    struct env_file_kek *kek = OPENSSL_zalloc(sizeof(*kek));
    char shown[ENV_ERROR_DETAIL_TEXT / 4];
    ENV_RESULT r;

    if (kek == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", path);
    kek->base.vtable = &vtable;
    kek->errors = token_set->errors;
    atomic_init(&kek->refs, 1);
    /* every token tested opens SHA-1; choosing another hash could make messages unreadable */
    kek->alg = token_set->config->oaep_hash_choice == ENV_OAEP_SHA256 ? ENV_WRAP_RSA_OAEP_SHA256
                                                                      : ENV_WRAP_RSA_OAEP_SHA1;
    env_printable(shown, sizeof(shown), path, strlen(path));
    (void)snprintf(kek->where, sizeof(kek->where), "file '%s'", shown);
    r = fill(token_set, kek, path, given, detail);
    if (env_ok(r))
        *out = &kek->base;
    else
        kek_free(&kek->base);
    return r;
}

ENV_RESULT env_file_kek_find(struct env_token_set *token_set, const char *text,
                             struct env_kek **out, struct env_error_detail *detail)
{
    const struct env_cache_name name = {ENV_CACHE_TEXT, 0, text, strlen(text)};
    struct env_kek_id given;
    char *path = NULL;
    ENV_RESULT r;

    *out = env_kek_cache_find(&token_set->files, &name);
    if (*out != NULL)
        return ENV_OK;
    ENV_TRY(env_public_file_name(text, &path, &given, detail));
    if (path == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "kek");
    r = make(token_set, path, &given, out, detail);
    OPENSSL_free(path);
    if (env_ok(r))
        env_kek_cache_add(&token_set->files, &name, *out);
    return r;
}
