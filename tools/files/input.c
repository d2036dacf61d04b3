/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools/files/byte_io.h"
#include "tools/files/interrupt.h"
#include "tools/files/place.h"

bool tool_input_is_standard(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

static ENV_RESULT look(struct tool_input *input)
{
    if (fstat(input->file.fd, &input->file.seen) != 0)
        return tool_locked_file_failed(&input->file, "stat");
    if (S_ISDIR(input->file.seen.st_mode))
        return ENV_RAISE(input->file.errors, ENV_R_FILE_UNSAFE,
                         "a directory: pack it into one file with tar");
    input->regular = S_ISREG(input->file.seen.st_mode);
    return ENV_OK;
}

ENV_RESULT tool_input_open(const struct env_errors *errors, const char *path,
                           struct tool_input *input)
{
    struct stat st;

    memset(input, 0, sizeof(*input));
    input->file =
        (struct tool_locked_file){.errors = errors, .dir = -1, .name = input->name, .fd = -1};
    input->standard = tool_input_is_standard(path);
    if (input->standard) {
        off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);

        input->file.fd = STDIN_FILENO;
        input->from = at > 0 ? (uint64_t)at : 0;
        input->at = input->from;
        return look(input);
    }
    ENV_TRY(tool_place_find(errors, path, &input->file.dir, input->name));
    input->link =
        fstatat(input->file.dir, input->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    do /* opening a pipe waits for a writer */
        input->file.fd = openat(input->file.dir, input->name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    while (input->file.fd < 0 && errno == EINTR && !tool_interrupt_seen());
    if (input->file.fd < 0)
        return tool_locked_file_failed(&input->file, "open");
    return look(input);
}

void tool_input_close(struct tool_input *input)
{
    if (!input->standard && input->file.fd >= 0)
        (void)close(input->file.fd);
    if (input->file.dir >= 0)
        (void)close(input->file.dir);
    input->file.fd = -1;
    input->file.dir = -1;
}

ENV_RESULT tool_input_read(struct tool_input *input, uint8_t *to, size_t size, size_t *got)
{
    if (!input->regular)
        return tool_read_some(input->file.errors, input->file.fd, to, size, got);
    if (tool_interrupt_seen())
        return ENV_FAIL(ENV_R_STOPPED);
    ENV_TRY(tool_locked_file_read(&input->file, (off_t)input->at, to, size, got));
    input->at += *got;
    return ENV_OK;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

ENV_RESULT tool_input_unchanged(const struct tool_input *input)
{
    const struct stat *seen = &input->file.seen;
    struct stat now;

    if (!input->regular)
        return ENV_OK;
    if (fstat(input->file.fd, &now) != 0)
        return tool_locked_file_failed(&input->file, "stat");
    /* the change time is ignored: giving the file another name does not change its content */
    if (now.st_size == seen->st_size && same_time(&now.st_mtim, &seen->st_mtim))
        return ENV_OK;
    return ENV_RAISE(input->file.errors, ENV_R_FILE_CHANGED,
                     "it was written to while it was being read");
}

ENV_RESULT tool_input_removable(const struct tool_input *input)
{
    const struct env_errors *errors = input->file.errors;

    if (input->standard || !input->regular)
        return ENV_RAISE(errors, ENV_R_SOURCE_STAYS, "it is not a regular file, or has no name");
    if (input->link)
        return ENV_RAISE(errors, ENV_R_SOURCE_STAYS, "the name is a symbolic link");
    if (input->file.seen.st_nlink != 1)
        return ENV_RAISE(errors, ENV_R_SOURCE_STAYS, "it has %lu names (hard links)",
                         (unsigned long)input->file.seen.st_nlink);
    return ENV_OK;
}

ENV_RESULT tool_input_remove(const struct tool_input *input)
{
    struct stat now;

    if (fstat(input->file.fd, &now) != 0)
        return tool_locked_file_failed(&input->file, "stat");
    if (now.st_nlink != 1)
        return ENV_RAISE(input->file.errors, ENV_R_SOURCE_STAYS,
                         "it was renamed or removed in the meantime");
    ENV_TRY(tool_locked_file_unchanged(&input->file));
    if (TEMP_FAILURE_RETRY(unlinkat(input->file.dir, input->name, 0)) != 0)
        return tool_locked_file_failed(&input->file, "removal of the source");
    return tool_locked_file_sync_dir(&input->file);
}
