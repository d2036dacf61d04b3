/* SPDX-License-Identifier: Apache-2.0 */
/* The counting of census: what each item is, and what is added up. */
#ifndef ENVELOPE_TOOL_CENSUS_H
#define ENVELOPE_TOOL_CENSUS_H

#include "tools/common/kek_table.h"
#include "tools/common/named_kek.h"
#include "tools/common/tree.h"

enum tool_census_kind {
    TOOL_CENSUS_MESSAGE,
    TOOL_CENSUS_SEALED_KEY,
    TOOL_CENSUS_NAMED_KEY,
    TOOL_CENSUS_OTHER,      /* does not begin as a message does */
    TOOL_CENSUS_DAMAGED,    /* begins so, but cannot be one */
    TOOL_CENSUS_UNREADABLE, /* a file, a directory, a line */
    TOOL_CENSUS_SKIPPED,    /* a link or a FIFO in a directory, an empty line ... */
    TOOL_CENSUS_SIDECAR,
    TOOL_CENSUS_KINDS
};

/* The member of the summary that counts it: "messages". */
const char *tool_census_name(enum tool_census_kind kind);

struct tool_census {
    struct tool_run *run;
    const struct tool_named_kek *wanted; /* --kek; NULL: all */
    struct tool_kek_table table;
    uint64_t kinds[TOOL_CENSUS_KINDS];
    uint64_t bytes;  /* of messages and sealed keys */
    uint64_t base64; /* how many of these are in base64, which rewrap leaves alone */
    /* With --verify, messages and sealed keys: */
    uint64_t opened;      /* through every recipient whose key is here */
    uint64_t failed;      /* through one of them at least */
    uint64_t no_key_here; /* neither */
};

/* For tool_tree_run; the argument is a struct tool_census. */
extern const struct tool_tree_ops tool_census_ops;

#endif
