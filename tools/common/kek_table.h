/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted for each KEK reference. */
#ifndef ENVELOPE_TOOL_KEK_TABLE_H
#define ENVELOPE_TOOL_KEK_TABLE_H

#include "tools/common/keys.h"
#include "tools/common/recipient.h"
#include "tools/common/run.h"

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
    struct env_dates dates;
    char newer[ENV_KEK_TEXT]; /* the newest version that has begun, where it is an older one */
};

struct tool_kek_table {
    void *root;      /* of tsearch */
    bool incomplete; /* there was no memory for an entry */
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

/* The same for who changes them, but for their references. */
typedef void tool_kek_table_change_fn(void *arg, struct tool_kek_counts *counts);
void tool_kek_table_change(const struct tool_kek_table *table, tool_kek_table_change_fn *take,
                           void *arg);

void tool_kek_table_clear(struct tool_kek_table *table);

/* The same at the end of a run. False: the counts are incomplete, which was reported. */
bool tool_kek_table_end(struct tool_kek_table *table, const struct tool_run *run);

/* The results of trying a KEK's recipients, as a line and as members of the open object. */
void tool_kek_tried_print(FILE *out, const struct tool_kek_counts *counts);
void tool_kek_tried_json(struct env_json *json, const struct tool_kek_counts *counts);

#endif
