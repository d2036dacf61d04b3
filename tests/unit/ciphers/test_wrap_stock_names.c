/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrap ciphers under stock names. With a raw key each call has to do what the default
 * provider's cipher does; with "kek:" and a label no byte may reach it.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "keymgmt/token/module_call.h"
#include "odd_provider.h"

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER_CTX *ours, *theirs;
static unsigned char out[300], in[300], raw_key[32], kek_key[32];
static int n;

static const char *const names[] = {"AES-128-WRAP",     "AES-192-WRAP",     "AES-256-WRAP",
                                    "AES-128-WRAP-PAD", "AES-192-WRAP-PAD", "AES-256-WRAP-PAD"};
#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

static void name_kek(const char *label)
{
    memset(kek_key, 0, sizeof(kek_key));
    memcpy(kek_key, "kek:", 4);
    memcpy(kek_key + 4, label, strlen(label));
}

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new_configured("standard-names = yes\n", false);
    ours = EVP_CIPHER_CTX_new();
    theirs = EVP_CIPHER_CTX_new();
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (unsigned char)(i * 7 + 1);
    memset(out, 0xA5, sizeof(out));
    memset(raw_key, 0x42, sizeof(raw_key));
    name_kek("kek0");
    n = -1;
}

static void tear_down(void)
{
    EVP_CIPHER_CTX_free(ours);
    EVP_CIPHER_CTX_free(theirs);
    OSSL_LIB_CTX_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static EVP_CIPHER *fetch(const char *name, const char *provider)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, provider);

    ck_assert_ptr_nonnull(cipher);
    return cipher;
}

/* Our cipher of that name. */
static int begin(const char *name, int wrapping, const void *key, const void *iv)
{
    EVP_CIPHER *cipher = fetch(name, "provider=envelope");
    int ok = EVP_CipherInit_ex2(ours, cipher, key, iv, wrapping, NULL);

    EVP_CIPHER_free(cipher);
    return ok;
}

static int no_token_was_used(void)
{
    int sum = 0;

    for (size_t i = 0; i < FAKE_KEKS; i++)
        sum += atomic_load(&fake_keks[i].wraps) + atomic_load(&fake_keks[i].unwraps);
    return sum == 0;
}

/* ---- raw keys ---- */

START_TEST(every_stock_name_and_alias_is_served)
{
    static const char *const aliases[] = {
        "id-aes128-wrap",     "AES128-WRAP",     "2.16.840.1.101.3.4.1.5",
        "id-aes192-wrap",     "AES192-WRAP",     "2.16.840.1.101.3.4.1.25",
        "id-aes256-wrap",     "AES256-WRAP",     "2.16.840.1.101.3.4.1.45",
        "id-aes128-wrap-pad", "AES128-WRAP-PAD", "2.16.840.1.101.3.4.1.8",
        "id-aes192-wrap-pad", "AES192-WRAP-PAD", "2.16.840.1.101.3.4.1.28",
        "id-aes256-wrap-pad", "AES256-WRAP-PAD", "2.16.840.1.101.3.4.1.48",
    };

    for (int i = 0; i < 18; i++) {
        EVP_CIPHER *cipher = fetch(aliases[i], "provider=envelope");
        EVP_CIPHER *stock = fetch(aliases[i], "provider=default");

        ck_assert(EVP_CIPHER_is_a(cipher, names[i / 3]));
        ck_assert_int_eq(EVP_CIPHER_get_nid(cipher), EVP_CIPHER_get_nid(stock));
        ck_assert_uint_eq(EVP_CIPHER_get_flags(cipher), EVP_CIPHER_get_flags(stock));
        ck_assert_int_eq(EVP_CIPHER_get_key_length(cipher), EVP_CIPHER_get_key_length(stock));
        ck_assert_int_eq(EVP_CIPHER_get_iv_length(cipher), EVP_CIPHER_get_iv_length(stock));
        ck_assert_int_eq(EVP_CIPHER_get_block_size(cipher), EVP_CIPHER_get_block_size(stock));
        ck_assert_int_eq(EVP_CIPHER_get_mode(cipher), EVP_CIPHER_get_mode(stock));
        ck_assert_ptr_eq(EVP_CIPHER_gettable_ctx_params(cipher),
                         EVP_CIPHER_gettable_ctx_params(stock));
        ck_assert_ptr_eq(EVP_CIPHER_settable_ctx_params(cipher),
                         EVP_CIPHER_settable_ctx_params(stock));
        EVP_CIPHER_free(cipher);
        EVP_CIPHER_free(stock);
    }
}
END_TEST

static void same_iv(void)
{
    unsigned char iv[2][16] = {{0}, {0}};
    int got = EVP_CIPHER_CTX_get_original_iv(theirs, iv[0], 8);

    ck_assert_int_eq(EVP_CIPHER_CTX_get_original_iv(ours, iv[1], 8), got);
    ck_assert_mem_eq(iv[0], iv[1], sizeof(iv[0]));
    got = EVP_CIPHER_CTX_get_updated_iv(theirs, iv[0], 8);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_updated_iv(ours, iv[1], 8), got);
    ck_assert_mem_eq(iv[0], iv[1], sizeof(iv[0]));
    ck_assert_int_eq(EVP_CIPHER_CTX_get_num(ours), EVP_CIPHER_CTX_get_num(theirs));
    ck_assert_int_eq(EVP_CIPHER_CTX_get_iv_length(ours), EVP_CIPHER_CTX_get_iv_length(theirs));
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ours), EVP_CIPHER_CTX_get_key_length(theirs));
}

/* One call on both contexts: the same result, bytes and error. */
static void both(int what, uint64_t *seed, bool *keyed)
{
    unsigned char to[2][320], from[300], key[32], iv[8];
    int lengths[] = {1, 7, 8, 15, 16, 20, 24, 32, 40, 200};
    int len = lengths[random_between(seed, 0, 9)];
    int written[2] = {-1, -1}, result[2];
    unsigned long error[2];

    memset(to, 0xA5, sizeof(to));
    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (unsigned char)(next_random(seed) >> 20);
    memset(key, (int)random_between(seed, 1, 3), sizeof(key));
    memset(iv, random_between(seed, 0, 1) != 0 ? 0xA6 : 0x11, sizeof(iv));
    if (what >= 4 && !*keyed)
        what = 0; /* stock OpenSSL crashes when there is no key */
    *keyed = *keyed || what <= 1;
    for (int i = 0; i < 2; i++) {
        EVP_CIPHER_CTX *ctx = i == 0 ? ours : theirs;
        int enc = (int)(*seed >> 40 & 1);

        ERR_clear_error();
        switch (what) {
        case 0:
            result[i] = EVP_CipherInit_ex2(ctx, NULL, key, NULL, enc, NULL);
            break;
        case 1:
            result[i] = EVP_CipherInit_ex2(ctx, NULL, key, iv, enc, NULL);
            break;
        case 2:
            result[i] = EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL);
            break;
        case 3:
            result[i] = EVP_CIPHER_CTX_set_padding(ctx, enc);
            break;
        case 4:
            result[i] = EVP_CipherFinal_ex(ctx, to[i], &written[i]);
            break;
        case 5:
            result[i] = EVP_CipherUpdate(ctx, NULL, &written[i], from, len);
            break;
        case 6:
            result[i] = EVP_Cipher(ctx, to[i], from, (unsigned)len);
            break;
        default:
            result[i] = EVP_CipherUpdate(ctx, to[i], &written[i], from, len);
            break;
        }
        error[i] = ERR_peek_last_error();
    }
    if (what == 6 && result[0] == 0) {
        /* stock OpenSSL's EVP_Cipher returns 1 for its wrap ciphers even when they fail */
        ck_assert_uint_ne(error[1], 0);
        return;
    }
    ck_assert_msg(result[0] == result[1], "call %d of length %d: %d, stock %d", what, len,
                  result[0], result[1]);
    ck_assert_int_eq(ERR_GET_REASON(error[0]), ERR_GET_REASON(error[1]));
    ck_assert_int_eq(written[0], written[1]);
    ck_assert_mem_eq(to[0], to[1], sizeof(to[0]));
    same_iv();
}

START_TEST(raw_keys_are_stock)
{
    uint64_t seed = 4711 + (uint64_t)_i;
    EVP_CIPHER *stock = fetch(names[_i], "provider=default");

    for (int round = 0; round < 300; round++) {
        bool keyed = false;

        ck_assert_int_eq(begin(names[_i], 1, NULL, NULL), 1);
        ck_assert_int_eq(EVP_CipherInit_ex2(theirs, stock, NULL, NULL, 1, NULL), 1);
        for (int call = 0; call < 12; call++) {
            both((int)random_between(&seed, 0, 9), &seed, &keyed);
            if (random_between(&seed, 0, 7) == 0) { /* the copies go on */
                EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
                EVP_CIPHER_CTX **to = call % 2 == 0 ? &ours : &theirs;

                ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, *to), 1);
                EVP_CIPHER_CTX_free(*to);
                *to = copy;
            }
        }
        EVP_CIPHER_CTX_reset(ours);
        EVP_CIPHER_CTX_reset(theirs);
    }
    ck_assert(no_token_was_used());
    EVP_CIPHER_free(stock);
}
END_TEST

/* ---- selectors ---- */

/* What stock OpenSSL gives for the key of that KEK. */
static void expect(const unsigned char *key, unsigned char expected[40])
{
    EVP_CIPHER *stock = fetch("AES-256-WRAP", "provider=default");
    int len;

    ck_assert_int_eq(EVP_CipherInit_ex2(theirs, stock, key, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(theirs, expected, &len, in, 32), 1);
    EVP_CIPHER_free(stock);
}

START_TEST(selectors_go_to_the_token)
{
    unsigned char expected[40];

    name_kek("kek7");
    expect(fake_keks[7].key, expected);
    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, NULL, &n, in, 32), 1);
    ck_assert_int_eq(n, 40);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
    ck_assert_int_eq(n, 40);
    ck_assert_mem_eq(out, expected, 40);
    ck_assert_int_eq(EVP_CipherFinal_ex(ours, out, &n), 1);
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, NULL, NULL, 0, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, expected, 40), 1);
    ck_assert_mem_eq(out, in, 32);
    ck_refused(EVP_CipherUpdate(ours, out, &n, expected, 40), ENV_R_ONE_UPDATE);
    ck_assert_int_eq(atomic_load(&fake_keks[7].wraps), 1);
    /* "kek:" alone is the configured one */
    name_kek("");
    expect(fake_keks[0].key, expected);
    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
    ck_assert_mem_eq(out, expected, 40);
}
END_TEST

START_TEST(selectors_never_fall_through)
{
    ck_assert_int_eq(begin("AES-256-WRAP", 1, raw_key, NULL), 1); /* there is a raw key already */
    name_kek("nobody");
    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, NULL), 1);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_KEK_NOT_FOUND);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_CONTEXT_FAILED);
    ck_refused(EVP_CipherFinal_ex(ours, out, &n), ENV_R_CONTEXT_FAILED);
    for (int broken = 0; broken < 3; broken++) {
        memset(kek_key + 4, broken == 0 ? 0xFF : broken == 1 ? '\n' : 0, 28);
        kek_key[31] = broken == 2 ? 'x' : kek_key[31];
        ck_refused(begin("AES-256-WRAP", 1, kek_key, NULL), ENV_R_KEY_IS_NO_SELECTOR);
        ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
        ck_refused(EVP_CipherInit_ex2(ours, NULL, NULL, NULL, 1, NULL), ENV_R_NOT_INITIALISED);
        ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
        ck_refused(EVP_CipherFinal_ex(ours, out, &n), ENV_R_NOT_INITIALISED);
    }
    fake_keks[0].bits = 128;
    name_kek("kek0");
    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, NULL), 1);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_KEK_LENGTH);
    ck_assert(bytes_are((struct bytes){.data = out, .len = sizeof(out)}, 0xA5));
    ck_assert(no_token_was_used());
}
END_TEST

/* Nor are they keys, with the line end of the file that they come from or without. */
START_TEST(stand_ins_are_refused)
{
    static const unsigned char stand_ins[][33] = {
        "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", "key:ABCDEFGHIJKL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "key:ABCDEFGHIJKL\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "key:ABCDEFGHIJKLkey:ABCDEFGHIJKL",
        "a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNU"};

    for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++) {
        ck_assert_int_eq(begin("AES-256-WRAP", 1, raw_key, NULL), 1);
        ck_refused(EVP_CipherInit_ex2(ours, NULL, stand_ins[i], NULL, 1, NULL),
                   ENV_R_STAND_IN_MISPLACED);
        ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
        ck_refused(begin("AES-256-WRAP", 1, stand_ins[i], NULL), ENV_R_STAND_IN_MISPLACED);
        ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    }
    ck_assert(no_token_was_used());
}
END_TEST

/* As a key it would protect nothing: everybody may know a KEK's label. */
START_TEST(changed_selectors_are_refused)
{
    static const unsigned char selectors[][33] = {
        "\xEF\xBB\xBFkek:orders\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "\"kek:orders\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "6b656b3a6f7264657273\0\0\0\0\0\0\0\0\0\0\0",
        "a2VrOm9yZGVycw==\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    };

    for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
        ck_refused(begin("AES-256-WRAP", 1, selectors[i], NULL), ENV_R_SELECTOR_CHANGED);
        ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    }
    ck_assert(no_token_was_used());
}
END_TEST

START_TEST(a_context_changes_between_raw_key_and_kek)
{
    unsigned char expected[40], of_kek[40];

    expect(raw_key, expected);
    expect(fake_keks[0].key, of_kek);
    for (int i = 0; i < 4; i++) {
        const unsigned char *key = i % 2 == 0 ? raw_key : kek_key;

        ck_assert_int_eq(EVP_CIPHER_CTX_get0_cipher(ours) == NULL
                             ? begin("AES-256-WRAP", 1, key, NULL)
                             : EVP_CipherInit_ex2(ours, NULL, key, NULL, 1, NULL),
                         1);
        ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
        ck_assert_mem_eq(out, i % 2 == 0 ? expected : of_kek, 40);
        ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), (i + 1) / 2);
    }
}
END_TEST

START_TEST(with_a_selector_only_the_default_iv_is_taken)
{
    static const unsigned char usual[8] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};

    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, usual), 1);
    ck_refused(begin("AES-256-WRAP", 1, kek_key, in), ENV_R_DEFAULT_IV_ONLY);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    EVP_CIPHER_CTX_reset(ours);
    /* one that comes before the key counts as well */
    ck_assert_int_eq(begin("AES-256-WRAP", 1, NULL, in), 1);
    ck_refused(EVP_CipherInit_ex2(ours, NULL, kek_key, NULL, 1, NULL), ENV_R_DEFAULT_IV_ONLY);
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, kek_key, usual, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
}
END_TEST

START_TEST(a_copied_context_keeps_its_kek)
{
    unsigned char expected[40];
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();

    expect(fake_keks[0].key, expected);
    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, NULL), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ours), 1);
    EVP_CIPHER_CTX_reset(ours);
    ck_assert_int_eq(EVP_CipherUpdate(copy, out, &n, in, 32), 1);
    ck_assert_mem_eq(out, expected, 40);
    EVP_CIPHER_CTX_free(copy);
}
END_TEST

START_TEST(without_a_key_nothing_is_wrapped)
{
    ck_assert_int_eq(begin("AES-256-WRAP", 1, NULL, NULL), 1);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    ck_assert(no_token_was_used());
}
END_TEST

/* Inside a PKCS#11 call every key is a key, even one that looks like a selector. */
START_TEST(inside_a_module_every_key_is_raw)
{
    unsigned char expected[40];

    expect(kek_key, expected);
    env_call_begin();
    ck_assert_int_eq(begin("AES-256-WRAP", 1, kek_key, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
    env_call_end();
    ck_assert_mem_eq(out, expected, 40);
    ck_assert(no_token_was_used());
}
END_TEST

START_TEST(nobody_else_offers_it)
{
    OSSL_LIB_CTX *alone =
        fake_libctx_new_configured("standard-names = yes\npropquery = provider=nobody\n", true);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(alone, "AES-256-WRAP", "provider=envelope");

    ck_assert_ptr_nonnull(cipher);
    ck_assert_ptr_nonnull(EVP_CIPHER_gettable_ctx_params(cipher));
    ck_assert_ptr_nonnull(EVP_CIPHER_settable_ctx_params(cipher));
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, cipher, NULL, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ours), 32);
    ck_refused(EVP_CipherFinal_ex(ours, out, &n), ENV_R_NOT_INITIALISED);
    ck_refused(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL), ENV_R_NO_STOCK_CIPHER);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, kek_key, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
    EVP_CIPHER_CTX_reset(ours);
    EVP_CIPHER_free(cipher);
    OSSL_LIB_CTX_free(alone);
}
END_TEST

/* A context that had none finds it; and what was found is held, whatever the program unloads. */
START_TEST(stock_openssl_comes_later_and_may_go)
{
    OSSL_LIB_CTX *alone = libctx_new_configured_alone(fake_provider_init, "standard-names = yes\n");
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(alone, "AES-256-WRAP", NULL);
    unsigned char expected[40];
    OSSL_PROVIDER *provider;

    expect(raw_key, expected);
    ck_assert_ptr_nonnull(cipher);
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, cipher, NULL, NULL, 1, NULL), 1);
    ck_refused(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL), ENV_R_NO_STOCK_CIPHER);
    provider = OSSL_PROVIDER_load(alone, "default");
    ck_assert_ptr_nonnull(provider);
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL), 1);
    ck_assert_int_eq(OSSL_PROVIDER_unload(provider), 1);
    ck_assert_int_eq(OSSL_PROVIDER_available(alone, "default"), 0);
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
        ck_assert_int_eq(n, 40);
        ck_assert_mem_eq(out, expected, 40);
        EVP_CIPHER_CTX_reset(ours); /* a context made since */
        ck_assert_int_eq(EVP_CipherInit_ex2(ours, cipher, raw_key, NULL, 1, NULL), 1);
    }
    EVP_CIPHER_CTX_reset(ours);
    EVP_CIPHER_free(cipher);
    OSSL_LIB_CTX_free(alone);
}
END_TEST

/* Where the configuration lets algorithms come from, with and without the provider. */
START_TEST(property_queries_choose_who_serves_a_name)
{
    static const char *const queries[] = {
        "provider=default",  "?provider=default",  " ?fips=yes , provider = default ",
        "provider=envelope", "?provider=envelope", "?provider=envelope, ?fips=yes, -x.y",
        "?fips=yes",         "providers!=a",
    };

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char lines[100];
        OSSL_LIB_CTX *other;
        EVP_CIPHER *cipher;

        (void)snprintf(lines, sizeof(lines), "standard-names = yes\npropquery = %s\n", queries[i]);
        other = fake_libctx_new_configured(lines, true);
        cipher = EVP_CIPHER_fetch(other, "AES-256-WRAP", "provider=envelope");
        ck_assert_ptr_nonnull(cipher);
        ck_assert_int_eq(EVP_CipherInit_ex2(ours, cipher, NULL, NULL, 1, NULL), 1);
        if (strcmp(queries[i], "provider=envelope") == 0) { /* we are nobody else */
            ck_refused(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL),
                       ENV_R_NO_STOCK_CIPHER);
        } else {
            ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL), 1);
            ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
        }
        EVP_CIPHER_CTX_reset(ours);
        EVP_CIPHER_free(cipher);
        OSSL_LIB_CTX_free(other);
    }
}
END_TEST

START_TEST(stock_names_are_served_only_when_configured)
{
    static const struct {
        const char *lines;
        bool there;
        int reason; /* for a selector */
    } cases[] = {
        {"", false, 0},
        {"standard-names = no\n", false, 0},
        {"standard-names = maybe\n", true, ENV_R_CONFIG_VALUE},
        {"standard-names = \" \"\n", true, ENV_R_CONFIG_VALUE},
        {"standard_names = yes\n", true, ENV_R_CONFIG_UNKNOWN_KEY},
        {"pin = 1\nstock-names = yes\n", true, ENV_R_CONFIG_UNKNOWN_KEY},
        {"pin = 1\nstandard-names = yes\n", true, ENV_R_CONFIG_UNKNOWN_KEY},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        OSSL_LIB_CTX *other = fake_libctx_new_configured(cases[i].lines, true);
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(other, "AES-256-WRAP", "provider=envelope");

        ck_assert_int_eq(cipher != NULL, cases[i].there);
        if (cipher != NULL) {
            ck_refused(EVP_CipherInit_ex2(ours, cipher, kek_key, NULL, 1, NULL), cases[i].reason);
            ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
            ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL), 1);
            ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
        }
        EVP_CIPHER_CTX_reset(ours);
        EVP_CIPHER_free(cipher);
        OSSL_LIB_CTX_free(other);
    }
}
END_TEST

/* ---- fips=yes ---- */

#define FIPS "standard-names = yes\npropquery = fips=yes\n"

/* A query with fips=yes is answered by us as well: stock OpenSSL would take the selector for the
   key. It gets no token's key wrap, and what a key does is done by a provider with that property.
 */
START_TEST(where_fips_is_demanded_a_selector_is_refused)
{
    static const char *const queries[] = {"fips=yes,?provider=envelope",
                                          "provider=envelope,fips=yes", NULL};
    OSSL_LIB_CTX *both = fake_libctx_new_configured(FIPS, true);
    unsigned char expected[40], stand_in[] = "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
    OSSL_PROVIDER *odd;

    odd_reset();
    odd_ciphers[0] =
        (struct odd_cipher){.name = "AES-256-WRAP", .definition = "provider=odd,fips=yes"};
    odd = odd_load(both);
    expect(raw_key, expected);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        EVP_CIPHER *cipher;

        if (queries[i] == NULL)
            ck_assert_int_eq(EVP_set_default_properties(both, queries[0]), 1);
        cipher = EVP_CIPHER_fetch(both, "AES-256-WRAP", queries[i]);
        ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)), "envelope");
        ck_refused(EVP_CipherInit_ex2(ours, cipher, kek_key, NULL, 1, NULL),
                   ENV_R_SELECTOR_IN_FIPS);
        ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
        ck_refused(EVP_CipherInit_ex2(ours, NULL, stand_in, NULL, 1, NULL),
                   ENV_R_STAND_IN_MISPLACED);
        odd_inits = 0;
        ck_assert_int_eq(EVP_CipherInit_ex2(ours, NULL, raw_key, NULL, 1, NULL), 1);
        ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
        ck_assert_mem_eq(out, expected, 40);
        ck_assert_int_eq(odd_inits, 1);
        EVP_CIPHER_CTX_reset(ours);
        EVP_CIPHER_free(cipher);
    }
    ck_assert(no_token_was_used());
    ck_assert_int_eq(OSSL_PROVIDER_unload(odd), 1);
    OSSL_LIB_CTX_free(both);
}
END_TEST

/* Nobody with that property is there: not the default provider's either. */
START_TEST(where_fips_is_demanded_the_default_provider_gets_no_key)
{
    OSSL_LIB_CTX *other = fake_libctx_new_configured(FIPS, true);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(other, "AES-256-WRAP", "fips=yes,provider=envelope");
    EVP_CIPHER *usual = EVP_CIPHER_fetch(other, "AES-256-WRAP", "?provider=envelope");

    ck_refused(EVP_CipherInit_ex2(ours, cipher, raw_key, NULL, 1, NULL), ENV_R_NO_STOCK_CIPHER);
    ck_refused(EVP_CipherUpdate(ours, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    /* and a query that says nothing of it gets the KEK */
    ck_assert_int_eq(EVP_CipherInit_ex2(ours, usual, kek_key, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ours, out, &n, in, 32), 1);
    EVP_CIPHER_CTX_reset(ours);
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_free(usual);
    OSSL_LIB_CTX_free(other);
    /* nor are there two where it is not demanded: a mere preference would find the second */
    ck_assert_ptr_null(EVP_CIPHER_fetch(libctx, "AES-256-WRAP", "fips=yes,provider=envelope"));
    ERR_clear_error();
}
END_TEST

static void *wrap_often(void *arg)
{
    const unsigned char *key = arg;
    unsigned char to[48], back[48];
    int len;

    for (int i = 0; i < 200; i++) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-WRAP", "provider=envelope");
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

        if (EVP_CipherInit_ex2(ctx, cipher, key, NULL, 1, NULL) != 1 ||
            EVP_CipherUpdate(ctx, to, &len, in, 32) != 1 ||
            EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 0, NULL) != 1 ||
            EVP_CipherInit_ex2(ctx, NULL, key, NULL, 0, NULL) != 1 ||
            EVP_CipherUpdate(ctx, back, &len, to, 40) != 1 || memcmp(back, in, 32) != 0)
            return arg;
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_free(cipher);
    }
    return NULL;
}

START_TEST(threads_wrap_at_once)
{
    pthread_t thread[4];
    void *failed;

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, wrap_often, i % 2 == 0 ? raw_key : kek_key), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(thread[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: key wrap under stock names");
    TCase *tcase = tcase_create("stock names");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, every_stock_name_and_alias_is_served);
    tcase_add_loop_test(tcase, raw_keys_are_stock, 0, NAMES);
    tcase_add_test(tcase, selectors_go_to_the_token);
    tcase_add_test(tcase, selectors_never_fall_through);
    tcase_add_test(tcase, stand_ins_are_refused);
    tcase_add_test(tcase, changed_selectors_are_refused);
    tcase_add_test(tcase, a_context_changes_between_raw_key_and_kek);
    tcase_add_test(tcase, with_a_selector_only_the_default_iv_is_taken);
    tcase_add_test(tcase, a_copied_context_keeps_its_kek);
    tcase_add_test(tcase, without_a_key_nothing_is_wrapped);
    tcase_add_test(tcase, inside_a_module_every_key_is_raw);
    tcase_add_test(tcase, nobody_else_offers_it);
    tcase_add_test(tcase, stock_openssl_comes_later_and_may_go);
    tcase_add_test(tcase, property_queries_choose_who_serves_a_name);
    tcase_add_test(tcase, stock_names_are_served_only_when_configured);
    tcase_add_test(tcase, where_fips_is_demanded_a_selector_is_refused);
    tcase_add_test(tcase, where_fips_is_demanded_the_default_provider_gets_no_key);
    tcase_add_test(tcase, threads_wrap_at_once);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
