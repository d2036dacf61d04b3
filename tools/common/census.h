/* SPDX-License-Identifier: Apache-2.0 */
/* The counting for census: what each item is, and the sums. */
#ifndef ENVELOPE_TOOL_CENSUS_H
#define ENVELOPE_TOOL_CENSUS_H

#include "tools/common/kek_table.h"
#include "tools/common/named_kek.h"
#include "tools/common/tree.h"

enum tool_census_kind {
    TOOL_CENSUS_MESSAGE,
    TOOL_CENSUS_SEALED_KEY,
    TOOL_CENSUS_NAMED_KEY,
    TOOL_CENSUS_OTHER,      /* does not begin like a message */
    TOOL_CENSUS_DAMAGED,    /* begins like one, but cannot be one */
    TOOL_CENSUS_UNREADABLE, /* a file, a directory, a line */
    TOOL_CENSUS_SKIPPED,    /* a link or FIFO in a directory, an empty line ... */
    TOOL_CENSUS_SIDECAR,
    TOOL_CENSUS_KINDS
};

/* The summary's member for this kind: "messages". */
const char *tool_census_name(enum tool_census_kind kind);

struct tool_census {
    struct tool_run *run;
    const struct tool_named_kek *wanted; /* --kek; NULL: all */
    struct tool_kek_table table;
    uint64_t kinds[TOOL_CENSUS_KINDS];
    uint64_t bytes;  /* of messages and sealed keys */
    uint64_t base64; /* how many of these are in base64, which rewrap skips */
    /* With --verify, the number of messages and sealed keys: */
    uint64_t opened;      /* through every recipient whose key is here */
    uint64_t failed;      /* through at least one such recipient */
    uint64_t no_key_here; /* none of their keys is here */
};

/* For tool_tree_run, with a struct tool_census as the argument. */
extern const struct tool_tree_ops tool_census_ops;

#endif
