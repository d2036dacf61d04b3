/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is derived from a key for fields is in memory that core dumps leave out while somebody has
 * it, and nowhere afterwards; nor is the key of one field, or the value.
 */
#include <openssl/rand.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "envelope/base/secret.h"
#include "envelope/format/field.h"
#include "envelope/named/field_memo.h"
#include "envelope/named/tenant_cache.h"
#include "secrets.h"

#define VALUE_LEN 64u
#define TENANT ((struct env_span){(const uint8_t *)"acme", 4})

static struct env_crypto *crypto;
static const struct env_span context = {(const uint8_t *)"table.column", 12};

static void set_up(void)
{
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
    ck_assert_int_eq(RAND_bytes(board->secret, 32), 1);
    ck_assert_int_eq(RAND_bytes(board->plain, VALUE_LEN), 1);
    crypto = env_crypto_new(NULL, NULL);
    ck_assert(crypto != NULL && env_ok(env_crypto_ready(crypto)));
}

static void tear_down(void)
{
    env_crypto_free(crypto);
    (void)munmap(board, sizeof(*board));
}

/* ---- the child ---- */

static void stop(const char *stage, bool ended)
{
    board->stage = stage;
    board->ended = ended;
    board->arena = arena;
    (void)raise(SIGSTOP);
}

static struct env_span key(void)
{
    return (struct env_span){board->secret, 32};
}

static int there_and_back(enum env_field_kind kind, const struct env_field_key *with)
{
    const struct env_span value = {board->plain, VALUE_LEN};
    uint8_t *opened = env_secret_alloc(VALUE_LEN);

    board->message_len = VALUE_LEN + env_field_overhead(kind);
    child_demand(env_ok(env_field_seal(crypto, kind, with, context, value, board->message)));
    child_demand(
        env_ok(env_field_open(crypto, kind, with, context,
                              (struct env_span){board->message, board->message_len}, opened)));
    child_demand(memcmp(opened, board->plain, VALUE_LEN) == 0);
    env_secret_free(opened, VALUE_LEN);
    return 0;
}

static int use_a_key(void *arg)
{
    struct env_field_key *made = env_secret_alloc(sizeof(*made));

    (void)arg;
    child_demand(made != NULL && env_ok(env_field_key_set(crypto, key(), made)));
    stop("a key is derived", false);
    child_demand(there_and_back(ENV_FIELD_RANDOM, made) == 0);
    stop("a field was opened", false);
    child_demand(there_and_back(ENV_FIELD_DETERMINISTIC, made) == 0);
    stop("a deterministic one was opened", false);
    env_secret_free(made, sizeof(*made));
    stop("the key is gone", true);
    return 0;
}

/* Remembered by a thread, and as a tenant's: they go with what remembers them. */
static int remember_it(void *arg)
{
    static const uint8_t sealed[ENV_TENANT_SEALED_LEN], above[ENV_FIELD_ID_LEN];
    const struct env_tenant_name name = {above, {sealed, sizeof(sealed)}, TENANT};
    const struct env_field_question question = {1, "users", {NULL, 0}, NULL};
    struct env_field_key *made = env_secret_alloc(sizeof(*made));
    struct env_field_memo *memo = env_field_memo_new();
    struct env_tenant_cache *cache = env_tenant_cache_new(1);

    (void)arg;
    child_demand(memo != NULL && cache != NULL && made != NULL);
    child_demand(env_ok(env_field_key_set(crypto, key(), made)));
    env_field_memo_put(memo, &question, made);
    env_tenant_cache_put(cache, &name, made);
    env_secret_free(made, sizeof(*made));
    stop("remembered", false);
    env_tenant_cache_free(cache);
    env_field_memo_free(memo);
    stop("forgotten", true);
    return 0;
}

/* ---- its parent ---- */

struct findings {
    unsigned bad;
    unsigned kept; /* in memory that dumps leave out */
};

static void judge(void *arg, const struct mapping *mapping, uintptr_t at,
                  const struct needle *needle)
{
    struct findings *findings = arg;

    if (at >= (uintptr_t)board && at < (uintptr_t)(board + 1))
        return;
    if (!mapping->dumped && !board->ended) {
        findings->kept++;
        return;
    }
    findings->bad++;
    fprintf(stderr, "%s: %s in %s at %p%s\n", board->stage, needle->name, mapping->name, (void *)at,
            mapping->dumped ? "" : " (not in dumps)");
}

/* Computed after the child was made. */
static void look(pid_t pid)
{
    static struct env_field_key made;
    static struct secrets secrets;
    struct findings findings = {0};

    secrets.count = 0;
    ck_assert(env_ok(env_field_key_set(crypto, key(), &made)));
    secrets_add(&secrets, "the key", board->secret, 32);
    secrets_add(&secrets, "XAES-256-GCM's key", made.random.key, sizeof(made.random.key));
    secrets_add(&secrets, "its subkey", made.random.subkey, sizeof(made.random.subkey));
    secrets_add(&secrets, "AES-SIV's key", made.deterministic.bytes,
                sizeof(made.deterministic.bytes));
    secrets_add(&secrets, "its subkey", made.deterministic.subkey,
                sizeof(made.deterministic.subkey));
    secrets_add(&secrets, "the value", board->plain, VALUE_LEN);
    if (board->message_len > 0 && board->message[0] == ENV_FIELD_RANDOM) {
        static uint8_t of_field[32], blocks[32];

        memset(blocks, 0, sizeof(blocks));
        for (size_t i = 0; i < 2; i++) {
            uint8_t *block = blocks + 16 * i;

            block[1] = (uint8_t)(i + 1);
            block[2] = 'X';
            memcpy(block + 4, board->message + 9, 12);
            for (size_t j = 0; j < 16; j++)
                block[j] ^= made.random.subkey[j];
        }
        ck_assert(env_ok(env_aes_blocks(crypto, made.random.key, blocks, of_field, 32)));
        secrets_add(&secrets, "the key of one field", of_field, sizeof(of_field));
    }
    ck_assert_uint_gt(memory_search(pid, secrets.needles, secrets.count, judge, &findings),
                      1u << 20);
    ck_assert_msg(findings.bad == 0, "%s: %u secrets found", board->stage, findings.bad);
    /* no test of a search that finds nothing */
    ck_assert(board->ended || findings.kept > 0);
}

static void watch(int (*work)(void *arg))
{
    ck_assert_uint_ge(watch_stops(work, look), 2);
}

START_TEST(a_key_that_was_used)
{
    watch(use_a_key);
}
END_TEST

START_TEST(a_key_that_was_remembered)
{
    watch(remember_it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets: fields leave none");
    TCase *tcase = tcase_create("fields");

    arena_install();
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_key_that_was_used);
    tcase_add_test(tcase, a_key_that_was_remembered);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
