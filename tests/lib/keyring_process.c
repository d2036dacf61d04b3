/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring_process.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "envelope/base/fork_gate.h"

atomic_bool stop;
atomic_int stage;

void keyring_process_setup(void)
{
    keyring_setup_orders();
    atomic_store(&stop, false);
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
}

bool round_trip(struct env_kek *k)
{
    const uint8_t dek[ENV_DEK_LEN] = {3};
    uint8_t back[ENV_DEK_LEN];
    struct env_wrapped wrapped;

    return env_ok(k->vtable->wrap(k, dek, &wrapped)) &&
           env_ok(k->vtable->unwrap(k, &wrapped, NULL, back)) &&
           memcmp(dek, back, sizeof(dek)) == 0;
}

bool use_inherited(void)
{
    return round_trip(kek) && round_trip(kek);
}

static int say_whether(void *arg)
{
    bool (*const *what)(void) = arg;

    (void)alarm(300);
    return (*what)() ? 0 : 1;
}

void assert_in_child(bool (*what)(void))
{
    ck_assert(in_child(say_whether, &what));
}

void *stay_inside(void *arg)
{
    (void)arg;
    env_fork_gate_enter();
    env_fork_gate_enter();
    atomic_store(&stage, 1);
    (void)usleep(100000);
    env_fork_gate_leave();
    (void)usleep(100000);
    atomic_store(&stage, 2);
    env_fork_gate_leave();
    while (!atomic_load(&stop)) /* ThreadSanitizer takes one that ended for a leak in the child */
        (void)usleep(1000);
    return NULL;
}
