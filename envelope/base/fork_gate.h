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
#ifndef ENVELOPE_GATE_H
#define ENVELOPE_GATE_H

#include <stdbool.h>

#include "envelope/base/result.h"

/* Registers the fork handlers, once in a process. NO_MEMORY. */
ENV_RESULT env_gate_prepare(void);

/* They nest. */
void env_gate_enter(void);
void env_gate_leave(void);

/* The process is ending: waits for those inside, but not for long. Whoever comes later is late. */
void env_gate_close(void);

/* Whether the calling thread, inside the gate, is late: it must not call any module. */
bool env_gate_is_late(void);

/* Whether locks of this process may be held by threads of a parent: it must not use any keyring. */
bool env_gate_is_orphan(void);

/* How long a fork waits at most; tests make it shorter. */
extern unsigned env_gate_forking_seconds;

#endif
