/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a key is in contexts of libcrypto while they have it, and that nothing of it is there
 * when they have been given back and wait for the next one: neither the key, nor the states of an
 * HMAC under it, nor a key that was derived. So the search of the other tests is shown to find
 * them. The linker puts OSSL_PROVIDER_get0_name here (--wrap): HMAC is composed of digests where it
 * is the default provider's, and libcrypto's otherwise.
 */
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "envelope/format/crypto.h"
#include "secrets.h"

#define KEY_LEN 32u
#define DERIVED_LEN 48u
#define TIMES 3 /* that a context is used by one after the other */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
const char *__real_OSSL_PROVIDER_get0_name(const OSSL_PROVIDER *provider);
const char *__wrap_OSSL_PROVIDER_get0_name(const OSSL_PROVIDER *provider);

static bool provider_is_another;

const char *__wrap_OSSL_PROVIDER_get0_name(const OSSL_PROVIDER *provider)
{
    return provider_is_another ? "another" : __real_OSSL_PROVIDER_get0_name(provider);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct env_crypto *crypto;

static void set_up(void)
{
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
    ck_assert_int_eq(RAND_bytes(board->secret, KEY_LEN), 1);
    crypto = env_crypto_new(NULL, NULL);
    ck_assert(crypto != NULL && env_ok(env_crypto_ready(crypto)));
}

static void set_up_another(void)
{
    provider_is_another = true;
    set_up();
}

static void tear_down(void)
{
    env_crypto_free(crypto);
    (void)munmap(board, sizeof(*board));
}

/* ---- the child ---- */

static void stop(bool has_key)
{
    board->half_way = has_key;
    board->arena = arena;
    (void)raise(SIGSTOP);
}

/* The key comes from the board at each use, so that the child has no copy of its own. */
static struct env_span key(void)
{
    return (struct env_span){board->secret, KEY_LEN};
}

static int expand_and_clear(void *arg)
{
    const struct env_span info = {(const uint8_t *)"info", 4};

    (void)arg;
    board->message_len = DERIVED_LEN;
    for (int i = 0; i < TIMES; i++) {
        struct env_prk prk = {0};

        child_demand(env_ok(env_prk_set(&prk, crypto, key())));
        child_demand(env_ok(env_prk_expand(&prk, &info, 1, board->message, DERIVED_LEN)));
        stop(true);
        env_prk_clear(&prk);
        stop(false);
        child_demand(env_ok(env_hkdf_expand(crypto, key(), &info, 1, board->message, DERIVED_LEN)));
        stop(false);
    }
    return 0;
}

/* The first block goes into the second one. */
static int expand_two_blocks(void *arg)
{
    const struct env_span info = {(const uint8_t *)"info", 4};

    (void)arg;
    board->message_len = DERIVED_LEN;
    for (int i = 0; i < TIMES; i++) {
        child_demand(
            env_ok(env_hkdf_expand(crypto, key(), &info, 1, board->message, 2 * DERIVED_LEN)));
        stop(false);
    }
    return 0;
}

static int mac_and_forget(void *arg)
{
    const struct env_span data = {(const uint8_t *)"data", 4};

    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        child_demand(env_ok(env_hmac_sha256(crypto, key(), data, board->plain)));
        stop(false);
    }
    return 0;
}

static int encrypt_and_give_back(void *arg)
{
    static const uint8_t iv[12] = {1};
    uint8_t out[64];
    int n = 0;

    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        EVP_CIPHER_CTX *gcm = env_gcm_take(crypto);

        child_demand(gcm != NULL);
        child_demand(env_ok(env_gcm_init(crypto, gcm, board->secret, iv, i % 2 == 0, NULL)));
        child_demand(EVP_CipherUpdate(gcm, out, &n, board->plain, 64) == 1);
        stop(true);
        env_gcm_give(crypto, gcm);
        stop(false);
    }
    return 0;
}

/* ---- its parent ---- */

static unsigned found;

static void count_hit(void *arg, const struct mapping *mapping, uintptr_t at,
                      const struct needle *needle)
{
    (void)arg;
    if (at >= (uintptr_t)board && at < (uintptr_t)(board + 1))
        return;
    found++;
    if (!board->half_way)
        fprintf(stderr, "%s in %s at %p\n", needle->name, mapping->name, (void *)at);
}

/* Computed here for each look, and wiped: a child has what its parent had. */
static void look(pid_t pid)
{
    static struct secrets secrets;
    static uint8_t padded[2][KEY_LEN];

    secrets.count = 0;
    secrets_add(&secrets, "the key", board->secret, KEY_LEN);
    for (size_t i = 0; i < KEY_LEN; i++) {
        padded[0][i] = board->secret[i] ^ 0x36;
        padded[1][i] = board->secret[i] ^ 0x5C;
    }
    secrets_add(&secrets, "the key, padded for HMAC's inner hash", padded[0], KEY_LEN);
    secrets_add(&secrets, "the key, padded for HMAC's outer hash", padded[1], KEY_LEN);
    hmac_state_sha384(board->secret, KEY_LEN, &secrets.dek_hmac);
    secrets_add_state(&secrets, "HMAC-SHA-384 under it", &secrets.dek_hmac);
    hmac_state_sha256(board->secret, KEY_LEN, &secrets.mac_hmac);
    secrets_add_state(&secrets, "HMAC-SHA-256 under it", &secrets.mac_hmac);
    as_sha384_state(board->message, board->message_len, secrets.derived[0]);
    secrets_add(&secrets, "what was derived", board->message, board->message_len);
    secrets_add(&secrets, "what was derived, in a hash", secrets.derived[0], board->message_len);
    found = 0;
    ck_assert_uint_gt(memory_search(pid, secrets.needles, secrets.count, count_hit, NULL),
                      1u << 20);
}

static void watch(int (*work)(void *arg))
{
    pid_t pid = fork();
    unsigned with_key = 0;
    unsigned without = 0;
    int status = 0;

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(work(NULL));
    while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
        look(pid);
        ck_assert_msg((found > 0) == board->half_way, "%u findings %s a key", found,
                      board->half_way ? "with" : "without");
        *(board->half_way ? &with_key : &without) += 1;
        ck_assert_int_eq(kill(pid, SIGCONT), 0);
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed");
    ck_assert_uint_ge(without, TIMES);
    ck_assert_uint_eq(with_key,
                      work == expand_and_clear || work == encrypt_and_give_back ? TIMES : 0);
}

START_TEST(a_context_that_keys_were_expanded_with)
{
    watch(expand_and_clear);
}
END_TEST

START_TEST(a_context_that_two_blocks_were_expanded_with)
{
    watch(expand_two_blocks);
}
END_TEST

START_TEST(a_context_that_made_a_mac)
{
    watch(mac_and_forget);
}
END_TEST

START_TEST(a_context_that_encrypted)
{
    watch(encrypt_and_give_back);
}
END_TEST

static TCase *common_case(const char *name, void (*fixture)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, fixture, tear_down);
    tcase_add_test(tcase, a_context_that_keys_were_expanded_with);
    tcase_add_test(tcase, a_context_that_two_blocks_were_expanded_with);
    tcase_add_test(tcase, a_context_that_made_a_mac);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("secrets: kept contexts hold no key");
    TCase *tcase = common_case("contexts", set_up);

    arena_install();
    tcase_add_test(tcase, a_context_that_encrypted);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, common_case("another provider's", set_up_another));
    return caller_run(suite);
}
