/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rounds.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct {
    unsigned threads;
    int per_round;
    bench_do_fn *run;
    int sealing;
    int what;
    int ended;
} work;

static pthread_t threads[BENCH_THREADS_MAX];
static unsigned numbers[BENCH_THREADS_MAX];
static pthread_barrier_t begin; /* the threads wait here between the rounds */
static pthread_barrier_t end;

void bench_demand(int ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *run_thread(void *arg)
{
    const unsigned number = *(const unsigned *)arg;

    for (;;) {
        (void)pthread_barrier_wait(&begin);
        if (work.ended)
            return NULL;
        for (int i = 0; i < work.per_round; i++)
            work.run(number, work.sealing, work.what);
        (void)pthread_barrier_wait(&end);
    }
}

void bench_rounds_start(unsigned count, int per_round, bench_do_fn *run)
{
    work.threads = count;
    work.per_round = per_round;
    work.run = run;
    work.ended = 0;
    (void)pthread_barrier_init(&begin, NULL, count + 1);
    (void)pthread_barrier_init(&end, NULL, count + 1);
    for (unsigned i = 0; i < count; i++) {
        numbers[i] = i;
        bench_demand(pthread_create(&threads[i], NULL, run_thread, &numbers[i]) == 0, "a thread");
    }
}

struct bench_cost bench_round(int sealing, int what)
{
    double processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    double wall = seconds(CLOCK_MONOTONIC);
    double each = 1e6 / (work.per_round * (double)work.threads);

    work.sealing = sealing;
    work.what = what;
    (void)pthread_barrier_wait(&begin);
    (void)pthread_barrier_wait(&end);
    return (struct bench_cost){(seconds(CLOCK_PROCESS_CPUTIME_ID) - processor) * each,
                               (seconds(CLOCK_MONOTONIC) - wall) * each};
}

void bench_rounds_end(void)
{
    work.ended = 1;
    (void)pthread_barrier_wait(&begin);
    for (unsigned i = 0; i < work.threads; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_barrier_destroy(&begin);
    (void)pthread_barrier_destroy(&end);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_value);
    return values[count / 2];
}
