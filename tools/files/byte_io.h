/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing streams: pipes, terminals, devices. Fails with STOPPED after a signal. */
#ifndef ENVELOPE_TOOL_BYTE_IO_H
#define ENVELOPE_TOOL_BYTE_IO_H

#include "envelope/base/error.h"
#include "envelope/format/crypto.h"

/* Reads what is available, 1 to size bytes, waiting for the first; *got is 0 at the end. */
ENV_RESULT tool_read_some(const struct env_errors *errors, int fd, uint8_t *to, size_t size,
                          size_t *got);

ENV_RESULT tool_write_all(const struct env_errors *errors, int fd, struct env_span bytes);

/* Raises FILE_FAILED with the text of errno; what is "open" for example. */
ENV_RESULT tool_call_failed(const struct env_errors *errors, const char *what);

#endif
