/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/file_kek.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "keymgmt/token/policy.h"
#include "keymgmt/public_file.h"
#include "envelope/base/config_list.h"

#define PREFIX "file:"
#define ID "?id="

struct env_file_kek {
    struct env_kek base;
    _Atomic unsigned refs;
    const struct env_errors *errors;
    struct env_kek_id id;
    enum env_wrap_alg alg;
    struct env_rsa_public *public_half;
    struct env_rsa_numbers numbers;
    char where[ENV_FAULT_TEXT / 2]; /* for messages */
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
    struct env_fault fault;

    if (env_ok(env_rsa_public_wrap(kek->public_half, kek->alg, dek, kek->where, out, &fault)))
        return ENV_OK;
    return env_fault_raise(kek->errors, &fault);
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

static ENV_RESULT kek_raw(struct env_kek *base, enum env_raw_wrap alg, const uint8_t *in,
                          size_t in_len, uint8_t *out, size_t *out_len)
{
    (void)alg;
    (void)in;
    (void)in_len;
    (void)out;
    *out_len = 0;
    return public_half_alone(base);
}

static void kek_describe(const struct env_kek *base, struct env_kek_facts *facts)
{
    const struct env_file_kek *kek = (const struct env_file_kek *)base;
    const struct env_rsa_numbers *numbers = &kek->numbers;

    *facts = (struct env_kek_facts){
        .type = ENV_KEK_RSA,
        .bits = env_rsa_public_bits(kek->public_half),
        .id = kek->id,
        .token = "none (a file)",
        .mechanisms = "RSA-OAEP (seals)",
        .modulus_len = numbers->modulus_len,
        .exponent_len = numbers->exponent_len,
    };
    (void)snprintf(facts->label, sizeof(facts->label), "%.*s", (int)sizeof(facts->label) - 1,
                   kek->where);
    memcpy(facts->modulus, numbers->modulus, numbers->modulus_len);
    memcpy(facts->exponent, numbers->exponent, numbers->exponent_len);
}

/* It was judged when it was read, and does not change. */
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
    .raw_wrap = kek_raw,
    .raw_unwrap = kek_raw,
    .describe = kek_describe,
    .accept = kek_accept,
};

/* ---- from its name ---- */

bool env_file_kek_is(const char *text)
{
    return strncmp(text, PREFIX, sizeof(PREFIX) - 1) == 0;
}

/* path becomes a copy (OPENSSL_free), or NULL without memory; id->len is 0 when the name has none.
 */
static ENV_RESULT parse_name(const char *text, char **path, struct env_kek_id *id,
                             struct env_fault *fault)
{
    const char *start = text + sizeof(PREFIX) - 1;
    const char *end = start + strlen(start);
    const char *query = NULL;

    id->len = 0;
    for (const char *at = strstr(start, ID); at != NULL; at = strstr(at + 1, ID))
        query = at;
    if (query != NULL) {
        const struct env_word hex = {query + sizeof(ID) - 1, strlen(query + sizeof(ID) - 1)};

        if (!env_word_hex(&hex, id->bytes, sizeof(id->bytes), &id->len))
            return env_fault(fault, ENV_R_CONFIG_VALUE, "kek: " ID " is 1 to 64 bytes in hex");
        end = query;
    }
    if (end == start)
        return env_fault(fault, ENV_R_CONFIG_VALUE, "kek: " PREFIX " names no file");
    *path = OPENSSL_strndup(start, (size_t)(end - start));
    return ENV_OK;
}

/* The key's own id, the certificate's, or what everybody can work out. */
static ENV_RESULT set_id(const struct env_ring *ring, struct env_file_kek *kek,
                         const struct env_kek_id *given, const struct env_public_file *file,
                         struct env_fault *fault)
{
    const struct env_rsa_numbers *n = &file->numbers;

    kek->id = given->len > 0 ? *given : file->key_id;
    if (kek->id.len > 0 ||
        env_rsa_reference(&ring->rsa, (struct env_span){n->modulus, n->modulus_len},
                          (struct env_span){n->exponent, n->exponent_len}, &kek->id))
        return ENV_OK;
    return env_fault(fault, ENV_R_CRYPTO_FAILED, "%s: SHA-1 for its reference", kek->where);
}

static ENV_RESULT fill(const struct env_ring *ring, struct env_file_kek *kek, const char *path,
                       const struct env_kek_id *given, struct env_fault *fault)
{
    struct env_public_file file;
    const struct env_rsa_numbers *n = &file.numbers;

    ENV_TRY(env_public_file_read(&ring->rsa, path, &file, fault));
    ENV_TRY(env_rsa_public_new(&ring->rsa, (struct env_span){n->modulus, n->modulus_len},
                               (struct env_span){n->exponent, n->exponent_len}, kek->where,
                               &kek->public_half, fault));
    if (env_policy_too_weak(ring->config, true, env_rsa_public_bits(kek->public_half)))
        return env_fault(fault, ENV_R_KEK_TOO_WEAK, "%s: RSA of %zu bits", kek->where,
                         env_rsa_public_bits(kek->public_half));
    kek->numbers = file.numbers;
    return set_id(ring, kek, given, &file, fault);
}

static ENV_RESULT make(const struct env_ring *ring, const char *path,
                       const struct env_kek_id *given, struct env_kek **out,
                       struct env_fault *fault)
{
    struct env_file_kek *kek = OPENSSL_zalloc(sizeof(*kek));
    char shown[ENV_FAULT_TEXT / 4];
    ENV_RESULT r;

    if (kek == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", path);
    kek->base.vtable = &vtable;
    kek->errors = ring->errors;
    atomic_init(&kek->refs, 1);
    /* every token measured opens SHA-1, and what can not be opened is lost */
    kek->alg = ring->config->oaep_hash_choice == ENV_OAEP_SHA256 ? ENV_WRAP_RSA_OAEP_SHA256
                                                                 : ENV_WRAP_RSA_OAEP_SHA1;
    env_printable(shown, sizeof(shown), path, strlen(path));
    (void)snprintf(kek->where, sizeof(kek->where), "file '%s'", shown);
    r = fill(ring, kek, path, given, fault);
    if (env_ok(r))
        *out = &kek->base;
    else
        kek_free(&kek->base);
    return r;
}

ENV_RESULT env_file_kek_find(struct env_ring *ring, const char *text, struct env_kek **out,
                             struct env_fault *fault)
{
    const struct env_cache_name name = {ENV_CACHE_TEXT, 0, text, strlen(text)};
    struct env_kek_id given;
    char *path = NULL;
    ENV_RESULT r;

    *out = env_kek_cache_find(&ring->files, &name);
    if (*out != NULL)
        return ENV_OK;
    ENV_TRY(parse_name(text, &path, &given, fault));
    if (path == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "kek");
    r = make(ring, path, &given, out, fault);
    OPENSSL_free(path);
    if (env_ok(r))
        env_kek_cache_add(&ring->files, &name, *out);
    return r;
}
