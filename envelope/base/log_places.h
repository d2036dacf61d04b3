/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places that log_sink.h writes to. Each function appends one line, given with its newline;
 * with len 0 it only tests whether it could. False: why says what failed. None waits longer than a
 * second for a reader that is stuck, and none lets SIGPIPE end the process.
 */
#ifndef ENVELOPE_LOG_PLACES_H
#define ENVELOPE_LOG_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENV_LOG_WAIT_MS 1000

bool env_log_file_write(const char *path, const char *line, size_t len, char *why, size_t why_size);

/* Adds the header that syslog(3) writes. */
bool env_log_syslog_write(const char *path, const char *line, size_t len, char *why,
                          size_t why_size);

/* Writes only the line, to a datagram or stream socket. */
bool env_log_unix_write(const char *path, const char *line, size_t len, char *why, size_t why_size);

bool env_log_stderr_write(const char *line, size_t len, char *why, size_t why_size);

/* ---- shared functions ---- */

/* Reports what failed and returns false. */
bool env_log_failed(const char *place, const char *what, int error, char *why, size_t why_size);

/* Sends everything to a socket or pipe within ENV_LOG_WAIT_MS. False: errno. */
bool env_log_send_all(int fd, bool is_socket, const char *data, size_t len);

#endif
