/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of keyrings in several processes and threads do: use the KEK in children, and stay
 * inside of a token. */
#ifndef TEST_KEYRING_PROCESS_H
#define TEST_KEYRING_PROCESS_H

#include <stdatomic.h>

#include "keyring_kek.h"

/* What threads of a test wait for, and how far they are. */
extern atomic_bool stop;
extern atomic_int stage;

/* A checked fixture, with keyring_kek_teardown: the keyring and its KEK "orders". */
void keyring_process_setup(void);

/* As assert_round_trip, where Check cannot report. */
bool round_trip(struct env_kek *k);
/* The same with kek, twice. */
bool use_inherited(void);

/* Runs in a child, which has a minute and says by its exit status whether it went well. */
void assert_in_child(bool (*what)(void));

/* A thread that is inside of the gate for a while, at stage 1, and at 2 when it leaves. */
void *stay_inside(void *arg);

#endif
