/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations that are timed in turns, by one thread or several: each round runs one of them a
 * number of times per thread. Processor time of the process, since others may be running, and
 * elapsed time.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#define BENCH_THREADS_MAX 2

/* Runs one operation once: which one, in which thread. */
typedef void bench_do_fn(unsigned thread, int sealing, int what);

struct bench_cost {
    double processor; /* microseconds each */
    double wall;
};

/* Ends the program, with what libcrypto says, unless it is so. */
void bench_demand(int ok, const char *what);

/* The threads wait for rounds from now on. */
void bench_rounds_start(unsigned threads, int per_round, bench_do_fn *run);
struct bench_cost bench_round(int sealing, int what);
void bench_rounds_end(void);

/* Sorts them. */
double bench_median(double *values, int count);

#endif
