/* SPDX-License-Identifier: Apache-2.0 */
/* Who used the KEK: the part of a line of the audit log that is about the process. */
#ifndef ENVELOPE_AUDIT_PROCESS_H
#define ENVELOPE_AUDIT_PROCESS_H

#include "envelope/base/config.h"
#include "envelope/base/json.h"

/*
 * Nothing of it is kept: a child of fork is another process, and one may be moved. application is
 * for where the configuration has none; NULL.
 */
void env_audit_put_process(struct env_json *json, const struct env_config *config,
                           const char *application);

#endif
