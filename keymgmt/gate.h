/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate that every operation on a keyring or a KEK passes. While a thread is inside, no other
 * thread of the process can fork (fork waits): a child that is made while some thread holds a
 * module's locks would wait for them for ever. So at a fork none of our own locks is held either.
 */
#ifndef ENVELOPE_GATE_H
#define ENVELOPE_GATE_H

#include "../provider/result.h"

/* Registers the fork handlers, once in a process. NO_MEMORY. */
ENV_RESULT env_gate_prepare(void);

/* They nest. */
void env_gate_enter(void);
void env_gate_leave(void);

/* Around one call into a module; see env_token_inside_call in token_keyring.h. */
void env_call_begin(void);
void env_call_end(void);

#endif
