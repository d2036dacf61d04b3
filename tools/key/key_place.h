/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context of an action of envelope key: the folder of key files, what opens and seals them,
 * and how results are reported. As text, results go to standard output and failures to standard
 * error. In JSON both are objects of type "key", and the summary after them says whether anything
 * was changed.
 */
#ifndef ENVELOPE_TOOL_KEY_PLACE_H
#define ENVELOPE_TOOL_KEY_PLACE_H

#include "envelope/named/folder.h"
#include "envelope/named/key_file.h"
#include "tools/common/run.h"

struct tool_key_place {
    struct tool_run *run;
    const char *path; /* the folder's path */
    int folder;
    struct env_errors errors;
    struct env_crypto *crypto;
    bool own_crypto; /* there is no configuration */
    int64_t now;     /* seconds since 1970 */
    bool changed;
    uint64_t failed;
};

enum tool_key_needs {
    TOOL_KEY_NEEDS_FOLDER,        /* only --directory */
    TOOL_KEY_NEEDS_CONFIGURATION, /* also tokens, KEKs and the audit log */
};

/* False: failed, which was reported. *place must be closed in either case. */
bool tool_key_place_open(struct tool_run *run, enum tool_key_needs needs,
                         struct tool_key_place *out);

/*
 * The same for an action that gets its files by name. Without a configuration no token can be
 * used.
 */
bool tool_key_place_without_folder(struct tool_run *run, bool configuration,
                                   struct tool_key_place *out);

/* Closes without a report, if nothing was begun. */
void tool_key_place_close(struct tool_key_place *place);

/* Reports the summary, closes, and returns the exit status. */
enum tool_status tool_key_place_end(struct tool_key_place *place);

/* Reports r, a failure, as the result for a key (NAME, NAME@N, a file). */
void tool_key_place_fails(struct tool_key_place *place, const char *key, ENV_RESULT r);

/* The same with a text of our own. */
void tool_key_place_fails_with(struct tool_key_place *place, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Begins and ends a result in JSON. */
struct env_json *tool_key_place_json(const struct tool_key_place *place, const char *key,
                                     bool changed);

/* Prints a line of a result as text; to standard error if standard output gets a secret. */
void tool_key_place_say(const struct tool_key_place *place, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Writes a line to the audit log about a named key; returns r, or AUDIT_FAILED. Sealing a file
 * already logs a line for each of its KEKs, so for that only failures are recorded here.
 */
ENV_RESULT tool_key_place_audit(const struct tool_key_place *place,
                                enum env_audit_operation operation, const char *key, ENV_RESULT r);
ENV_RESULT tool_key_place_audit_failure(const struct tool_key_place *place,
                                        enum env_audit_operation operation, const char *key,
                                        ENV_RESULT r);

/* ---- the folder's contents ---- */

/* All versions of a name, by number. KEY_UNKNOWN if there are none. */
struct tool_key_versions {
    size_t count;
    uint32_t *numbers; /* freed with OPENSSL_free */
};
ENV_RESULT tool_key_versions(const struct tool_key_place *place, const char *name,
                             struct tool_key_versions *out);

/* The newest version, or the one with this number. */
ENV_RESULT tool_key_newest(const struct tool_key_place *place, const char *name, uint32_t *number);

/* The next version's number: higher than any that exists or was destroyed. */
ENV_RESULT tool_key_next(const struct tool_key_place *place, const char *name, uint32_t *number);

#endif
