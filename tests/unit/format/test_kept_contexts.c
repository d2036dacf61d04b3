/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts of libcrypto that are kept from one use to the next: the answers are those of
 * libcrypto's own HKDF and AES-GCM, whatever a context was used for before. The linker puts
 * EVP_MAC_init here (--wrap), so that it can be as it was in OpenSSL 3.0.0 to 3.0.2, and
 * OSSL_PROVIDER_get0_name, so that HMAC can be that of another provider than the default one.
 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "caller.h"
#include "child.h"
#include "envelope/format/crypto.h"

#define THREADS 70

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t len,
                        const OSSL_PARAM params[]);
int __wrap_EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t len,
                        const OSSL_PARAM params[]);
const char *__real_OSSL_PROVIDER_get0_name(const OSSL_PROVIDER *provider);
const char *__wrap_OSSL_PROVIDER_get0_name(const OSSL_PROVIDER *provider);

static bool libcrypto_is_old;
static bool provider_is_another;
static atomic_uint mac_inits;

/* openssl/openssl#17811: without a key it did nothing, and said that it had. */
int __wrap_EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t len,
                        const OSSL_PARAM params[])
{
    mac_inits++;
    return libcrypto_is_old && key == NULL ? 1 : __real_EVP_MAC_init(ctx, key, len, params);
}

const char *__wrap_OSSL_PROVIDER_get0_name(const OSSL_PROVIDER *provider)
{
    return provider_is_another ? "another" : __real_OSSL_PROVIDER_get0_name(provider);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct env_crypto *crypto;

static void set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert(crypto != NULL && env_ok(env_crypto_ready(crypto)));
}

static void set_up_another(void)
{
    provider_is_another = true;
    set_up();
}

static void set_up_old(void)
{
    libcrypto_is_old = true;
    set_up_another();
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

/* HKDF-Expand of SHA-384 as libcrypto has it. */
static bool expands_to(struct env_span key, struct env_span info, const uint8_t *got, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA2-384";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.data, key.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.data,
                                          info.len),
        OSSL_PARAM_construct_end(),
    };
    uint8_t wanted[ENV_HKDF_MAX];
    bool same = len <= sizeof(wanted) && EVP_KDF_derive(ctx, wanted, len, params) == 1 &&
                memcmp(wanted, got, len) == 0;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return same;
}

/* Several expansions under several keys, with one key put in place of another. False: one was
 * wrong. */
static bool expansions_are_right(unsigned seed)
{
    static const size_t key_lens[] = {32, 48, 127, 128, 129, 1024};
    struct env_prk prk = {0};
    uint8_t key[1024];
    uint8_t info[800];
    uint8_t out[ENV_HKDF_MAX];
    bool right = true;

    for (unsigned i = 0; i < 6 && right; i++) {
        struct env_span key_span = {key, key_lens[i]};

        memset(key, (int)(seed + i), sizeof(key));
        right = env_ok(env_prk_set(&prk, crypto, key_span));
        for (unsigned j = 0; j < 9 && right; j++) {
            struct env_span info_span = {info, j * 90 + 1};
            size_t len = seed % 2 == 0 ? 48 - j : ENV_HKDF_MAX - 6 * j; /* 96 to 48 */
            struct env_span halves[] = {{info, j * 45}, {info + j * 45, j * 45 + 1}};

            memset(info, (int)(seed + j), sizeof(info));
            right =
                env_ok((j < 8 ? env_prk_expand : env_prk_expand_last)(&prk, halves, 2, out, len)) &&
                expands_to(key_span, info_span, out, len);
        }
    }
    env_prk_clear(&prk);
    env_prk_clear(&prk); /* may be done twice */
    return right;
}

START_TEST(expansions_are_libcryptos)
{
    unsigned before = mac_inits;

    for (unsigned seed = 0; seed < 50; seed++)
        ck_assert(expansions_are_right(seed));
    /* the default provider's is composed of digests, any other is used directly */
    ck_assert(provider_is_another ? mac_inits > before : mac_inits == before);
}
END_TEST

/* HMAC-SHA-256 as libcrypto has it. */
static bool mac_is(struct env_span key, struct env_span data, const uint8_t got[32])
{
    uint8_t wanted[32];
    size_t len = 0;

    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA2-256", NULL, key.data, key.len, data.data, data.len,
                     wanted, sizeof(wanted), &len) != NULL &&
           len == sizeof(wanted) && memcmp(wanted, got, len) == 0;
}

START_TEST(macs_are_libcryptos)
{
    static const size_t lens[] = {1, 32, 63, 64, 65, 700};
    uint8_t bytes[700];
    uint8_t mac[32];

    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            struct env_span key = {bytes, lens[i]};
            struct env_span data = {bytes, lens[j]};

            memset(bytes, (int)(7 * i + j), sizeof(bytes));
            ck_assert(env_ok(env_hmac_sha256(crypto, key, data, mac)));
            ck_assert(mac_is(key, data, mac));
        }
    }
}
END_TEST

START_TEST(without_a_key_nothing_is_expanded)
{
    const struct env_span info = {(const uint8_t *)"info", 4};
    struct env_prk prk = {0};
    uint8_t out[ENV_HKDF_MAX + 1];
    uint8_t key[32] = {1};

    ck_assert_int_eq(env_prk_expand(&prk, &info, 1, out, 32).reason, ENV_R_INTERNAL);
    ck_assert(env_ok(env_prk_set(&prk, crypto, (struct env_span){key, 32})));
    ck_assert_int_eq(env_prk_expand(&prk, &info, 1, out, sizeof(out)).reason, ENV_R_INTERNAL);
    ck_assert_int_eq(env_prk_expand(&prk, &info, 9, out, 32).reason, ENV_R_INTERNAL);
    ck_assert(env_ok(env_prk_expand(&prk, &info, 1, out, 32)));
    ck_assert(env_ok(env_prk_expand_last(&prk, &info, 1, out, 32)));
    ck_assert_int_eq(env_prk_expand(&prk, &info, 1, out, 32).reason, ENV_R_INTERNAL);
    ck_assert_int_eq(env_prk_expand_last(&prk, &info, 1, out, 32).reason, ENV_R_INTERNAL);
    ck_assert(env_ok(env_prk_set(&prk, crypto, (struct env_span){key, 32})));
    ck_assert(env_ok(env_prk_expand(&prk, &info, 1, out, 32)));
    env_prk_clear(&prk);
    ck_assert_int_eq(env_prk_expand(&prk, &info, 1, out, 32).reason, ENV_R_INTERNAL);
}
END_TEST

/* Two at once, of which one is given back and displaces nothing, and one that stays a while. */
START_TEST(two_keys_at_once_do_not_meet)
{
    const struct env_span info = {(const uint8_t *)"info", 4};
    uint8_t keys[2][32];
    struct env_prk prks[2] = {{0}};
    uint8_t out[2][32];

    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2; i++) {
            memset(keys[i], 2 * round + i, 32);
            ck_assert(env_ok(env_prk_set(&prks[i], crypto, (struct env_span){keys[i], 32})));
        }
        for (int i = 0; i < 2; i++) {
            ck_assert(env_ok(env_prk_expand(&prks[i], &info, 1, out[i], 32)));
            ck_assert(expands_to((struct env_span){keys[i], 32}, info, out[i], 32));
        }
        ck_assert_ptr_ne(prks[0].hmac, prks[1].hmac);
        for (int i = 0; i < 2; i++)
            env_prk_clear(&prks[i]);
    }
}
END_TEST

/* ---- AES-GCM ---- */

static bool encrypts(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t out[48])
{
    int n = 0;

    return EVP_EncryptUpdate(ctx, out, &n, in, 32) == 1 && n == 32 &&
           EVP_EncryptFinal_ex(ctx, out + 32, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 32) == 1;
}

START_TEST(a_kept_gcm_context_is_as_a_new_one)
{
    uint8_t key[32];
    uint8_t iv[12];
    uint8_t in[32] = {1, 2, 3};
    uint8_t out[48];
    uint8_t wanted[ENV_HKDF_MAX];

    for (int round = 0; round < 20; round++) {
        EVP_CIPHER_CTX *gcm = env_gcm_take(crypto);
        EVP_CIPHER_CTX *fresh = EVP_CIPHER_CTX_new();
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        int n = 0;

        memset(key, round, sizeof(key));
        memset(iv, 0x80 + round, sizeof(iv));
        ck_assert(env_ok(env_gcm_init(crypto, gcm, key, iv, true, NULL)));
        ck_assert(encrypts(gcm, in, out));
        ck_assert_int_eq(EVP_EncryptInit_ex2(fresh, cipher, key, iv, NULL), 1);
        ck_assert(encrypts(fresh, in, wanted));
        ck_assert_mem_eq(out, wanted, sizeof(out));
        /* one in the middle of a message is given back as well; and for the other direction */
        ck_assert(env_ok(env_gcm_init(crypto, gcm, NULL, iv, round % 2 == 0, NULL)));
        ck_assert_int_eq(EVP_CipherUpdate(gcm, wanted, &n, out, 17), 1);
        env_gcm_give(crypto, gcm);
        EVP_CIPHER_CTX_free(fresh);
        EVP_CIPHER_free(cipher);
    }
    env_gcm_give(crypto, NULL);
    env_gcm_give(crypto, env_gcm_take(crypto));
    env_gcm_give(crypto, EVP_CIPHER_CTX_new()); /* which never had a key */
}
END_TEST

/* ---- threads ---- */

static pthread_barrier_t barrier;

static void *expand_in_thread(void *arg)
{
    (void)pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < 10; i++) {
        if (!expansions_are_right((unsigned)(uintptr_t)arg + i))
            return &barrier;
    }
    return NULL;
}

START_TEST(threads_share_no_context)
{
    pthread_t threads[THREADS];

    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, expand_in_thread, (void *)i), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;

        ck_assert(pthread_join(threads[i], &wrong) == 0 && wrong == NULL);
    }
}
END_TEST

static int expand_in_child(void *arg)
{
    (void)arg;
    for (unsigned seed = 0; seed < 5; seed++)
        child_demand(expansions_are_right(seed));
    env_crypto_free(crypto);
    return 0;
}

START_TEST(a_child_goes_on_with_what_its_parent_kept)
{
    ck_assert(expansions_are_right(3));
    ck_assert(in_child(expand_in_child, NULL));
    ck_assert(in_raw_child(expand_in_child, NULL));
    ck_assert(expansions_are_right(4));
}
END_TEST

/* What each way of having an HMAC has to pass. */
static TCase *common_case(const char *name, void (*fixture)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, fixture, tear_down);
    tcase_add_test(tcase, expansions_are_libcryptos);
    tcase_add_test(tcase, macs_are_libcryptos);
    tcase_add_test(tcase, without_a_key_nothing_is_expanded);
    tcase_add_test(tcase, two_keys_at_once_do_not_meet);
    tcase_add_test(tcase, threads_share_no_context);
    tcase_add_test(tcase, a_child_goes_on_with_what_its_parent_kept);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("kept contexts");
    TCase *tcase = common_case("as libcrypto is", set_up);

    tcase_add_test(tcase, a_kept_gcm_context_is_as_a_new_one);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, common_case("another provider's", set_up_another));
    suite_add_tcase(suite, common_case("as it was in 3.0.2", set_up_old));
    return caller_run(suite);
}
