/* SPDX-License-Identifier: Apache-2.0 */
/* Key files made, and changed in one step: the old one or the new one exists, whatever happens. */
#ifndef ENVELOPE_TOOL_KEY_SEAL_H
#define ENVELOPE_TOOL_KEY_SEAL_H

#include "tools/key/key_place.h"

/* The content of a key file while it is made. In secret memory. */
struct tool_key_parts {
    struct env_named_clear clear;
    struct env_named_sealed sealed;
};

struct tool_key_parts *tool_key_parts_new(void);
void tool_key_parts_free(struct tool_key_parts *parts);

/* Whether the KEKs of kek are in two places (two_places.h), unless single: KEY_ONE_PLACE. */
ENV_RESULT tool_key_two_places(const struct tool_key_place *place, bool single);

/*
 * Seals it and writes a file that is not there yet: KEY_EXISTS. The operation is what the audit log
 * says of each KEK.
 */
ENV_RESULT tool_key_make(const struct tool_key_place *place, enum env_audit_operation operation,
                         struct tool_key_parts *parts);

/* Whether it may be used, as state-file has it: KEY_DISABLED, raised. */
ENV_RESULT tool_key_may_use(const struct tool_key_place *place, const char *name, uint32_t number);

/* Reads a file and opens it: *file is the caller's, parts has what it says and holds. */
ENV_RESULT tool_key_open(const struct tool_key_place *place, const char *name, uint32_t number,
                         struct env_key_file **file, struct tool_key_parts *parts);

/* Does what is to be done with an open key file, which that many KEKs can open. */
typedef ENV_RESULT tool_key_held_fn(void *arg, struct tool_key_parts *parts, size_t recipients);

/* Opens a key file and has it held, under the file's lock: FILE_LOCKED where another has that. */
ENV_RESULT tool_key_hold(const struct tool_key_place *place, const char *name, uint32_t number,
                         tool_key_held_fn *held, void *arg);

/* Changes parts. *same: there is nothing to be changed. */
typedef ENV_RESULT tool_key_change_fn(void *arg, struct tool_key_parts *parts, bool *same);

/*
 * Opens a key file, changes what it says, seals it again for today's KEKs and puts it in the old
 * one's place, all under the file's lock. A file that one KEK alone opened may be so again.
 */
ENV_RESULT tool_key_change(const struct tool_key_place *place, const char *name, uint32_t number,
                           enum env_audit_operation operation, tool_key_change_fn *change,
                           void *arg, bool *changed);

/*
 * Whether its times leave any in which a key for fields seals: KEY_NEVER_SEALS, raised. Under a
 * stock name they are only recorded.
 */
ENV_RESULT tool_key_would_seal(const struct tool_key_place *place,
                               const struct env_named_clear *clear);

#endif
