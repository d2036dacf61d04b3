/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes everything that the operands name, item by item, with several workers: the files of
 * trees, or with --list the lines of lists. Each result is counted and reported here, as text or
 * JSON, in the order of the operands. A command supplies the work on a file or line, and the parts
 * of the report that only it knows.
 */
#ifndef ENVELOPE_TOOL_TREE_H
#define ENVELOPE_TOOL_TREE_H

#include "tools/common/run.h"
#include "tools/common/sealed_list.h"
#include "tools/common/walk.h"

enum tool_item_kind {
    TOOL_ITEM_FILE,     /* entry is a regular file */
    TOOL_ITEM_OTHER,    /* entry is something else: entry.what says what */
    TOOL_ITEM_FAILURE,  /* could not be inspected: entry.what says why */
    TOOL_ITEM_SIDECAR,  /* left by an interrupted change of another file */
    TOOL_ITEM_LINE,     /* line of a list: bytes is its decoded message */
    TOOL_ITEM_EMPTY,    /* line of a list */
    TOOL_ITEM_BAD_LINE, /* entry.what says why */
};

struct tool_item {
    enum tool_item_kind kind;
    struct tool_entry entry; /* for lines, path is the list's name */
    /* For lines: */
    uint64_t line; /* number; 0: not a line */
    char *text;    /* as read, for commands that write it back; not terminated */
    size_t text_len;
    bool newline; /* it ended in a newline */
    struct tool_row_place place;
    uint8_t *bytes;
    size_t len;
    char *id; /* from a row, or NULL */
    bool has_context;
    uint8_t *context;
    size_t context_len;
    uint8_t *tenant; /* from a row, or NULL */
    size_t tenant_len;

    struct tool_finding *finding; /* NULL: no memory */
};

/* The result for one item. A command's own result begins with this struct. Starts as zeros. */
struct tool_finding {
    unsigned state;              /* of the command's own enum */
    bool silent;                 /* do not report it */
    bool told;                   /* report it whatever the options say */
    const char *note;            /* printed before anything else, or NULL */
    struct tool_failure failure; /* what is wrong; without text: nothing */
};

struct tool_tree_ops {
    size_t size;              /* of the command's result */
    const char *member;       /* JSON's member for the state */
    const char *const *words; /* JSON's words for the states */
    /*
     * States of items that were not processed: those that could not be read, those that are skipped
     * (a link in a directory, an empty line), and those that an interrupted change left.
     */
    unsigned failed;
    unsigned skipped;
    unsigned sidecar;
    bool all_in_json; /* report every item in JSON, not only those that get a line as text */
    /* Makes what one worker keeps between items; NULL on failure. May be NULL. */
    void *(*begin)(void *arg);
    void (*end)(void *arg, void *mine);
    /* Works on a FILE or a LINE, in any thread. */
    void (*work)(void *arg, void *mine, const struct tool_item *item, struct tool_finding *finding);
    /* May change the finding of a sidecar. May be NULL. */
    void (*judge_sidecar)(void *arg, const struct tool_item *item, struct tool_finding *finding);
    /* Called for each item before it is reported: in order, and one at a time. */
    void (*add_up)(void *arg, const struct tool_item *item, struct tool_finding *finding);
    /* What follows the name, if there is no failure; lines below it; further members. */
    void (*text)(void *arg, FILE *out, const struct tool_finding *finding);
    void (*text_below)(void *arg, FILE *out, const struct tool_finding *finding); /* may be NULL */
    void (*json)(void *arg, struct env_json *json, const struct tool_finding *finding);
    /* Frees what the finding holds. May be NULL. */
    void (*clear)(struct tool_finding *finding);
};

/*
 * Processes run's operands and reports on run->out. Progress is shown meanwhile; call
 * tool_progress_hide before writing anything else. UNABLE if memory ran out.
 */
enum tool_status tool_tree_run(struct tool_run *run, const struct tool_tree_ops *ops, void *arg);

/* The context for an item's message: its row's, or the configured one. */
struct env_span tool_item_context(const struct tool_item *item, struct env_span configured);

/* Records r, a failure, as an item's result. */
void tool_finding_fails(struct tool_finding *finding, unsigned state, ENV_RESULT r);

#endif
