/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_keyring.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keymgmt/token/module_call.h"
#include "keymgmt/token_keyring.h"

struct fake_kek fake_keks[FAKE_KEKS];
size_t fake_default_count;

struct fake_keyring_now {
    struct env_keyring base;
    const struct env_errors *errors;
    OSSL_LIB_CTX *libctx; /* nobody's configuration: it stands for what runs inside a token */
    EVP_CIPHER *key_wrap;
};

static struct fake_kek *fake_of(struct env_kek *kek)
{
    return (struct fake_kek *)kek;
}

static void kek_up_ref(struct env_kek *kek)
{
    atomic_fetch_add(&fake_of(kek)->references, 1);
}

static void kek_free(struct env_kek *kek)
{
    atomic_fetch_sub(&fake_of(kek)->references, 1);
}

static const struct env_kek_id *kek_id(const struct env_kek *kek)
{
    return &((const struct fake_kek *)kek)->id;
}

/* AES-256 key wrap by the default provider, inside a call as a token would do it. */
static bool key_wrap(const struct fake_kek *fake, bool wrap, const uint8_t *in, size_t in_len,
                     uint8_t *out, size_t out_len)
{
    EVP_CIPHER_CTX *ctx;
    int n = 0;
    bool ok;

    env_call_begin();
    ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ok = EVP_CipherInit_ex2(ctx, fake->keyring->key_wrap, fake->key, NULL, wrap ? 1 : 0, NULL) ==
             1 &&
         EVP_CipherUpdate(ctx, out, &n, in, (int)in_len) == 1 && (size_t)n == out_len;
    EVP_CIPHER_CTX_free(ctx);
    env_call_end();
    return ok;
}

/* RSAES-OAEP by the default provider, as a token would do it. */
static bool oaep(const struct fake_kek *fake, enum env_wrap_alg alg, bool wrap, struct env_span in,
                 uint8_t *out, size_t *out_len)
{
    const EVP_MD *md = alg == ENV_WRAP_RSA_OAEP_SHA256 ? EVP_sha256() : EVP_sha1();
    EVP_PKEY_CTX *ctx;
    bool ok;

    env_call_begin();
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, fake->rsa, NULL);
    ERR_set_mark();
    ok = (wrap ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
         (wrap ? EVP_PKEY_encrypt(ctx, out, out_len, in.data, in.len)
               : EVP_PKEY_decrypt(ctx, out, out_len, in.data, in.len)) == 1;
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(ctx);
    env_call_end();
    return ok;
}

static ENV_RESULT kek_wrap(struct env_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                           struct env_wrapped *out)
{
    struct fake_kek *fake = fake_of(kek);

    atomic_fetch_add(&fake->wraps, 1);
    if (fake->fail_wrap)
        return ENV_RAISE(fake->keyring->errors, ENV_R_WRAP_FAILED, "the fake was told to");
    out->nonce_len = 0;
    if (fake->rsa != NULL) {
        out->alg = fake->rsa_alg;
        out->len = sizeof(out->data);
        if (!oaep(fake, out->alg, true, (struct env_span){dek, ENV_DEK_LEN}, out->data, &out->len))
            abort();
        return ENV_OK;
    }
    out->alg = ENV_WRAP_AES256_KW;
    out->len = ENV_DEK_LEN + 8;
    if (!key_wrap(fake, true, dek, ENV_DEK_LEN, out->data, out->len))
        abort();
    return ENV_OK;
}

static bool unwrap_here(const struct fake_kek *fake, const struct env_wrapped *wrapped,
                        uint8_t *out)
{
    size_t len = ENV_WRAPPED_MAX; /* libcrypto requires as much room as the input has */

    if (fake->rsa == NULL)
        return key_wrap(fake, false, wrapped->data, wrapped->len, out, ENV_DEK_LEN);
    return oaep(fake, wrapped->alg, false, (struct env_span){wrapped->data, wrapped->len}, out,
                &len) &&
           len == ENV_DEK_LEN;
}

static ENV_RESULT kek_unwrap(struct env_kek *kek, const struct env_wrapped *wrapped,
                             const struct env_dek_check *check, uint8_t dek[ENV_DEK_LEN])
{
    struct fake_kek *fake = fake_of(kek);
    uint8_t out[ENV_WRAPPED_MAX];
    bool opened;

    atomic_fetch_add(&fake->unwraps, 1);
    if (fake->public_half)
        abort();
    if (fake->fail_unwrap)
        return ENV_RAISE(fake->keyring->errors, ENV_R_TOKEN_FAILED, "the fake was told to");
    fake->unwrapped_to = dek;
    opened = unwrap_here(fake, wrapped, out);
    if (check != NULL && (opened || fake->rsa != NULL) &&
        !check->holds(check->arg, opened ? out : NULL))
        opened = false;
    if (opened)
        memcpy(dek, out, ENV_DEK_LEN);
    OPENSSL_cleanse(out, sizeof(out));
    return opened ? ENV_OK : ENV_FAIL(ENV_R_NOT_AUTHENTIC);
}

static bool kek_can_unwrap(const struct env_kek *kek)
{
    return !((const struct fake_kek *)kek)->public_half;
}

/* Key wrap of any kind by the default provider; out has as much room as kek.h says. */
static bool raw(const struct fake_kek *fake, enum env_key_wrap_kind alg, int wrap,
                const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    EVP_CIPHER_CTX *ctx;
    EVP_CIPHER *cipher;
    char name[32];
    int n = 0;
    bool ok;

    env_call_begin();
    ctx = EVP_CIPHER_CTX_new();
    (void)snprintf(name, sizeof(name), "AES-%u-WRAP%s", fake->bits,
                   alg == ENV_KEY_WRAP_KWP ? "-PAD" : "");
    cipher = EVP_CIPHER_fetch(fake->keyring->libctx, name, NULL);
    ok = EVP_CipherInit_ex2(ctx, cipher, fake->key, NULL, wrap, NULL) == 1 &&
         EVP_CipherUpdate(ctx, out, &n, in, (int)in_len) == 1;
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(ctx);
    env_call_end();
    *out_len = (size_t)n;
    return ok;
}

static ENV_RESULT kek_raw_wrap(struct env_kek *kek, enum env_key_wrap_kind alg, const uint8_t *in,
                               size_t in_len, uint8_t *out, size_t *out_len)
{
    struct fake_kek *fake = fake_of(kek);

    atomic_fetch_add(&fake->wraps, 1);
    if (fake->fail_wrap)
        return ENV_RAISE(fake->keyring->errors, ENV_R_WRAP_FAILED, "the fake was told to");
    if (!raw(fake, alg, 1, in, in_len, out, out_len))
        abort();
    return ENV_OK;
}

static ENV_RESULT kek_raw_unwrap(struct env_kek *kek, enum env_key_wrap_kind alg, const uint8_t *in,
                                 size_t in_len, uint8_t *out, size_t *out_len)
{
    struct fake_kek *fake = fake_of(kek);

    atomic_fetch_add(&fake->unwraps, 1);
    if (fake->fail_unwrap)
        return ENV_RAISE(fake->keyring->errors, ENV_R_TOKEN_FAILED, "the fake was told to");
    return raw(fake, alg, 0, in, in_len, out, out_len) ? ENV_OK : ENV_FAIL(ENV_R_WRAPPED_KEY);
}

static size_t number_of(const EVP_PKEY *rsa, const char *name, uint8_t *out)
{
    BIGNUM *number = NULL;
    size_t len = 0;

    if (EVP_PKEY_get_bn_param(rsa, name, &number) == 1)
        len = (size_t)BN_bn2bin(number, out);
    BN_free(number);
    return len;
}

static void kek_describe(const struct env_kek *kek, struct env_kek_info *info)
{
    const struct fake_kek *fake = (const struct fake_kek *)kek;

    *info = (struct env_kek_info){
        .type = ENV_KEK_AES,
        .bits = 256,
        .id = fake->id,
        .token = "fake",
        .mechanisms = "AES-KW (C_WrapKey, C_UnwrapKey)",
        .wrap = true,
        .unwrap = true,
        .sensitive = true,
        .always_sensitive = true,
        .never_extractable = true,
        .private_object = true,
        .local = true,
    };
    if (fake->rsa != NULL) {
        info->type = ENV_KEK_RSA;
        info->bits = (size_t)EVP_PKEY_get_bits(fake->rsa);
        info->modulus_len = number_of(fake->rsa, OSSL_PKEY_PARAM_RSA_N, info->modulus);
        info->exponent_len = number_of(fake->rsa, OSSL_PKEY_PARAM_RSA_E, info->exponent);
    }
    (void)snprintf(info->label, sizeof(info->label), "%s", fake->label);
    (void)snprintf(info->uri, sizeof(info->uri), "pkcs11:token=fake;object=%s;type=secret-key",
                   fake->label);
}

static ENV_RESULT kek_accept(struct env_kek *kek)
{
    const struct fake_kek *fake = fake_of(kek);

    return fake->refusal == ENV_R_NONE ? ENV_OK
                                       : ENV_RAISE(fake->keyring->errors, fake->refusal, "fake");
}

static const struct env_kek_vtable kek_vtable = {
    .up_ref = kek_up_ref,
    .free = kek_free,
    .id = kek_id,
    .wrap = kek_wrap,
    .unwrap = kek_unwrap,
    .can_unwrap = kek_can_unwrap,
    .key_wrap = kek_raw_wrap,
    .key_unwrap = kek_raw_unwrap,
    .describe = kek_describe,
    .accept = kek_accept,
};

void fake_reset(void)
{
    for (size_t i = 0; i < FAKE_KEKS; i++)
        EVP_PKEY_free(fake_keks[i].rsa);
    memset(fake_keks, 0, sizeof(fake_keks));
    for (size_t i = 0; i < FAKE_KEKS; i++) {
        struct fake_kek *fake = &fake_keks[i];

        fake->base.vtable = &kek_vtable;
        (void)snprintf(fake->label, sizeof(fake->label), "kek%zu", i);
        memset(fake->key, (int)i + 1, sizeof(fake->key));
        fake->bits = 256;
        fake->id.len = 16;
        memset(fake->id.bytes, 0xA0 + (int)i, fake->id.len);
    }
    fake_default_count = 1;
}

void fake_make_rsa(size_t i, enum env_wrap_alg alg, const char *file)
{
    char path[512];
    FILE *in;

    (void)snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, file);
    in = fopen(path, "r");
    EVP_PKEY_free(fake_keks[i].rsa);
    fake_keks[i].rsa = in != NULL ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
    if (fake_keks[i].rsa == NULL)
        abort();
    (void)fclose(in);
    fake_keks[i].rsa_alg = alg;
}

void fake_switch_to(size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fake_kek other = fake_keks[i];

        fake_keks[i] = fake_keks[first + i];
        fake_keks[first + i] = other;
    }
    fake_default_count = count;
}

int fake_references(void)
{
    int sum = 0;

    for (size_t i = 0; i < FAKE_KEKS; i++)
        sum += atomic_load(&fake_keks[i].references);
    return sum;
}

static void give(struct fake_keyring_now *keyring, struct fake_kek *fake, struct env_kek_list *out)
{
    fake->keyring = keyring;
    kek_up_ref(&fake->base);
    out->optional[out->count] = fake->optional;
    out->keks[out->count++] = &fake->base;
}

/* name is a label, or a URI whose object is the label. */
static bool is_named(const struct fake_kek *fake, const char *name)
{
    const char *object = strstr(name, "object=");
    size_t len = strlen(fake->label);

    if (object == NULL)
        return strcmp(fake->label, name) == 0;
    object += strlen("object=");
    return strncmp(object, fake->label, len) == 0 && strchr(";?", object[len]) != NULL;
}

static ENV_RESULT keyring_select(struct env_keyring *base, const struct env_selector *selector,
                                 struct env_kek_list *out)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;
    const char *wanted = selector->name != NULL ? selector->name : selector->marked;

    out->count = 0;
    if (wanted == NULL) {
        for (size_t i = 0; i < fake_default_count; i++)
            give(keyring, &fake_keks[i], out);
        return out->count > 0 ? ENV_OK
                              : ENV_RAISE(keyring->errors, ENV_R_NO_KEK_CONFIGURED, "%s", "");
    }
    for (size_t i = 0; i < FAKE_KEKS; i++) {
        if (is_named(&fake_keks[i], wanted)) {
            give(keyring, &fake_keks[i], out);
            return ENV_OK;
        }
    }
    return ENV_RAISE(keyring->errors, ENV_R_KEK_NOT_FOUND, "%s",
                     selector->name != NULL ? selector->name : "");
}

static ENV_RESULT keyring_lookup(struct env_keyring *base, const struct env_kek_id *id,
                                 enum env_wrap_alg alg, struct env_kek **out,
                                 struct env_refused_kek *refused)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;

    (void)refused;
    for (size_t i = 0; i < FAKE_KEKS; i++) {
        struct fake_kek *fake = &fake_keks[i];

        if (fake->absent || fake->public_half || env_wrap_is_rsa(alg) != (fake->rsa != NULL) ||
            fake->id.len != id->len || memcmp(fake->id.bytes, id->bytes, id->len) != 0)
            continue;
        fake->keyring = keyring;
        kek_up_ref(&fake->base);
        *out = &fake->base;
        return ENV_OK;
    }
    return ENV_FAIL(ENV_R_KEK_NOT_HERE);
}

static ENV_RESULT keyring_select_for_key_wrap(struct env_keyring *base,
                                              const struct env_selector *selector, size_t bits,
                                              struct env_kek **out, struct env_refused_kek *refused)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;
    struct env_kek_list list = {0};
    ENV_RESULT r = keyring_select(base, selector, &list);

    (void)refused;
    *out = NULL;
    if (env_ok(r) && list.count > 1)
        r = ENV_RAISE(keyring->errors, ENV_R_ONE_KEK, "%s", "");
    if (env_ok(r) && fake_of(list.keks[0])->bits != bits)
        r = ENV_RAISE(keyring->errors, ENV_R_KEK_LENGTH, "%s", "");
    if (env_ok(r))
        *out = list.keks[0];
    else
        env_kek_list_clear(&list);
    return r;
}

static void lend(struct fake_keyring_now *keyring, struct fake_kek *fake, struct env_kek **out)
{
    fake->keyring = keyring;
    kek_up_ref(&fake->base);
    *out = &fake->base;
}

static ENV_RESULT keyring_find(struct env_keyring *base, const char *name, struct env_kek **out)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;

    for (size_t i = 0; i < FAKE_KEKS; i++) {
        if (!fake_keks[i].absent && is_named(&fake_keks[i], name)) {
            lend(keyring, &fake_keks[i], out);
            return ENV_OK;
        }
    }
    return ENV_RAISE(keyring->errors, ENV_R_KEK_NOT_FOUND, "%s", name);
}

static ENV_RESULT keyring_list(struct env_keyring *base, const char *uri, env_take_kek_fn *take,
                               void *arg)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;

    for (size_t i = 0; i < FAKE_KEKS; i++) {
        struct env_kek *kek;
        ENV_RESULT r;

        if (fake_keks[i].absent ||
            (strstr(uri, "object=") != NULL && !is_named(&fake_keks[i], uri)))
            continue;
        lend(keyring, &fake_keks[i], &kek);
        r = take(arg, kek);
        env_kek_free(kek);
        ENV_TRY(r);
    }
    return ENV_OK;
}

static ENV_RESULT keyring_generate(struct env_keyring *base, const struct env_kek_request *request,
                                   struct env_kek **out)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;

    for (size_t i = 0; i < FAKE_KEKS; i++) {
        struct fake_kek *fake = &fake_keks[i];

        if (!fake->absent && !request->same_label && strcmp(fake->label, request->label) == 0)
            return ENV_RAISE(keyring->errors, ENV_R_KEK_EXISTS, "%s", request->label);
        if (!fake->absent)
            continue;
        fake->absent = false;
        (void)snprintf(fake->label, sizeof(fake->label), "%s", request->label);
        if (request->id.len > 0)
            fake->id = request->id;
        lend(keyring, fake, out);
        return ENV_OK;
    }
    return ENV_RAISE(keyring->errors, ENV_R_KEK_NOT_MADE, "the fake token is full");
}

static void keyring_free(struct env_keyring *base)
{
    struct fake_keyring_now *keyring = (struct fake_keyring_now *)base;

    EVP_CIPHER_free(keyring->key_wrap);
    OSSL_LIB_CTX_free(keyring->libctx);
    OPENSSL_free(keyring);
}

static ENV_RESULT keyring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                              const struct env_errors *errors, struct env_keyring **out)
{
    static const struct env_keyring_vtable vtable = {
        .free = keyring_free,
        .select = keyring_select,
        .lookup = keyring_lookup,
        .select_for_key_wrap = keyring_select_for_key_wrap,
        .find = keyring_find,
        .list = keyring_list,
        .generate = keyring_generate,
    };
    struct fake_keyring_now *keyring = OPENSSL_zalloc(sizeof(*keyring));

    (void)config;
    (void)libctx;
    if (keyring == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    keyring->base.vtable = &vtable;
    keyring->errors = errors;
    keyring->libctx = OSSL_LIB_CTX_new();
    keyring->key_wrap = EVP_CIPHER_fetch(keyring->libctx, "AES-256-WRAP", NULL);
    if (keyring->key_wrap == NULL)
        abort();
    *out = &keyring->base;
    return ENV_OK;
}

int fake_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **provctx)
{
    return env_provider_init_with(handle, in, out, provctx, keyring_new);
}

int fake_add_builtin(OSSL_LIB_CTX *libctx)
{
    return OSSL_PROVIDER_add_builtin(libctx, "envelope", fake_provider_init);
}

static OSSL_LIB_CTX *libctx_with(bool with_default)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    if (libctx == NULL || !fake_add_builtin(libctx) ||
        (with_default && OSSL_PROVIDER_load(libctx, "default") == NULL) ||
        OSSL_PROVIDER_load(libctx, "envelope") == NULL) {
        ERR_print_errors_fp(stderr);
        abort();
    }
    return libctx;
}

OSSL_LIB_CTX *fake_libctx_new(void)
{
    return libctx_with(true);
}

OSSL_LIB_CTX *fake_libctx_new_without_default(void)
{
    return libctx_with(false);
}

static int init_with_tokens(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                            const OSSL_DISPATCH **out, void **provctx)
{
    return env_provider_init_with(handle, in, out, provctx, env_token_keyring_new);
}

OSSL_LIB_CTX *fake_libctx_new_configured(const char *lines, bool first)
{
    return libctx_new_configured(fake_provider_init, lines, first);
}

static OSSL_LIB_CTX *configured(OSSL_provider_init_fn *init, const char *providers,
                                const char *lines)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    char path[] = "fake_libctx.XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (libctx == NULL || file == NULL ||
        !OSSL_PROVIDER_add_builtin(libctx, "envelope", init != NULL ? init : init_with_tokens))
        abort();
    (void)fprintf(file,
                  "openssl_conf = init\n[init]\nproviders = providers\n[providers]\n%s"
                  "[default_sect]\nactivate = 1\n[envelope_sect]\nactivate = 1\n%s",
                  providers, lines);
    if (fclose(file) != 0) {
        perror(path);
        abort();
    }
    if (!OSSL_LIB_CTX_load_config(libctx, path)) {
        ERR_print_errors_fp(stderr);
        abort();
    }
    (void)unlink(path);
    return libctx;
}

OSSL_LIB_CTX *libctx_new_configured(OSSL_provider_init_fn *init, const char *lines, bool first)
{
    return configured(init,
                      first ? "envelope = envelope_sect\ndefault = default_sect\n"
                            : "default = default_sect\nenvelope = envelope_sect\n",
                      lines);
}

OSSL_LIB_CTX *libctx_new_configured_alone(OSSL_provider_init_fn *init, const char *lines)
{
    return configured(init, "envelope = envelope_sect\n", lines);
}

static int unload(OSSL_PROVIDER *provider, void *arg)
{
    (void)arg;
    return OSSL_PROVIDER_unload(provider);
}

void fake_libctx_free(OSSL_LIB_CTX *libctx)
{
    /* what was loaded by hand is not unloaded with the context */
    (void)OSSL_PROVIDER_do_all(libctx, unload, NULL);
    OSSL_LIB_CTX_free(libctx);
}

int fake_last_reason(void)
{
    unsigned long error = ERR_peek_last_error();

    /* a provider's library number is handed out at run time, above the fixed ones */
    return ERR_GET_LIB(error) >= ERR_LIB_USER ? ERR_GET_REASON(error) : 0;
}
