/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that the operands name, one item after the other, to several workers: the files of
 * trees, or with --list the lines of lists. What was done comes out in the order of the operands.
 */
#ifndef ENVELOPE_TOOL_TREE_H
#define ENVELOPE_TOOL_TREE_H

#include "tools/common/run.h"
#include "tools/common/sealed_list.h"
#include "tools/common/walk.h"

enum tool_item_kind {
    TOOL_ITEM_FILE,     /* entry is a regular file */
    TOOL_ITEM_OTHER,    /* entry is not: entry.what says what it is */
    TOOL_ITEM_FAILURE,  /* it could not be looked at: entry.what says why */
    TOOL_ITEM_LEFTOVER, /* a file that a broken-off change of another left behind */
    TOOL_ITEM_LINE,     /* of a list: bytes is what it decodes to */
    TOOL_ITEM_EMPTY,    /* line of a list */
    TOOL_ITEM_BAD_LINE, /* entry.what says why */
};

struct tool_item {
    enum tool_item_kind kind;
    struct tool_entry entry; /* path is a list's name for lines */
    uint64_t line;           /* number; 0: no line */
    uint8_t *bytes;          /* of a line */
    size_t len;
    char *text; /* a line as it came, for who writes it again; not terminated */
    size_t text_len;
    void *result; /* work's, to deliver, which frees it */
};

struct tool_tree_ops {
    /* What one worker keeps from item to item; NULL when that can not be had. May be NULL. */
    void *(*begin)(void *arg);
    void (*end)(void *arg, void *mine);
    /* Any kind of item, in any thread. May be NULL. */
    void (*work)(void *arg, void *mine, struct tool_item *item);
    /* Each item once, in order and never two at once. The item is freed afterwards. */
    void (*deliver)(void *arg, struct tool_item *item);
};

/*
 * Goes through run's operands. The progress is shown while it lasts; call tool_progress_hide before
 * something is written. UNABLE when memory ran out.
 */
enum tool_status tool_tree_run(struct tool_run *run, const struct tool_tree_ops *ops, void *arg);

/* How an item is called: its path, and with a line "PATH:NUMBER". */
void tool_item_print(FILE *out, const struct tool_item *item);
/* The same as members "path" and "line" of an object. */
void tool_item_json(struct env_json *json, const struct tool_item *item);

#endif
