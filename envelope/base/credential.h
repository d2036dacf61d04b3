/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential:NAME, a file that systemd puts into the service's own folder (LoadCredential= and its
 * siblings, systemd.exec(5)).
 */
#ifndef ENVELOPE_CREDENTIAL_H
#define ENVELOPE_CREDENTIAL_H

#include <limits.h>
#include <stdbool.h>

bool env_credential_is(const char *source);

/*
 * Writes the path of the file. Returns NULL, or the reason why there is none. A set-user-ID
 * program's environment is not read.
 */
const char *env_credential_path(const char *source, char path[PATH_MAX]);

#endif
