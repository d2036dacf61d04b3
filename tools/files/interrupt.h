/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end a run: they are noted, so that unfinished output is removed first, and then they
 * end it. One that was ignored from the start (nohup) stays ignored.
 */
#ifndef ENVELOPE_TOOL_INTERRUPT_H
#define ENVELOPE_TOOL_INTERRUPT_H

#include <stdbool.h>

/*
 * Notes SIGINT, SIGTERM and SIGHUP from now on. Writing to a pipe without a reader, or past a limit
 * of the size of files, is an error of the write and no signal.
 */
void tool_interrupt_note(void);

/* Whether one has come. */
bool tool_interrupt_seen(void);

/* Of a write to a pipe without a reader: the run is to end as by the signal. */
void tool_interrupt_no_reader(void);

/* Restores everything; a noted signal is raised, and this does not return. */
void tool_interrupt_end(void);

#endif
