/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stats/state.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tools/stats/write_file.h"

/* ---- logs ---- */

/* A hash of its first bytes. False: it is shorter, cannot be read, or there is no memory. */
static bool fingerprint(int fd, size_t len, uint8_t hash[SHA256_DIGEST_LENGTH])
{
    uint8_t bytes[TOOL_FINGERPRINT_MAX];
    size_t have = 0;

    while (have < len) {
        ssize_t n = TEMP_FAILURE_RETRY(pread(fd, bytes + have, len - have, (off_t)have));

        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return EVP_Digest(bytes, len, hash, NULL, EVP_sha256(), NULL) == 1;
}

/* False: it cannot be determined. */
static bool compare(const struct tool_log_seen *seen, int fd, const struct stat *st, bool *same)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];

    *same = (seen->inode == st->st_ino || seen->length >= TOOL_FINGERPRINT_ALONE) &&
            seen->length <= (uint64_t)st->st_size;
    if (!*same)
        return true;
    if (!fingerprint(fd, (size_t)seen->length, hash))
        return false;
    *same = memcmp(hash, seen->hash, sizeof(hash)) == 0;
    return true;
}

bool tool_stats_state_find(struct tool_stats_state *state, int fd, const struct stat *st,
                           struct tool_log_seen **seen)
{
    *seen = NULL;
    for (size_t i = state->log_count; i > 0 && *seen == NULL; i--) {
        bool same;

        if (!compare(&state->logs[i - 1], fd, st, &same))
            return false;
        if (same)
            *seen = &state->logs[i - 1];
    }
    return true;
}

bool tool_stats_state_note(struct tool_stats_state *state, struct tool_log_seen *seen, int fd,
                           const struct stat *st, uint64_t offset)
{
    struct tool_log_seen now = {.inode = st->st_ino, .offset = offset, .here = true};

    if (offset == 0)
        return true; /* nothing identifies it */
    now.length = offset < TOOL_FINGERPRINT_MAX ? offset : TOOL_FINGERPRINT_MAX;
    now.grew = seen == NULL || seen->offset < offset;
    if (!fingerprint(fd, (size_t)now.length, now.hash))
        return false;
    if (seen != NULL) {
        *seen = now;
        return true;
    }
    if (state->log_count == TOOL_LOGS_MAX) {
        memmove(state->logs, state->logs + 1, (TOOL_LOGS_MAX - 1) * sizeof(state->logs[0]));
        state->log_count--;
    }
    state->logs[state->log_count++] = now;
    return true;
}

/* ---- the file ---- */

/* Another run may have replaced the file while this one waited for the lock. */
static int open_locked(const char *path)
{
    for (;;) {
        struct stat ours;
        struct stat there;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

        if (fd < 0)
            return -1;
        if (TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) != 0 || fstat(fd, &ours) != 0) {
            (void)close(fd);
            return -1;
        }
        if (!S_ISREG(ours.st_mode)) {
            (void)close(fd);
            errno = EINVAL;
            return -1;
        }
        if (stat(path, &there) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev)
            return fd;
        (void)close(fd);
    }
}

static bool read_all(int fd, struct tool_stats_state *out)
{
    int again = dup(fd);
    FILE *in = again >= 0 ? fdopen(again, "r") : NULL;
    bool ok;

    if (in == NULL) {
        if (again >= 0)
            (void)close(again);
        return false;
    }
    errno = 0;
    ok = tool_stats_state_read(in, out);
    (void)fclose(in);
    return ok;
}

bool tool_stats_state_begin(const char *path, struct tool_stats_state *out, char *why,
                            size_t why_size)
{
    memset(out, 0, sizeof(*out));
    out->fd = open_locked(path);
    if (out->fd < 0) {
        (void)snprintf(why, why_size, "%s: %s", path, strerrordesc_np(errno));
        return false;
    }
    if (read_all(out->fd, out))
        return true;
    (void)snprintf(why, why_size,
                   "%s is not a state file of envelope stats, or incomplete: move it away, and all "
                   "counts start from zero",
                   path);
    return false;
}

bool tool_stats_state_write(const char *path, const struct tool_stats_state *state, char *why,
                            size_t why_size)
{
    return tool_write_file(path, 0600, tool_stats_state_print, state, why, why_size);
}

void tool_stats_state_end(struct tool_stats_state *state)
{
    tool_counts_clear(&state->counts);
    if (state->fd >= 0)
        (void)close(state->fd);
    state->fd = -1;
}
