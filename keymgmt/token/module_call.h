/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks when a thread is inside a PKCS#11 module, and ends all such calls when the process exits.
 */
#ifndef ENVELOPE_MODULE_CALL_H
#define ENVELOPE_MODULE_CALL_H

#include <stdbool.h>

/*
 * To be called around one call into a module (ENV_P11), or around several that belong together with
 * nothing in between, which costs less. They nest.
 */
void env_call_begin(void);
void env_call_end(void);

/*
 * Sets what runs at exit while modules may still be called, in one thread, when no other is inside
 * one or can enter. It does not run if libcrypto is cleaned up first, because modules use it too.
 */
void env_token_at_exit(void (*last)(void));

/*
 * To be called after modules were loaded. Exit handlers run in the opposite order of registration,
 * and the fork gate must close before the destructors of the last module that was loaded.
 */
void env_close_fork_gate_at_exit(void);

/*
 * Announces that the process is ending (exit handlers run). No PKCS#11 function is called
 * afterwards, because a module's own state may be gone. Waits for the threads that are inside one.
 */
void env_token_process_is_ending(void);

/* True once that was announced. */
bool env_token_process_ends(void);

/* True while the calling thread is inside a PKCS#11 call of ours. */
bool env_token_inside_call(void);

#endif
