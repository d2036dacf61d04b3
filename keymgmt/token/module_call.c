/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/module_call.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "keymgmt/token_keyring.h"

/* Each takes a little memory for good; a program that loads modules more often does without. */
#define EXIT_HANDLERS_MAX 1000u

static _Thread_local unsigned calls;

/*
 * SoftHSM uses libcrypto in our thread and leaves what went wrong there (the lack of an rdrand
 * engine, for one) on our caller's error stack: programs like openssl enc would print that after a
 * success. What a module leaves is dropped; what it says, it says by its return code.
 */
void env_call_begin(void)
{
    calls++;
    (void)ERR_set_mark();
}

void env_call_end(void)
{
    (void)ERR_pop_to_mark();
    calls--;
}

bool env_token_inside_call(void)
{
    return calls > 0;
}

void env_close_gate_at_exit(void)
{
    static atomic_uint registered;

    if (atomic_fetch_add(&registered, 1) < EXIT_HANDLERS_MAX)
        (void)atexit(env_token_process_is_ending);
    else
        (void)atomic_fetch_sub(&registered, 1);
}
