/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run of envelope stats passes on to the next: the counts so far, and how far each log was
 * read. A log is recognised by its inode and a hash of its first bytes, even after it was renamed.
 * So every line counts once, including those written between the last run and a rotation.
 */
#ifndef ENVELOPE_TOOL_STATS_STATE_H
#define ENVELOPE_TOOL_STATS_STATE_H

#include <openssl/sha.h>
#include <sys/stat.h>

#include "tools/stats/counts.h"

#define TOOL_LOGS_MAX 1000u         /* logs to remember: the oldest are dropped */
#define TOOL_FINGERPRINT_MAX 1024u  /* bytes of a log that are hashed */
#define TOOL_FINGERPRINT_ALONE 256u /* enough without the inode: the log was copied */

struct tool_log_seen {
    uint64_t inode;
    uint64_t length; /* how many bytes were hashed */
    uint8_t hash[SHA256_DIGEST_LENGTH];
    uint64_t offset; /* where the next line begins */
    bool grew;       /* in the last run */
    bool here;       /* in this run; not saved */
};

struct tool_stats_state {
    struct tool_counts counts;
    size_t log_count;
    struct tool_log_seen logs[TOOL_LOGS_MAX]; /* newest last */
    int fd;                                   /* the state file, locked */
};

/*
 * Opens and locks the file for one run, and reads it into *out. A missing or empty file begins
 * anew. False: why has the reason. tool_stats_state_end must be called in either case.
 */
bool tool_stats_state_begin(const char *path, struct tool_stats_state *out, char *why,
                            size_t why_size);

/* Replaces the file. */
bool tool_stats_state_write(const char *path, const struct tool_stats_state *state, char *why,
                            size_t why_size);

void tool_stats_state_end(struct tool_stats_state *state);

/* ---- logs; fd must be readable at any offset ---- */

/* *seen: the entry of the open file, or NULL. False: it cannot be determined. */
bool tool_stats_state_find(struct tool_stats_state *state, int fd, const struct stat *st,
                           struct tool_log_seen **seen);

/*
 * Records that the file was read up to offset; seen comes from find. False: failed, so the counts
 * must not be saved either.
 */
bool tool_stats_state_note(struct tool_stats_state *state, struct tool_log_seen *seen, int fd,
                           const struct stat *st, uint64_t offset);

/* ---- the file's text, also for the fuzzer ---- */

bool tool_stats_state_read(FILE *in, struct tool_stats_state *out);
void tool_stats_state_print(FILE *out, const void *state);

#endif
