/* SPDX-License-Identifier: Apache-2.0 */
/* file:PATH in the configuration, also in the form of a URI (RFC 8089). */
#ifndef ENVELOPE_FILE_NAME_H
#define ENVELOPE_FILE_NAME_H

#include <stdbool.h>

#define ENV_FILE_PREFIX "file:"

bool env_file_name_is(const char *text);

/*
 * The path in file:PATH, file:///PATH or file://localhost/PATH; a path need not begin with /. NULL:
 * it is on another host.
 */
const char *env_file_name_path(const char *text);

#endif
