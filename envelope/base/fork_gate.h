/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate that every operation on a keyring or a KEK passes, and whoever takes a lock of ours or
 * makes libcrypto take one of its own for long. While a thread is inside, no other thread of the
 * process can fork (fork waits): a child that is made while some thread holds a module's locks, or
 * these, would wait for them for ever. Nobody who may be inside libcrypto's own locks enters, such
 * as the functions that it calls to load and to unload us. A module that does not answer does not
 * keep a process from forking for ever: after half a minute the child is made, and is an orphan.
 * And when the process ends, it waits for those inside: a module's destructors are about to run.
 */
#ifndef ENVELOPE_FORK_GATE_H
#define ENVELOPE_FORK_GATE_H

#include <stdbool.h>

#include "envelope/base/result.h"

/* Registers the fork handlers, once in a process. NO_MEMORY. */
ENV_RESULT env_fork_gate_prepare(void);

/* They nest. */
void env_fork_gate_enter(void);
void env_fork_gate_leave(void);

/*
 * The process is ending: waits for those inside, but not for long. Threads that come later are
 * late.
 */
void env_fork_gate_close(void);

/* Whether the calling thread, inside the gate, is late: it must not call any module. */
bool env_fork_gate_is_late(void);

/* Once it is closed: whether really nobody is inside, the calling thread neither. */
bool env_fork_gate_is_deserted(void);

/* Whether locks of this process may be held by threads of a parent: it must not use any keyring. */
bool env_fork_gate_is_orphan(void);

/* How long a fork waits, and the end of the process for those who do nothing; tests make it
 * shorter. */
extern unsigned env_fork_gate_forking_seconds;
extern unsigned env_fork_gate_closing_seconds;

#endif
