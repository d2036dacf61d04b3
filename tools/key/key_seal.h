/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes key files, and changes them atomically: at any time either the old or the new one exists.
 */
#ifndef ENVELOPE_TOOL_KEY_SEAL_H
#define ENVELOPE_TOOL_KEY_SEAL_H

#include "tools/key/key_place.h"

/* The content of a key file while it is being made. In secret memory. */
struct tool_key_parts {
    struct env_named_clear clear;
    struct env_named_sealed sealed;
};

struct tool_key_parts *tool_key_parts_new(void);
void tool_key_parts_free(struct tool_key_parts *parts);

/*
 * Checks that the KEKs in kek are in two places (two_places.h), unless single. Fails with
 * KEY_ONE_PLACE.
 */
ENV_RESULT tool_key_two_places(const struct tool_key_place *place, bool single);

/*
 * Seals it, and writes a new file. Fails with KEY_EXISTS. The operation is recorded in the audit
 * log for each KEK.
 */
ENV_RESULT tool_key_make(const struct tool_key_place *place, enum env_audit_operation operation,
                         struct tool_key_parts *parts);

/* Whether the state file allows its use. Raises KEY_DISABLED. */
ENV_RESULT tool_key_may_use(const struct tool_key_place *place, const char *name, uint32_t number);

/*
 * Reads and opens a file. *file is the caller's to clear; parts gets what the file says and
 * contains.
 */
ENV_RESULT tool_key_open(const struct tool_key_place *place, const char *name, uint32_t number,
                         struct env_key_file **file, struct tool_key_parts *parts);

/* Works on an open key file, which this many KEKs can open. */
typedef ENV_RESULT tool_key_held_fn(void *arg, struct tool_key_parts *parts, size_t recipients);

/*
 * Opens a key file and calls held under the file's lock. Fails with FILE_LOCKED if another holder
 * has it.
 */
ENV_RESULT tool_key_hold(const struct tool_key_place *place, const char *name, uint32_t number,
                         tool_key_held_fn *held, void *arg);

/* Changes parts. *same: there is nothing to change. */
typedef ENV_RESULT tool_key_change_fn(void *arg, struct tool_key_parts *parts, bool *same);

/*
 * Opens a key file, changes its contents, seals it for today's KEKs and replaces the old file, all
 * under the file's lock. A file that only one KEK could open may stay like that.
 */
ENV_RESULT tool_key_change(const struct tool_key_place *place, const char *name, uint32_t number,
                           enum env_audit_operation operation, tool_key_change_fn *change,
                           void *arg, bool *changed);

/*
 * Whether its times leave a period in which a fields key can seal. Raises KEY_NEVER_SEALS. Under a
 * stock name the times are only recorded.
 */
ENV_RESULT tool_key_would_seal(const struct tool_key_place *place,
                               const struct env_named_clear *clear);

#endif
