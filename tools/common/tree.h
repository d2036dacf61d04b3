/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that the operands name, one item after the other, to several workers: the files of
 * trees, or with --list the lines of lists. Each outcome is counted and reported here, as text or
 * as JSON, in the order of the operands. A command says what to do with a file or a line, and adds
 * what only it knows.
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
    TOOL_ITEM_SIDECAR,  /* left by an interrupted change of another file */
    TOOL_ITEM_LINE,     /* of a list: bytes is what its message decodes to */
    TOOL_ITEM_EMPTY,    /* line of a list */
    TOOL_ITEM_BAD_LINE, /* entry.what says why */
};

struct tool_item {
    enum tool_item_kind kind;
    struct tool_entry entry; /* path is a list's name for lines */
    /* Of lines: */
    uint64_t line; /* number; 0: no line */
    char *text;    /* as it came, for commands that write it again; not terminated */
    size_t text_len;
    bool newline; /* one ended it */
    struct tool_row_place place;
    uint8_t *bytes;
    size_t len;
    char *id; /* of a row, or NULL */
    bool has_context;
    uint8_t *context;
    size_t context_len;
    uint8_t *tenant; /* of a row, or NULL */
    size_t tenant_len;

    struct tool_finding *finding; /* NULL: no memory */
};

/* What one item came to: what a command keeps of it begins with this. All of it begins zeroed. */
struct tool_finding {
    unsigned state;              /* the command's own */
    bool silent;                 /* it is not reported */
    bool told;                   /* whatever the options say */
    const char *note;            /* told before all else, or NULL */
    struct tool_failure failure; /* what is wrong; without a text: nothing */
};

struct tool_tree_ops {
    size_t size;              /* of the command's finding */
    const char *member;       /* of JSON, that has the state */
    const char *const *words; /* of the states */
    /*
     * States of items that were not worked on: those that could not be read, those that are skipped
     * (a link in a directory, an empty line), those that an interrupted change left.
     */
    unsigned failed;
    unsigned skipped;
    unsigned sidecar;
    bool all_in_json; /* every item, not only those that text has a line for */
    /* What one worker keeps from item to item; returns NULL on failure. May be NULL. */
    void *(*begin)(void *arg);
    void (*end)(void *arg, void *mine);
    /* A FILE or a LINE, in any thread. */
    void (*work)(void *arg, void *mine, const struct tool_item *item, struct tool_finding *finding);
    /* May change what is said of a sidecar. May be NULL. */
    void (*judge_sidecar)(void *arg, const struct tool_item *item, struct tool_finding *finding);
    /* Called once for each item, in order and never two at once, before it is reported. */
    void (*add_up)(void *arg, const struct tool_item *item, struct tool_finding *finding);
    /* What follows the name, where there is no failure; lines below it; further members. */
    void (*text)(void *arg, FILE *out, const struct tool_finding *finding);
    void (*text_below)(void *arg, FILE *out, const struct tool_finding *finding); /* may be NULL */
    void (*json)(void *arg, struct env_json *json, const struct tool_finding *finding);
    /* Frees what the finding holds. May be NULL. */
    void (*clear)(struct tool_finding *finding);
};

/*
 * Goes through run's operands and reports on run->out. The progress is shown while it lasts; call
 * tool_progress_hide before something else is written. UNABLE when memory ran out.
 */
enum tool_status tool_tree_run(struct tool_run *run, const struct tool_tree_ops *ops, void *arg);

/* The context that an item's message has: its row's, or the configured one. */
struct env_span tool_item_context(const struct tool_item *item, struct env_span configured);

/* Counts r, a failure, as the outcome of an item. */
void tool_finding_fails(struct tool_finding *finding, unsigned state, ENV_RESULT r);

#endif
