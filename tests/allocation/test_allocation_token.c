/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as test_allocation_ciphers.c for what keymgmt/ does with a token: modules, slots,
 * sessions, the login, the search for a key, wrapping, unwrapping, listing, making one.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "caller.h"
#include "failing_alloc.h"
#include "softhsm_fixture.h"

#define RUNS_MAX 2000u

static struct env_keyring *keyring;
static const uint8_t dek[ENV_DEK_LEN] = "a data key of thirty-two bytes.";

/* Exit status for a success with a wrong result: Check's assertions need memory themselves. */
static const ENV_RESULT wrong = {.reason = ENV_R_INTERNAL};

struct operation {
    const char *name;
    bool fresh; /* with a keyring of its own, that has not touched the token */
    ENV_RESULT (*run)(void);
};

static ENV_RESULT wrap_and_unwrap(void)
{
    const struct env_selector selector = {.name = "orders"};
    struct env_kek_list list = {0};
    struct env_kek *kek = NULL;
    struct env_wrapped wrapped = {0};
    uint8_t back[ENV_DEK_LEN] = {0};
    ENV_RESULT r;

    ENV_TRY(keyring->vtable->select(keyring, &selector, &list));
    r = list.keks[0]->vtable->wrap(list.keks[0], dek, &wrapped);
    if (env_ok(r))
        r = keyring->vtable->lookup(keyring, list.keks[0]->vtable->id(list.keks[0]), wrapped.alg,
                                    &kek, NULL);
    if (env_ok(r))
        r = kek->vtable->unwrap(kek, &wrapped, NULL, back);
    if (env_ok(r) && memcmp(back, dek, sizeof(dek)) != 0)
        r = wrong;
    env_kek_free(kek);
    env_kek_list_clear(&list);
    return r;
}

static ENV_RESULT key_wrap(void)
{
    const struct env_selector selector = {.marked = "orders"};
    struct env_kek *kek = NULL;
    uint8_t wrapped[64 + ENV_KEY_WRAP_SLACK];
    uint8_t back[64 + ENV_KEY_WRAP_SLACK];
    size_t len = 0;
    size_t back_len = 0;
    ENV_RESULT r;

    ENV_TRY(keyring->vtable->select_for_key_wrap(keyring, &selector, 256, &kek, NULL));
    r = kek->vtable->key_wrap(kek, ENV_KEY_WRAP_KW, dek, sizeof(dek), wrapped, &len);
    if (env_ok(r))
        r = kek->vtable->key_unwrap(kek, ENV_KEY_WRAP_KW, wrapped, len, back, &back_len);
    if (env_ok(r) && (back_len != sizeof(dek) || memcmp(back, dek, sizeof(dek)) != 0))
        r = wrong;
    env_kek_free(kek);
    return r;
}

static ENV_RESULT take(void *arg, struct env_kek *kek)
{
    (void)kek;
    ++*(unsigned *)arg;
    return ENV_OK;
}

static ENV_RESULT list_all(void)
{
    unsigned count = 0;

    ENV_TRY(keyring->vtable->list(keyring, "pkcs11:token=kek?pin-value=1234", take, &count));
    return count >= 2 ? ENV_OK : wrong;
}

static ENV_RESULT make(void)
{
    const struct env_kek_request request = {
        .type = ENV_KEK_AES, .bits = 256, .label = "made", .same_label = true};
    struct env_kek *kek = NULL;

    ENV_TRY(keyring->vtable->generate(keyring, &request, &kek));
    env_kek_free(kek);
    return ENV_OK;
}

/* False when there was no such allocation. */
static bool run_without(const struct operation *op, unsigned nth, bool and_on)
{
    unsigned count;
    ENV_RESULT r = ENV_OK;

    if (!op->fresh)
        keyring = keyring_new();
    if (!op->fresh)
        ck_assert(env_ok(op->run()));
    raised_forget();
    failing_alloc_arm(nth, and_on);
    if (op->fresh) {
        keyring = NULL;
        r = env_token_keyring_new(keyring_config(), NULL, raised_errors(), &keyring);
    }
    if (env_ok(r))
        r = op->run();
    count = failing_alloc_disarm();
    ck_assert_msg(env_ok(r) || r.reason == ENV_R_NO_MEMORY || r.reason == ENV_R_RANDOM_FAILED,
                  "%s without allocation %u: reason %d %s", op->name, nth, (int)r.reason,
                  raised_text());
    ck_assert(count >= nth || env_ok(r));
    if (keyring == NULL)
        keyring = keyring_new();
    r = op->run();
    ck_assert_msg(env_ok(r), "%s after allocation %u failed: reason %d %s", op->name, nth,
                  (int)r.reason, raised_text());
    keyring_free(keyring);
    return count >= nth;
}

START_TEST(operations_of_tokens_survive_each_failing_allocation)
{
    static const struct operation operations[] = {
        {"wrap and unwrap", true, wrap_and_unwrap},
        {"wrap and unwrap again", false, wrap_and_unwrap},
        {"key wrap", true, key_wrap},
        {"list", true, list_all},
        {"list again", false, list_all},
        {"make", true, make},
    };
    const struct operation *op = &operations[_i / 2];
    unsigned nth = 1;

    while (run_without(op, nth, _i % 2 != 0))
        ck_assert_uint_lt(++nth, RUNS_MAX);
    fprintf(stderr, "%s: %u allocations%s\n", op->name, nth - 1,
            _i % 2 != 0 ? ", each with all that follow" : "");
}
END_TEST

static void set_up(void)
{
    const struct softhsm_key orders = {.label = "orders", .id = "01"};
    const struct softhsm_key other = {.label = "other", .id = "02"};

    softhsm_setup();
    softhsm_make_key(&orders);
    softhsm_make_key(&other);
    keyring_config_reset();
    keyring_set(&keyring_config()->pin_failure_memory, softhsm_dir());
}

static void tear_down(void)
{
    keyring_config_clear();
    softhsm_teardown();
}

int main(void)
{
    Suite *suite = suite_create("allocation: tokens");
    TCase *tcase = tcase_create("failures");

    failing_alloc_install();
    tcase_set_timeout(tcase, 150);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, operations_of_tokens_survive_each_failing_allocation, 0, 12);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
