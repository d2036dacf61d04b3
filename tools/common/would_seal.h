/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a version of a KEK can seal at all, be it today or on a later day. */
#ifndef ENVELOPE_TOOL_WOULD_SEAL_H
#define ENVELOPE_TOOL_WOULD_SEAL_H

#include "tools/common/run.h"

/*
 * Its days have not passed and are in order, unless dates count for nothing (allow-expired-kek);
 * what programs select by its label is fit for use, wraps and opens, as at its first use; and
 * neither the configuration nor the state file keeps it from sealing. Raised.
 */
ENV_RESULT tool_would_seal(struct tool_run *run, const struct env_kek_info *info, bool dates_count);

/* Whether a failure of it says "never", and not that a token could not be asked. */
bool tool_never_seals(enum env_reason reason);

#endif
