/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_REENCRYPT_FILE_H
#define ENVELOPE_TOOL_REENCRYPT_FILE_H

#include "tools/rotate/rotate_file.h"

/* Encrypts the message in a file again (reencrypt.h), into a new file. */
tool_rotate_file_fn tool_reencrypt_file;

#endif
