/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end a run. They are noted, so that unfinished output can be removed before they
 * take effect. A signal that was ignored from the start (nohup) stays ignored.
 */
#ifndef ENVELOPE_TOOL_INTERRUPT_H
#define ENVELOPE_TOOL_INTERRUPT_H

#include <stdbool.h>

/*
 * Begins to note SIGINT, SIGTERM and SIGHUP. Writing to a pipe without a reader, or beyond the
 * file size limit, becomes a write error instead of a signal.
 */
void tool_interrupt_note(void);

/* Whether a signal was noted. */
bool tool_interrupt_seen(void);

/* To be called after writing to a pipe without a reader: the run ends as if by the signal. */
void tool_interrupt_no_reader(void);

/* Restores everything. If a signal was noted, raises it and does not return. */
void tool_interrupt_end(void);

#endif
