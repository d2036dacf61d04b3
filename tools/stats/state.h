/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one run of envelope stats leaves to the next: the counts so far, and how far each log was
 * read. A log is known again by its inode and a hash of its first bytes, whatever it is called by
 * then: so lines count once, also those that came between the last run and a rotation.
 */
#ifndef ENVELOPE_TOOL_STATS_STATE_H
#define ENVELOPE_TOOL_STATS_STATE_H

#include <openssl/sha.h>
#include <sys/stat.h>

#include "tools/stats/counts.h"

#define TOOL_LOGS_MAX 1000u         /* that are remembered: the oldest are forgotten */
#define TOOL_FINGERPRINT_MAX 1024u  /* bytes of a log that its hash is of */
#define TOOL_FINGERPRINT_ALONE 256u /* so many tell a log without the inode: it was copied */

struct tool_log_seen {
    uint64_t inode;
    uint64_t length; /* bytes that the hash is of */
    uint8_t hash[SHA256_DIGEST_LENGTH];
    uint64_t offset; /* where the next line begins */
    bool grew;       /* in the last run */
    bool here;       /* in this one; not kept */
};

struct tool_stats_state {
    struct tool_counts counts;
    size_t log_count;
    struct tool_log_seen logs[TOOL_LOGS_MAX]; /* the newest last */
    int fd;                                   /* of the file, which is locked */
};

/*
 * Opens and locks it for one run; a file that is missing or empty begins anew. The state stands in
 * *out. False: why has words. tool_stats_state_end is called in either case.
 */
bool tool_stats_state_begin(const char *path, struct tool_stats_state *out, char *why,
                            size_t why_size);

/* Puts it in the place of the file. */
bool tool_stats_state_write(const char *path, const struct tool_stats_state *state, char *why,
                            size_t why_size);

void tool_stats_state_end(struct tool_stats_state *state);

/* ---- logs; fd is one that can be read at any offset ---- */

/* *seen: the one that the open file is, or NULL. False: that cannot be told. */
bool tool_stats_state_find(struct tool_stats_state *state, int fd, const struct stat *st,
                           struct tool_log_seen **seen);

/*
 * Remembers that the file was read up to offset; seen is what find said. False: it cannot, and the
 * counts are not to be kept either.
 */
bool tool_stats_state_note(struct tool_stats_state *state, struct tool_log_seen *seen, int fd,
                           const struct stat *st, uint64_t offset);

/* ---- its text, for the fuzzer as well ---- */

bool tool_stats_state_read(FILE *in, struct tool_stats_state *out);
void tool_stats_state_print(FILE *out, const void *state);

#endif
