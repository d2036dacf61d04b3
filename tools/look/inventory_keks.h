/* SPDX-License-Identifier: Apache-2.0 */
/* The KEKs on the configured tokens, for envelope inventory --keks. */
#ifndef ENVELOPE_TOOL_INVENTORY_KEKS_H
#define ENVELOPE_TOOL_INVENTORY_KEKS_H

#include "tools/common/run.h"

struct tool_inventory_keks {
    uint64_t keks;
    uint64_t expired; /* past their last day */
};

/*
 * Reports each of them. TOOL_WRONG: a token failed; TOOL_UNABLE: the configuration cannot be used.
 */
enum tool_status tool_inventory_keks(struct tool_run *run, struct tool_inventory_keks *counts);

#endif
