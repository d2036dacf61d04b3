/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our ciphers with a stand-in compared with stock OpenSSL with the key: random calls on both must
 * give the same result, the same bytes and the same error. Some use raw keys.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/stock_names.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"

enum { OURS, STOCK, SIDES };

#define CALLS 40
#define ROUNDS 60

static OSSL_LIB_CTX *libctx;

/* One context of each, and what both are given. */
struct pair {
    EVP_CIPHER *cipher[SIDES];
    EVP_CIPHER_CTX *ctx[SIDES];
    const struct env_stock_cipher *about;
    const struct fake_named_key *named;
    uint64_t seed;
    unsigned succeeded;
    bool keyed;
};

/* What one call came to. */
struct outcome {
    int result;
    int len;
    unsigned char out[400];
    int reason;
};

/* The arguments of one call. */
struct arguments {
    int what;
    int encrypt;
    int len;
    int tag_len;
    int iv_len;
    bool with_named_key;
    unsigned char in[200];
    unsigned char iv[16];
    unsigned char raw_key[64];
};

static const unsigned char *key_for(const struct pair *pair, const struct arguments *with, int side)
{
    if (!with->with_named_key)
        return with->raw_key;
    return side == OURS ? (const unsigned char *)pair->named->stand_in : pair->named->key;
}

static int copy_context(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    int ok = EVP_CIPHER_CTX_copy(copy, *ctx);

    EVP_CIPHER_CTX_free(ok == 1 ? *ctx : copy);
    if (ok == 1)
        *ctx = copy;
    return ok;
}

static int get_ivs(EVP_CIPHER_CTX *ctx, unsigned char out[400])
{
    int got = EVP_CIPHER_CTX_get_original_iv(ctx, out, 16);

    return 2 * got + EVP_CIPHER_CTX_get_updated_iv(ctx, out + 16, 16);
}

static int numbers(EVP_CIPHER_CTX *ctx)
{
    return EVP_CIPHER_CTX_get_key_length(ctx) * 1000 + EVP_CIPHER_CTX_get_iv_length(ctx) * 10 +
           EVP_CIPHER_CTX_get_num(ctx);
}

enum what {
    SET_CIPHER,
    SET_ALL,
    SET_KEY,
    SET_IV,
    SET_IV_LEN,
    AAD,
    UPDATE,
    UPDATE_MORE,
    ONE_SHOT,
    FINAL,
    TAG,
    COPY,
    KEY_LEN,
    PADDING,
    IVS,
    NUMBERS,
    RESET,
    WHATS,
};

static int run(struct pair *pair, const struct arguments *with, int side, struct outcome *o)
{
    EVP_CIPHER_CTX **ctx = &pair->ctx[side];
    const unsigned char *key = key_for(pair, with, side);

    switch (with->what) {
    case SET_CIPHER:
        return EVP_CipherInit_ex2(*ctx, pair->cipher[side], NULL, NULL, with->encrypt, NULL);
    case SET_ALL:
        return EVP_CipherInit_ex2(*ctx, pair->cipher[side], key, with->iv, with->encrypt, NULL);
    case SET_KEY:
        return EVP_CipherInit_ex2(*ctx, NULL, key, NULL, with->encrypt, NULL);
    case SET_IV:
        return EVP_CipherInit_ex2(*ctx, NULL, NULL, with->iv, -1, NULL);
    case SET_IV_LEN:
        return EVP_CIPHER_CTX_ctrl(*ctx, EVP_CTRL_AEAD_SET_IVLEN, with->iv_len, NULL);
    case AAD:
        return (pair->about->flags & ENV_STOCK_AEAD) != 0
                   ? EVP_CipherUpdate(*ctx, NULL, &o->len, with->in, with->len)
                   : 0;
    case UPDATE:
    case UPDATE_MORE:
        return EVP_CipherUpdate(*ctx, o->out, &o->len, with->in, with->len);
    case ONE_SHOT:
        return EVP_Cipher(*ctx, o->out, with->in, (unsigned)(with->len & ~15));
    case FINAL:
        return EVP_CipherFinal_ex(*ctx, o->out, &o->len);
    case TAG:
        return EVP_CIPHER_CTX_is_encrypting(*ctx)
                   ? EVP_CIPHER_CTX_ctrl(*ctx, EVP_CTRL_AEAD_GET_TAG, with->tag_len, o->out)
                   : EVP_CIPHER_CTX_ctrl(*ctx, EVP_CTRL_AEAD_SET_TAG, with->tag_len,
                                         (void *)(uintptr_t)with->in);
    case COPY:
        return copy_context(ctx);
    case KEY_LEN:
        return EVP_CIPHER_CTX_set_key_length(*ctx,
                                             with->encrypt ? (int)pair->about->key_len : with->len);
    case PADDING:
        return EVP_CIPHER_CTX_set_padding(*ctx, with->encrypt);
    case IVS:
        return get_ivs(*ctx, o->out);
    case NUMBERS:
        return numbers(*ctx);
    default:
        return EVP_CIPHER_CTX_reset(*ctx);
    }
}

static void choose(struct pair *pair, struct arguments *with)
{
    uint64_t *seed = &pair->seed;

    *with = (struct arguments){
        .what = (int)random_between(seed, 0, WHATS - 1),
        .encrypt = (int)random_between(seed, 0, 1),
        .len = (int)random_between(seed, 0, 99),
        .tag_len = (int)random_between(seed, 4, 16),
        .iv_len = (int)random_between(seed, 1, 16),
        .with_named_key = random_between(seed, 0, 2) > 0,
    };
    for (size_t i = 0; i < sizeof(with->in); i++)
        with->in[i] = (unsigned char)next_random(seed);
    for (size_t i = 0; i < sizeof(with->iv); i++)
        with->iv[i] = (unsigned char)next_random(seed);
    for (size_t i = 0; i < sizeof(with->raw_key); i++)
        with->raw_key[i] = (unsigned char)next_random(seed);
    /* stock OpenSSL crashes where there is no cipher, or a block cipher has no key */
    if (EVP_CIPHER_CTX_get0_cipher(pair->ctx[OURS]) == NULL || !pair->keyed)
        with->what = SET_ALL;
}

static void one_call(struct pair *pair)
{
    struct arguments with;
    struct outcome o[SIDES];

    choose(pair, &with);
    for (int side = 0; side < SIDES; side++) {
        memset(&o[side], 0, sizeof(o[side]));
        ERR_clear_error();
        o[side].result = run(pair, &with, side, &o[side]);
        o[side].reason = ERR_GET_REASON(ERR_peek_last_error());
    }
    pair->succeeded += o[STOCK].result == 1;
    if (with.what == SET_ALL)
        pair->keyed = o[STOCK].result == 1;
    if (with.what == RESET || with.what == SET_CIPHER || with.what == KEY_LEN)
        pair->keyed = false;
    ck_demand(o[OURS].result == o[STOCK].result && o[OURS].len == o[STOCK].len &&
                  memcmp(o[OURS].out, o[STOCK].out, sizeof(o[OURS].out)) == 0 &&
                  o[OURS].reason == o[STOCK].reason,
              "%s, call %d: result %d for %d, length %d for %d, reason %d for %d",
              pair->about->name, with.what, o[OURS].result, o[STOCK].result, o[OURS].len,
              o[STOCK].len, o[OURS].reason, o[STOCK].reason);
}

static EVP_CIPHER *fetch(const char *name, const char *server)
{
    char query[64];
    EVP_CIPHER *cipher;

    (void)snprintf(query, sizeof(query), "provider=%s", server);
    cipher = EVP_CIPHER_fetch(libctx, name, query);
    ck_assert_ptr_nonnull(cipher);
    return cipher;
}

static void set_up(void)
{
    char lines[2000] = "key-ciphers = ";
    size_t len = strlen(lines);

    fake_reset();
    fake_named_reset();
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++)
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s ", env_stock_ciphers[i].name);
    (void)snprintf(lines + len, sizeof(lines) - len, "\n");
    libctx = fake_named_libctx(lines, true);
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    ck_assert_int_eq(atomic_load(&fake_named_lent), 0);
}

START_TEST(every_call_does_what_stock_openssl_does)
{
    struct pair pair = {.about = &env_stock_ciphers[_i], .seed = 20261 + (uint64_t)_i};

    pair.named = fake_named_of_len(pair.about->key_len);
    ck_assert_ptr_nonnull(pair.named);
    pair.cipher[OURS] = fetch(pair.about->name, "envelope");
    pair.cipher[STOCK] = fetch(pair.about->name, "default");
    for (int round = 0; round < ROUNDS; round++) {
        pair.keyed = false;
        for (int side = 0; side < SIDES; side++)
            pair.ctx[side] = EVP_CIPHER_CTX_new();
        for (int call = 0; call < CALLS; call++)
            one_call(&pair);
        for (int side = 0; side < SIDES; side++)
            EVP_CIPHER_CTX_free(pair.ctx[side]);
    }
    ck_assert_uint_gt(pair.succeeded, ROUNDS * CALLS / 8);
    ck_assert_int_gt(atomic_load(&fake_named_asked), ROUNDS);
    for (int side = 0; side < SIDES; side++)
        EVP_CIPHER_free(pair.cipher[side]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: the same as stock OpenSSL");
    TCase *tcase = tcase_create("calls");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, every_call_does_what_stock_openssl_does, 0, ENV_STOCK_CIPHER_COUNT);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
