/* SPDX-License-Identifier: Apache-2.0 */
/* How envelope kek shows a version. */
#ifndef ENVELOPE_TOOL_KEK_TELL_H
#define ENVELOPE_TOOL_KEK_TELL_H

#include "tools/kek/versions_seen.h"

/* "orders/3 in token 'kek': AES-256, reference 0102, seals from 2031-07-01 to 2032-06-29" */
void tool_kek_tell_line(FILE *out, const struct env_kek_info *info);

/* The same as members of the open JSON object. */
void tool_kek_tell_json(struct env_json *json, const struct env_kek_info *info);

/* Reports a version that counts as none: "orders/3 never seals, and is passed over: ..." */
void tool_kek_tell_never(struct tool_run *run, const struct env_kek_info *info,
                         const struct tool_failure *why);

/* Reports a failure as a line or an object. The exit status is TOOL_WRONG. */
enum tool_status tool_kek_fails(struct tool_run *run, const char *what, ENV_RESULT r);

#endif
