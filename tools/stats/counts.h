/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums of audit log lines: a row for each KEK, token, named key and operation. There are at
 * most TOOL_COUNTS_ROWS_MAX rows, whatever is written to the log; further lines are counted as
 * uncounted.
 */
#ifndef ENVELOPE_TOOL_COUNTS_H
#define ENVELOPE_TOOL_COUNTS_H

#include "tools/stats/audit_line.h"

#define TOOL_COUNTS_ROWS_MAX 10000u
#define TOOL_COUNTS_REASONS 32u /* in one row; what does not fit is still in its failures */

/* NIST SP 800-38D, 8.3: the number of uses of one key with random IVs. */
#define TOOL_GCM_LIMIT (UINT64_C(1) << 32)

struct tool_count_of_reason {
    unsigned reason;
    uint64_t count;
};

struct tool_count_row {
    /* the subject of the row */
    char kek[2 * ENV_KEK_ID_MAX + 1];
    char token[TOOL_AUDIT_TEXT];
    char label[TOOL_AUDIT_TEXT];
    char named_key[ENV_NAMED_FULL_NAME];
    enum env_audit_operation operation;
    /* the counts */
    uint64_t ok;
    uint64_t failed;
    uint64_t gcm;   /* data keys wrapped by AES-GCM */
    uint64_t seals; /* from seal-count: the least that processes have sealed */
    int64_t last;   /* seconds since 1970 */
    size_t reason_count;
    struct tool_count_of_reason reasons[TOOL_COUNTS_REASONS]; /* in ascending order */
};

struct tool_counts {
    uint64_t uses;      /* lines counted in a row */
    uint64_t others;    /* lines that are not from an audit log */
    uint64_t broken;    /* lines that begin like one */
    uint64_t uncounted; /* lines for which there was no row left */
    size_t row_count;
    void *rows; /* of tsearch */
};

void tool_counts_clear(struct tool_counts *counts);

/* False: no memory. */
bool tool_counts_add(struct tool_counts *counts, const struct tool_audit_line *line);

/*
 * The row with the same names and operation; it is created if necessary. *out is NULL if the table
 * is full. False: no memory.
 */
bool tool_counts_row(struct tool_counts *counts, const struct tool_count_row *names,
                     struct tool_count_row **out);

/* Adds to the count for a reason, if there is room for it. */
void tool_count_row_fails(struct tool_count_row *row, unsigned reason, uint64_t times);

/*
 * In order: the rows of one KEK are together, and within them those of one token, label and named
 * key.
 */
void tool_counts_each(const struct tool_counts *counts,
                      void (*each)(void *arg, const struct tool_count_row *row), void *arg);

/* ---- wear, computed from the rows ---- */

/* For one KEK on all its tokens; or, if kek is "", for one named key. */
struct tool_wear {
    const struct tool_count_row *row; /* the first of its rows */
    uint64_t gcm; /* wraps by AES-GCM, as an upper bound with first uses; 0: none */
    uint64_t seals;
};

/* Those with any wear, in order. */
void tool_counts_wear(const struct tool_counts *counts,
                      void (*each)(void *arg, const struct tool_wear *wear), void *arg);

/* The larger of the two, as a fraction of TOOL_GCM_LIMIT. */
double tool_wear_share(const struct tool_wear *wear);

/* From here on it is reported, and the exit status shows it. */
#define TOOL_WEAR_WARNS 0.5

#endif
