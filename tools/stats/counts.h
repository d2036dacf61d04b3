/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lines of audit logs add up to: a row for each KEK, token, named key and operation. There
 * are at most TOOL_COUNTS_ROWS_MAX of them, whoever writes to the log; lines for which there is no
 * row any more are counted as such.
 */
#ifndef ENVELOPE_TOOL_COUNTS_H
#define ENVELOPE_TOOL_COUNTS_H

#include "tools/stats/audit_line.h"

#define TOOL_COUNTS_ROWS_MAX 10000u
#define TOOL_COUNTS_REASONS 32u /* of one row; what has no room is in its failures all the same */

/* NIST SP 800-38D, 8.3: so often one key may be used with random IVs. */
#define TOOL_GCM_LIMIT (UINT64_C(1) << 32)

struct tool_count_of_reason {
    unsigned reason;
    uint64_t count;
};

struct tool_count_row {
    /* what it is of */
    char kek[2 * ENV_KEK_ID_MAX + 1];
    char token[TOOL_AUDIT_TEXT];
    char label[TOOL_AUDIT_TEXT];
    char named_key[ENV_NAMED_FULL_NAME];
    enum env_audit_operation operation;
    /* how often */
    uint64_t ok;
    uint64_t failed;
    uint64_t gcm;   /* data keys that were wrapped by AES-GCM */
    uint64_t seals; /* of seal-count: what processes have begun to seal, at least */
    int64_t last;   /* seconds since 1970 */
    size_t reason_count;
    struct tool_count_of_reason reasons[TOOL_COUNTS_REASONS]; /* ascending */
};

struct tool_counts {
    uint64_t uses;      /* lines that were counted in a row */
    uint64_t others;    /* that are of no audit log */
    uint64_t broken;    /* that begin like one of it */
    uint64_t uncounted; /* for which there was no row left */
    size_t row_count;
    void *rows; /* of tsearch */
};

void tool_counts_clear(struct tool_counts *counts);

/* False: no memory. */
bool tool_counts_add(struct tool_counts *counts, const struct tool_audit_line *line);

/*
 * The row that has the same names and operation, made where there is none. *out is NULL where no
 * more may be made. False: no memory.
 */
bool tool_counts_row(struct tool_counts *counts, const struct tool_count_row *names,
                     struct tool_count_row **out);

/* Adds to one of its reasons, where there is room for it. */
void tool_count_row_fails(struct tool_count_row *row, unsigned reason, uint64_t times);

/* In order: rows of one KEK stand together, and within it those of one token, label and named key.
 */
void tool_counts_each(const struct tool_counts *counts,
                      void (*each)(void *arg, const struct tool_count_row *row), void *arg);

/* ---- what follows from the rows ---- */

/* Of one KEK, wherever it is; or, where kek is "", of one named key. */
struct tool_wear {
    const struct tool_count_row *row; /* the first of them */
    uint64_t gcm; /* wraps by AES-GCM, at most, with the first uses of processes; 0: none */
    uint64_t seals;
};

/* Those that have worn at all, in order. */
void tool_counts_wear(const struct tool_counts *counts,
                      void (*each)(void *arg, const struct tool_wear *wear), void *arg);

/* The larger of both, as a part of TOOL_GCM_LIMIT. */
double tool_wear_share(const struct tool_wear *wear);

/* From here on it is told and the status says so. */
#define TOOL_WEAR_WARNS 0.5

#endif
