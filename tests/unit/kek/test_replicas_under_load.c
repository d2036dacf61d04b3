/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tokens with the same KEK go away and come back in turn, while programs seal and open: no
 * operation fails, and what was sealed opens with either token alone. ENVELOPE_LOAD_ROUNDS in the
 * environment sets how often. Meant for ThreadSanitizer as well.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "keyring_case.h"
#include "stopped_clock.h"

#define ROUNDS 8
#define KEPT 64u /* of what each worker sealed */

static const uint8_t value[32] = {1, 2, 3, 4};
static const char *const labels[] = {"kek", "second"};

static atomic_bool stop;

struct worker {
    pthread_t thread;
    uint8_t number;
    atomic_ulong done;
    atomic_bool failed;
    double slowest; /* seconds */
    struct env_wrapped kept[KEPT];
};

static void setup(void)
{
    keyring_setup_any_token();
    clock_go(); /* what is lost is tried again after a while */
    softhsm_add_token("second");
    for (int i = 0; i < 2; i++)
        softhsm_make_key(&(struct softhsm_key){
            .token = labels[i], .label = "orders", .id = "0102", .value = value});
    keyring = keyring_new();
    atomic_store(&stop, false);
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(uint8_t dek[ENV_DEK_LEN], uint8_t number, unsigned long i)
{
    memset(dek, number, ENV_DEK_LEN);
    memcpy(dek, &i, sizeof(i));
}

static bool opens_to(const struct env_wrapped *wrapped, const uint8_t dek[ENV_DEK_LEN])
{
    const struct env_kek_id id = {2, {1, 2}};
    uint8_t back[ENV_DEK_LEN];
    struct env_kek *kek = NULL;
    bool same;

    if (!env_ok(keyring->vtable->lookup(keyring, &id, wrapped->alg, &kek, NULL)))
        return false;
    same = env_ok(kek->vtable->unwrap(kek, wrapped, NULL, back)) &&
           memcmp(dek, back, sizeof(back)) == 0;
    env_kek_free(kek);
    return same;
}

/* As the ciphers do it: selected and looked up for every message. */
static bool seal(const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *wrapped)
{
    const struct env_selector selector = {0};
    struct env_kek_list list = {0};
    bool done;

    if (!env_ok(keyring->vtable->select(keyring, &selector, &list)))
        return false;
    done = env_ok(list.keks[0]->vtable->wrap(list.keks[0], dek, wrapped));
    env_kek_list_clear(&list);
    return done;
}

static void *work(void *arg)
{
    struct worker *worker = arg;

    for (unsigned long i = 0; !atomic_load(&stop); i++) {
        struct env_wrapped *wrapped = &worker->kept[i % KEPT];
        uint8_t dek[ENV_DEK_LEN];
        double start = now();

        fill(dek, worker->number, i);
        if (!seal(dek, wrapped) || !opens_to(wrapped, dek)) {
            atomic_store(&worker->failed, true);
            break;
        }
        if (now() - start > worker->slowest)
            worker->slowest = now() - start;
        atomic_fetch_add(&worker->done, 1);
    }
    return NULL;
}

static bool any_failed(const struct worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (atomic_load(&workers[i].failed))
            return true;
    }
    return false;
}

/* Everybody gets something done. */
static void let_work(const struct worker *workers, size_t count, unsigned us)
{
    (void)usleep(us);
    for (size_t i = 0; i < count; i++) {
        unsigned long then = atomic_load(&workers[i].done);

        while (atomic_load(&workers[i].done) < then + 2 && !any_failed(workers, count))
            (void)usleep(500);
    }
}

/* Short and long absences; the other token goes away at once, or when the first is in use again. */
static void take_turns(const struct worker *workers, size_t count)
{
    const char *asked = getenv("ENVELOPE_LOAD_ROUNDS");
    int rounds = asked != NULL ? atoi(asked) : ROUNDS;

    for (int i = 0; i < rounds && !any_failed(workers, count); i++) {
        softhsm_hide_token(labels[i % 2]);
        let_work(workers, count, i % 4 == 1 ? 2500000 : 100000);
        softhsm_restore_token(labels[i % 2]);
        let_work(workers, count, i % 4 == 3 ? 2500000 : (unsigned)i % 3 * 50000);
    }
}

static void check_all(const struct worker *worker)
{
    unsigned long done = atomic_load(&worker->done);

    for (unsigned long i = done > KEPT ? done - KEPT : 0; i < done; i++) {
        uint8_t dek[ENV_DEK_LEN];

        fill(dek, worker->number, i);
        ck_assert_msg(opens_to(&worker->kept[i % KEPT], dek), "%lu: %s", i, raised_text());
    }
}

static void run(size_t count)
{
    struct worker *workers = calloc(count, sizeof(*workers));

    ck_assert_ptr_nonnull(workers);
    for (size_t i = 0; i < count; i++) {
        workers[i].number = (uint8_t)i;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    take_turns(workers, count);
    atomic_store(&stop, true);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
        ck_assert_msg(!atomic_load(&workers[i].failed), "worker %zu, operation %lu: %d %s", i,
                      atomic_load(&workers[i].done), (int)raised_reason(), raised_text());
        (void)printf("worker %zu: %lu messages, the slowest took %.1f ms\n", i,
                     atomic_load(&workers[i].done), 1000 * workers[i].slowest);
    }
    ck_assert_uint_eq(raised_count(), 0);
    for (int i = 0; i < 2; i++) {
        softhsm_hide_token(labels[i]);
        for (size_t j = 0; j < count; j++)
            check_all(&workers[j]);
        softhsm_restore_token(labels[i]);
    }
    free(workers);
}

START_TEST(four_threads_survive_tokens_that_come_and_go)
{
    run(4);
}
END_TEST

START_TEST(one_thread_survives_tokens_that_come_and_go)
{
    run(1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: replicas under load");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, keyring_teardown);
    tcase_set_timeout(tc, 500);
    tcase_add_test(tc, four_threads_survive_tokens_that_come_and_go);
    tcase_add_test(tc, one_thread_survives_tokens_that_come_and_go);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
