/* SPDX-License-Identifier: Apache-2.0 */
/* The part of an audit line that describes the process using the KEK. */
#ifndef ENVELOPE_AUDIT_PROCESS_H
#define ENVELOPE_AUDIT_PROCESS_H

#include "envelope/base/config.h"
#include "envelope/base/json.h"

/*
 * Nothing is cached: a forked child is another process, and a process may be moved to another
 * control group. application is used if the configuration has none; NULL: none.
 */
void env_audit_put_process(struct env_json *json, const struct env_config *config,
                           const char *application);

#endif
