/* SPDX-License-Identifier: Apache-2.0 */
/* Where the audit log's lines go: a file, a log daemon's socket, or standard error. */
#ifndef ENVELOPE_AUDIT_SINK_H
#define ENVELOPE_AUDIT_SINK_H

#include <stdbool.h>
#include <stddef.h>

#define ENV_AUDIT_SINKS "file:/PATH, syslog, syslog:/PATH of its socket, unix:/PATH or stderr"

/* Whether the value of audit-log is valid. */
bool env_audit_sink_is(const char *value);

/*
 * Appends one line, given with its newline, atomically as far as the system allows. With len 0 it
 * only tests whether it could. False: why says what failed.
 */
bool env_audit_sink_write(const char *value, const char *line, size_t len, char *why,
                          size_t why_size);

#endif
