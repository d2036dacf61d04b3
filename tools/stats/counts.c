/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stats/counts.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* The first use of a KEK in a process wraps random bytes, with some tokens twice. */
#define WRAPS_OF_A_TEST 2u

/* A process logs a seal-count when it reaches this number, and at each doubling. */
#define SEALS_FIRST_TOLD (UINT64_C(1) << 20)

static int compare(const void *a, const void *b)
{
    const struct tool_count_row *x = a;
    const struct tool_count_row *y = b;
    int c = strcmp(x->kek, y->kek);

    if (c == 0)
        c = strcmp(x->token, y->token);
    if (c == 0)
        c = strcmp(x->label, y->label);
    if (c == 0)
        c = strcmp(x->named_key, y->named_key);
    return c != 0 ? c : (x->operation > y->operation) - (x->operation < y->operation);
}

void tool_counts_clear(struct tool_counts *counts)
{
    tdestroy(counts->rows, free);
    memset(counts, 0, sizeof(*counts));
}

static struct tool_count_row *find(const struct tool_counts *counts,
                                   const struct tool_count_row *names)
{
    struct tool_count_row *const *slot = tfind(names, &counts->rows, compare);

    return slot != NULL ? *slot : NULL;
}

bool tool_counts_row(struct tool_counts *counts, const struct tool_count_row *names,
                     struct tool_count_row **out)
{
    struct tool_count_row *row;
    struct tool_count_row **slot;

    *out = find(counts, names);
    if (*out != NULL || counts->row_count == TOOL_COUNTS_ROWS_MAX)
        return true;
    row = calloc(1, sizeof(*row));
    if (row == NULL)
        return false;
    memcpy(row->kek, names->kek, sizeof(row->kek));
    memcpy(row->token, names->token, sizeof(row->token));
    memcpy(row->label, names->label, sizeof(row->label));
    memcpy(row->named_key, names->named_key, sizeof(row->named_key));
    row->operation = names->operation;
    slot = tsearch(row, &counts->rows, compare);
    if (slot == NULL || *slot != row)
        free(row);
    if (slot == NULL)
        return false;
    counts->row_count++;
    *out = *slot;
    return true;
}

/* Only a hostile line can make a number overflow. */
static void add(uint64_t *to, uint64_t more)
{
    *to = *to > UINT64_MAX - more ? UINT64_MAX : *to + more;
}

void tool_count_row_fails(struct tool_count_row *row, unsigned reason, uint64_t times)
{
    size_t at = 0;

    while (at < row->reason_count && row->reasons[at].reason < reason)
        at++;
    if (at == row->reason_count || row->reasons[at].reason != reason) {
        if (row->reason_count == TOOL_COUNTS_REASONS)
            return;
        memmove(row->reasons + at + 1, row->reasons + at,
                (row->reason_count - at) * sizeof(row->reasons[0]));
        row->reasons[at] = (struct tool_count_of_reason){reason, 0};
        row->reason_count++;
    }
    add(&row->reasons[at].count, times);
}

/* What the process has sealed since its last line: each count is twice the one before. */
static uint64_t newly_sealed(uint64_t count)
{
    return count > SEALS_FIRST_TOLD ? count / 2 : count;
}

bool tool_counts_add(struct tool_counts *counts, const struct tool_audit_line *line)
{
    struct tool_count_row names = {.operation = line->operation};
    struct tool_count_row *row;

    memcpy(names.kek, line->kek, sizeof(names.kek));
    memcpy(names.token, line->token, sizeof(names.token));
    memcpy(names.label, line->label, sizeof(names.label));
    memcpy(names.named_key, line->named_key, sizeof(names.named_key));
    if (!tool_counts_row(counts, &names, &row))
        return false;
    if (row == NULL) {
        counts->uncounted++;
        return true;
    }
    counts->uses++;
    if (line->failed) {
        row->failed++;
        tool_count_row_fails(row, line->reason, 1);
    } else {
        row->ok++;
        row->gcm += line->gcm ? 1 : 0;
        if (line->operation == ENV_AUDIT_SEAL_COUNT)
            add(&row->seals, newly_sealed(line->count));
    }
    if (line->when > row->last)
        row->last = line->when;
    return true;
}

/* ---- going through them ---- */

struct walk {
    void (*each)(void *arg, const struct tool_count_row *row);
    void *arg;
};

static void visit(const void *node, VISIT which, void *closure)
{
    const struct walk *walk = closure;

    if (which == postorder || which == leaf)
        walk->each(walk->arg, *(struct tool_count_row *const *)node);
}

void tool_counts_each(const struct tool_counts *counts,
                      void (*each)(void *arg, const struct tool_count_row *row), void *arg)
{
    struct walk walk = {each, arg};

    twalk_r(counts->rows, visit, &walk);
}

/* ---- wear ---- */

struct wearing {
    struct tool_wear wear; /* of the rows with the same KEK or named key so far */
    uint64_t tests;
    void (*each)(void *arg, const struct tool_wear *wear);
    void *arg;
};

static void end_of_group(struct wearing *wearing)
{
    struct tool_wear *wear = &wearing->wear;

    if (wear->gcm > 0)
        add(&wear->gcm, wearing->tests);
    if (wear->gcm > 0 || wear->seals > 0)
        wearing->each(wearing->arg, wear);
    *wear = (struct tool_wear){0};
    wearing->tests = 0;
}

static void wear_of_row(void *arg, const struct tool_count_row *row)
{
    struct wearing *wearing = arg;
    const struct tool_count_row *first = wearing->wear.row;

    if (first != NULL && (strcmp(first->kek, row->kek) != 0 ||
                          (row->kek[0] == '\0' && strcmp(first->named_key, row->named_key) != 0)))
        end_of_group(wearing);
    if (wearing->wear.row == NULL)
        wearing->wear.row = row;
    add(&wearing->wear.gcm, row->gcm);
    add(&wearing->wear.seals, row->seals);
    if (row->operation == ENV_AUDIT_SELF_TEST)
        add(&wearing->tests, WRAPS_OF_A_TEST * row->ok);
}

void tool_counts_wear(const struct tool_counts *counts,
                      void (*each)(void *arg, const struct tool_wear *wear), void *arg)
{
    struct wearing wearing = {.each = each, .arg = arg};

    tool_counts_each(counts, wear_of_row, &wearing);
    end_of_group(&wearing);
}

double tool_wear_share(const struct tool_wear *wear)
{
    uint64_t more = wear->gcm > wear->seals ? wear->gcm : wear->seals;

    return (double)more / (double)TOOL_GCM_LIMIT;
}
