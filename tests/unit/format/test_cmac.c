/* SPDX-License-Identifier: Apache-2.0 */
/* CMAC of several texts under one key: RFC 4493's examples, and libcrypto's answers for all
 * lengths. */
#include <check.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>

#include "caller.h"
#include "envelope/format/cmac.h"
#include "hex.h"

#define MOST 1200u /* more than is encrypted at once, twice */

static struct env_crypto *crypto;
static uint8_t text[MOST];

static void set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 7 + i / 256);
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

static void begin(struct env_cmac *cmac, struct env_span key)
{
    uint8_t subkey[ENV_AES_BLOCK_LEN];

    ck_assert(env_ok(env_cmac_subkey(crypto, key, subkey)));
    ck_assert(env_ok(env_cmac_begin(cmac, crypto, key, subkey)));
}

static void check(struct env_cmac *cmac, size_t len, const uint8_t wanted[ENV_AES_BLOCK_LEN])
{
    const struct env_span whole = {text, len};
    const struct env_span pieces[] = {{text, len / 3}, {NULL, 0}, {text + len / 3, len - len / 3}};
    uint8_t mac[ENV_AES_BLOCK_LEN];

    ck_demand(env_ok(env_cmac_of(cmac, &whole, 1, mac)), "%zu bytes", len);
    ck_demand(memcmp(mac, wanted, sizeof(mac)) == 0, "%zu bytes", len);
    ck_demand(env_ok(env_cmac_of(cmac, pieces, 3, mac)), "%zu bytes", len);
    ck_demand(memcmp(mac, wanted, sizeof(mac)) == 0, "%zu bytes", len);
}

START_TEST(the_rfc_s_examples_hold)
{
    static const struct {
        size_t len;
        const char *mac;
    } examples[] = {{0, "bb1d6929e95937287fa37d129b756746"},
                    {16, "070a16b46b4d4144f79bdd9dd04a287c"},
                    {40, "dfa66747de9ae63030ca32611497c827"},
                    {64, "51f0bebf7e3b9d92fc49741779363cfe"}};
    struct bytes key = hex_read("2b7e151628aed2a6abf7158809cf4f3c");
    struct bytes message =
        hex_read("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                 "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
    struct env_cmac cmac;

    memcpy(text, message.data, message.len);
    begin(&cmac, (struct env_span){key.data, key.len});
    for (size_t i = 0; i < 4; i++) {
        struct bytes mac = hex_read(examples[i].mac);

        check(&cmac, examples[i].len, mac.data);
        bytes_free(&mac);
    }
    env_cmac_end(&cmac, crypto);
    bytes_free(&message);
    bytes_free(&key);
}
END_TEST

static void by_libcrypto(EVP_MAC *mac, const char *cipher, struct env_span key, size_t len,
                         uint8_t out[ENV_AES_BLOCK_LEN])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_CIPHER, (char *)(uintptr_t)cipher, strlen(cipher)),
        OSSL_PARAM_END};
    size_t n = 0;

    ck_demand(EVP_MAC_init(ctx, key.data, key.len, params) == 1, "%s", cipher);
    ck_demand(EVP_MAC_update(ctx, text, len) == 1, "%s", cipher);
    ck_demand(EVP_MAC_final(ctx, out, &n, ENV_AES_BLOCK_LEN) == 1 && n == ENV_AES_BLOCK_LEN, "%s",
              cipher);
    EVP_MAC_CTX_free(ctx);
}

START_TEST(every_length_is_as_libcrypto_has_it)
{
    static const char *const ciphers[] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    uint8_t key[32], wanted[ENV_AES_BLOCK_LEN];

    ck_assert_int_eq(RAND_bytes(key, sizeof(key)), 1);
    for (size_t i = 0; i < 3; i++) {
        const struct env_span used = {key, 16 + 8 * i};
        struct env_cmac cmac;

        begin(&cmac, used);
        for (size_t len = 0; len <= MOST; len++) {
            by_libcrypto(mac, ciphers[i], used, len, wanted);
            check(&cmac, len, wanted);
        }
        env_cmac_end(&cmac, crypto);
    }
    EVP_MAC_free(mac);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: CMAC");
    TCase *tcase = tcase_create("cmac");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_rfc_s_examples_hold);
    tcase_add_test(tcase, every_length_is_as_libcrypto_has_it);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
