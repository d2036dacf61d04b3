/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate that every operation on a keyring or a KEK passes. While a thread is inside, no other
 * thread of the process can fork (fork waits): a child that is made while some thread holds a
 * module's locks would wait for them for ever. So at a fork none of our own locks is held either.
 * And when the process ends, it waits for those inside: a module's destructors are about to run.
 */
#ifndef ENVELOPE_GATE_H
#define ENVELOPE_GATE_H

#include <stdbool.h>

#include "../provider/result.h"

/* Registers the fork handlers, once in a process. NO_MEMORY. */
ENV_RESULT env_gate_prepare(void);

/* They nest. */
void env_gate_enter(void);
void env_gate_leave(void);

/* The process is ending: waits for those inside, but not for long. Whoever comes later is late. */
void env_gate_close(void);

/* Whether the calling thread, inside the gate, is late: it must not call any module. */
bool env_gate_is_late(void);

/*
 * To be called when modules were loaded: exit handlers run in the opposite order of their
 * registration, and the gate has to close before the destructors of what was loaded last.
 */
void env_gate_close_at_exit(void);

/* Around one call into a module; see env_token_inside_call in token_keyring.h. */
void env_call_begin(void);
void env_call_end(void);

#endif
