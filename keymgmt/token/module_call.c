/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/module_call.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "envelope/base/fork_gate.h"

/* Each handler takes a little memory for good; further modules do without. */
#define EXIT_HANDLERS_MAX 1000u

static _Thread_local unsigned calls;
static atomic_bool process_is_ending;
static _Atomic(void (*)(void)) last_act;

/*
 * SoftHSM uses libcrypto in our thread, and leaves its errors (such as a missing rdrand engine) on
 * our caller's error stack. Programs such as openssl enc would print them after a success. A
 * module's entries are dropped: it reports failures by its return code.
 */
void env_call_begin(void)
{
    if (calls++ == 0)
        (void)ERR_set_mark();
}

void env_call_end(void)
{
    if (--calls == 0)
        (void)ERR_pop_to_mark();
}

bool env_token_inside_call(void)
{
    return calls > 0;
}

void env_token_process_is_ending(void)
{
    atomic_store(&process_is_ending, true);
    env_fork_gate_close();
}

bool env_token_process_ends(void)
{
    return atomic_load(&process_is_ending);
}

void env_token_at_exit(void (*last)(void))
{
    atomic_store(&last_act, last);
}

/*
 * The handler that was registered last runs first, while all modules are still intact. It first
 * announces that the process is ending, so that no thread begins anything.
 */
static void at_exit(void)
{
    void (*last)(void) = atomic_load(&last_act);
    bool first = !atomic_exchange(&process_is_ending, true);

    env_fork_gate_close();
    if (first && last != NULL && env_fork_gate_is_deserted())
        last();
}

void env_close_fork_gate_at_exit(void)
{
    static atomic_uint registered;

    if (atomic_fetch_add(&registered, 1) < EXIT_HANDLERS_MAX)
        (void)atexit(at_exit);
    else
        (void)atomic_fetch_sub(&registered, 1);
}
