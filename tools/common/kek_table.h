/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted for each KEK reference. */
#ifndef ENVELOPE_TOOL_KEK_TABLE_H
#define ENVELOPE_TOOL_KEK_TABLE_H

#include "tools/common/keys.h"
#include "tools/common/recipient.h"

struct tool_kek_counts {
    struct env_kek_id id;
    enum env_kek_type type; /* of the first mechanism seen with it */
    uint64_t files;         /* that have it as a recipient */
    uint64_t bytes;
    uint64_t sole_files; /* that have no other */
    uint64_t sole_bytes;
    uint64_t tried[3]; /* by enum tool_recipient_state */
    char label[ENV_KEK_TEXT];
    char token[ENV_KEK_TEXT];
};

struct tool_kek_table {
    void *root;      /* of tsearch */
    bool incomplete; /* an entry could not be made, for want of memory */
};

/* The entry of a reference, made when there is none; NULL: no memory, and the table is incomplete.
 */
struct tool_kek_counts *tool_kek_table_get(struct tool_kek_table *table,
                                           const struct env_kek_id *id);

/* NULL when there is none. */
struct tool_kek_counts *tool_kek_table_find(const struct tool_kek_table *table,
                                            const struct env_kek_id *id);

/* All entries by their references' bytes. */
typedef void tool_kek_table_fn(void *arg, const struct tool_kek_counts *counts);
void tool_kek_table_each(const struct tool_kek_table *table, tool_kek_table_fn *take, void *arg);

void tool_kek_table_clear(struct tool_kek_table *table);

#endif
