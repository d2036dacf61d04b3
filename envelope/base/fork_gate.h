/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate for every operation on a keyring or a KEK, and for code that holds a lock of ours, or
 * one of libcrypto's for long. While a thread is inside, other threads of the process cannot fork:
 * fork waits. Otherwise a child forked while some thread holds a module's locks, or these, would
 * wait for them for ever.
 *
 * Code that may be called with libcrypto's own locks held must not enter, such as the functions
 * that libcrypto calls to load and to unload us.
 *
 * A module that does not answer cannot block forks for ever: after half a minute the child is made,
 * as an orphan. And when the process ends, it waits for the threads inside, because the modules'
 * destructors are about to run.
 */
#ifndef ENVELOPE_FORK_GATE_H
#define ENVELOPE_FORK_GATE_H

#include <stdbool.h>

#include "envelope/base/result.h"

/* Registers the fork handlers, once per process. Fails with NO_MEMORY. */
ENV_RESULT env_fork_gate_prepare(void);

/* They nest. */
void env_fork_gate_enter(void);
void env_fork_gate_leave(void);

/*
 * The process is ending: waits for the threads inside, for a limited time. Threads that enter
 * afterwards are late.
 */
void env_fork_gate_close(void);

/* Whether the calling thread, which is inside the gate, is late: it must not call any module. */
bool env_fork_gate_is_late(void);

/* Once the gate is closed: whether no thread is inside, including the calling one. */
bool env_fork_gate_is_deserted(void);

/* Whether threads of the parent may hold locks in this process: it must not use any keyring. */
bool env_fork_gate_is_orphan(void);

/* How long a fork waits, and how long the end of an idle process; tests shorten both. */
extern unsigned env_fork_gate_forking_seconds;
extern unsigned env_fork_gate_closing_seconds;

#endif
