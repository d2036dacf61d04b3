/* SPDX-License-Identifier: Apache-2.0 */
/* A number of bytes on the command line: 4096, 64K, 10M, 2G, 1T. */
#ifndef ENVELOPE_TOOL_SIZE_TEXT_H
#define ENVELOPE_TOOL_SIZE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* False: it is not a number, or too large for 64 bits. */
bool tool_size_read(const char *text, uint64_t *size);

#endif
