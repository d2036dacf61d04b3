/* SPDX-License-Identifier: Apache-2.0 */
/* Being inside a PKCS#11 module, and where that ends for good. */
#ifndef ENVELOPE_MODULE_CALL_H
#define ENVELOPE_MODULE_CALL_H

#include <stdbool.h>

/*
 * Around one call into a module (ENV_P11), or around several that belong together, between which
 * nothing else is done: that costs less. They nest.
 */
void env_call_begin(void);
void env_call_end(void);

/*
 * What is done at exit while modules may still be called: by one thread, when no other is inside
 * one or comes any more. Not where libcrypto is cleaned up first, which modules use as well.
 */
void env_token_at_exit(void (*last)(void));

/*
 * To be called when modules were loaded: exit handlers run in the opposite order of their
 * registration, and the fork gate has to close before the destructors of what was loaded last.
 */
void env_close_fork_gate_at_exit(void);

/*
 * Says that the process is ending (exit handlers run): from then on no PKCS#11 function is called,
 * since a module's own state may be gone already. Waits for the threads that are inside one.
 */
void env_token_process_is_ending(void);

/* True once that was said. */
bool env_token_process_ends(void);

/* True while the calling thread is inside a PKCS#11 call of ours. */
bool env_token_inside_call(void);

#endif
