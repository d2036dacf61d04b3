/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_REWRAP_FILE_H
#define ENVELOPE_TOOL_REWRAP_FILE_H

#include "tools/rotate/rotate_file.h"

/* Writes a header for today's KEKs into a file. */
tool_rotate_file_fn tool_rewrap_file;

#endif
