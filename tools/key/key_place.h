/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an action of envelope key works: the folder of key files, what opens and seals them, and
 * how each outcome is reported. In text, results go to the standard output and failures to the
 * standard error; in JSON both are objects of type "key", and the summary behind them says whether
 * anything was changed.
 */
#ifndef ENVELOPE_TOOL_KEY_PLACE_H
#define ENVELOPE_TOOL_KEY_PLACE_H

#include "envelope/named/folder.h"
#include "envelope/named/key_file.h"
#include "tools/common/run.h"

struct tool_key_place {
    struct tool_run *run;
    const char *path; /* of the folder */
    int folder;
    struct env_errors errors;
    struct env_crypto *crypto;
    bool own_crypto; /* there is no configuration */
    int64_t now;     /* seconds since 1970 */
    bool changed;
    uint64_t failed;
};

enum tool_key_needs {
    TOOL_KEY_NEEDS_FOLDER,        /* --directory is enough */
    TOOL_KEY_NEEDS_CONFIGURATION, /* and with it tokens, KEKs, the audit log */
};

/* False: failed, which was reported; closed in either case. */
bool tool_key_place_open(struct tool_run *run, enum tool_key_needs needs,
                         struct tool_key_place *out);

/* The same for what names its files itself; without a configuration no token can be asked. */
bool tool_key_place_without_folder(struct tool_run *run, bool configuration,
                                   struct tool_key_place *out);

/* Without a word, where nothing was begun. */
void tool_key_place_close(struct tool_key_place *place);

/* Sums up, closes, and says how it ended. */
enum tool_status tool_key_place_end(struct tool_key_place *place);

/* Reports r, a failure, as the outcome for a key (NAME, NAME@N, a file). */
void tool_key_place_fails(struct tool_key_place *place, const char *key, ENV_RESULT r);

/* The same in words of our own. */
void tool_key_place_fails_with(struct tool_key_place *place, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Begins and ends a result in JSON. */
struct env_json *tool_key_place_json(const struct tool_key_place *place, const char *key,
                                     bool changed);

/* A line of a result in text, to the standard error where the standard output has a secret. */
void tool_key_place_say(const struct tool_key_place *place, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A line for the audit log, of a named key; returns r, or AUDIT_FAILED. A sealed file already has a
 * line for each of its KEKs: only failures are recorded here.
 */
ENV_RESULT tool_key_place_audit(const struct tool_key_place *place,
                                enum env_audit_operation operation, const char *key, ENV_RESULT r);
ENV_RESULT tool_key_place_audit_failure(const struct tool_key_place *place,
                                        enum env_audit_operation operation, const char *key,
                                        ENV_RESULT r);

/* ---- what is in the folder ---- */

/* All versions of a name, by their numbers. KEY_UNKNOWN when there is none. */
struct tool_key_versions {
    size_t count;
    uint32_t *numbers; /* freed with OPENSSL_free */
};
ENV_RESULT tool_key_versions(const struct tool_key_place *place, const char *name,
                             struct tool_key_versions *out);

/* The newest of them, or the one of that number. */
ENV_RESULT tool_key_newest(const struct tool_key_place *place, const char *name, uint32_t *number);

/* The number that the next version has: higher than any that exists or was destroyed. */
ENV_RESULT tool_key_next(const struct tool_key_place *place, const char *name, uint32_t *number);

#endif
