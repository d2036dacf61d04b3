/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/sidecar.h"
#include "tools/files/byte_io.h"
#include "tools/files/keep.h"
#include "tools/files/place.h"

#define PART_TRIES 4u

bool tool_output_is_standard(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_input(const struct tool_input *input, const struct stat *st)
{
    return input->regular && same_inode(&input->file.seen, st);
}

/* ---- streams ---- */

static ENV_RESULT begin_standard(struct tool_output *output, const struct tool_input *input)
{
    struct stat st;

    output->standard = true;
    output->stream = true;
    output->file.fd = STDOUT_FILENO;
    if (fstat(STDOUT_FILENO, &st) != 0)
        return tool_locked_file_failed(&output->file, "stat of the standard output");
    return is_input(input, &st) ? ENV_FAIL(ENV_R_OUTPUT_IS_INPUT) : ENV_OK;
}

static ENV_RESULT begin_stream(struct tool_output *output)
{
    output->stream = true;
    do /* opening a pipe waits for a reader */
        output->file.fd = openat(output->file.dir, output->name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    while (output->file.fd < 0 && errno == EINTR);
    return output->file.fd >= 0 ? ENV_OK : tool_locked_file_failed(&output->file, "open");
}

/* ---- the temporary file ---- */

static ENV_RESULT has_part(const struct tool_output *output, int fd, bool *has)
{
    struct stat own;
    struct stat named;

    if (fstat(fd, &own) != 0)
        return tool_locked_file_failed(&output->file, "stat of the new file");
    *has = fstatat(output->file.dir, output->part, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           same_inode(&own, &named);
    return ENV_OK;
}

static ENV_RESULT judge_left_over(const struct tool_output *output, int fd)
{
    struct stat st;
    bool has = false;

    if (fstat(fd, &st) != 0)
        return tool_locked_file_failed(&output->file, "stat of the earlier temporary file");
    if (!S_ISREG(st.st_mode) || st.st_nlink > 1 || st.st_uid != geteuid())
        return ENV_RAISE(output->file.errors, ENV_R_FILE_UNSAFE,
                         "the file that has its new file's name (%s) is not one of ours",
                         output->part);
    ENV_TRY(tool_locked_file_lock(&output->file, fd)); /* a run in progress holds the lock */
    ENV_TRY(has_part(output, fd, &has));
    if (has && TEMP_FAILURE_RETRY(unlinkat(output->file.dir, output->part, 0)) != 0 &&
        errno != ENOENT)
        return tool_locked_file_failed(&output->file, "removal of the earlier temporary file");
    return ENV_OK;
}

/*
 * Removes a file that an interrupted run left under the temporary name; fails for any other file
 * there.
 */
static ENV_RESULT clear_left_over(const struct tool_output *output)
{
    int fd = tool_locked_file_open_beside(&output->file, output->part, O_RDWR);
    ENV_RESULT r;

    if (fd < 0 && errno == ENOENT)
        return ENV_OK;
    if (fd < 0)
        return tool_locked_file_failed(&output->file, "opening a file left by another run");
    r = judge_left_over(output, fd);
    (void)close(fd);
    return r;
}

static ENV_RESULT make_part(struct tool_output *output)
{
    const struct tool_locked_file *file = &output->file;
    bool has = false;

    for (unsigned i = 0; i < PART_TRIES && !has; i++) {
        int fd = tool_locked_file_open_beside(file, output->part, O_RDWR | O_CREAT | O_EXCL);
        ENV_RESULT r = ENV_OK;

        if (fd < 0 && errno != EEXIST)
            return tool_locked_file_failed(file, "making the new file");
        if (fd < 0) {
            ENV_TRY(clear_left_over(output));
            continue;
        }
        r = tool_locked_file_lock(file, fd);
        if (env_ok(r)) /* before we had the lock, another run may have removed it as a left-over */
            r = has_part(output, fd, &has);
        if (env_ok(r) && has)
            output->file.fd = fd;
        else
            (void)close(fd);
        ENV_TRY(r);
    }
    return has ? ENV_OK : ENV_FAIL(ENV_R_FILE_LOCKED);
}

/* ---- an existing file with the output's name ---- */

/* Whether it may be replaced. */
static ENV_RESULT judge_named(const struct tool_output *output, const struct tool_input *input,
                              bool *exists)
{
    struct stat st;

    *exists = fstatat(output->file.dir, output->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*exists)
        return errno == ENOENT ? ENV_OK : tool_locked_file_failed(&output->file, "stat");
    if (is_input(input, &st))
        return ENV_FAIL(ENV_R_OUTPUT_IS_INPUT);
    if (!output->force)
        return ENV_FAIL(ENV_R_OUTPUT_EXISTS);
    if (S_ISLNK(st.st_mode))
        return ENV_RAISE(output->file.errors, ENV_R_FILE_UNSAFE,
                         "the output is a symbolic link, which is not followed");
    if (!S_ISREG(st.st_mode))
        return ENV_RAISE(output->file.errors, ENV_R_FILE_UNSAFE,
                         "the output is %s, and was not replaced",
                         S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
    return ENV_OK;
}

/* A pipe or a character device, also through a link, is written to and not replaced. */
static bool leads_to_stream(const struct tool_output *output)
{
    struct stat st;

    return fstatat(output->file.dir, output->name, &st, 0) == 0 &&
           (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

ENV_RESULT tool_output_begin(const struct env_errors *errors, const char *path, bool force,
                             const struct tool_input *input, struct tool_output *output)
{
    bool exists = false;

    memset(output, 0, sizeof(*output));
    output->file =
        (struct tool_locked_file){.errors = errors, .dir = -1, .name = output->name, .fd = -1};
    output->force = force;
    if (tool_output_is_standard(path))
        return begin_standard(output, input);
    ENV_TRY(tool_place_find(errors, path, &output->file.dir, output->name));
    if (leads_to_stream(output))
        return begin_stream(output);
    ENV_TRY(judge_named(output, input, &exists));
    ENV_TRY(tool_sidecar_name(&output->file, TOOL_SIDECAR_PART, output->part));
    return make_part(output);
}

ENV_RESULT tool_output_append(struct tool_output *output, struct env_span bytes)
{
    if (output->stream)
        ENV_TRY(tool_write_all(output->file.errors, output->file.fd, bytes));
    else
        ENV_TRY(
            tool_locked_file_write(&output->file, output->file.fd, (off_t)output->written, bytes));
    output->written += bytes.len;
    return ENV_OK;
}

/* ---- the final name ---- */

ENV_RESULT tool_output_complete(struct tool_output *output, const struct tool_input *input)
{
    if (output->stream)
        return ENV_OK;
    ENV_TRY(tool_keep_of_input(input, output->file.fd));
    return tool_locked_file_sync(&output->file, output->file.fd);
}

/* For kernels and file systems that cannot rename without replacing. */
static ENV_RESULT place_by_link(struct tool_output *output)
{
    const int dir = output->file.dir;
    struct stat st;

    if (linkat(dir, output->part, dir, output->name, 0) == 0) {
        if (TEMP_FAILURE_RETRY(unlinkat(dir, output->part, 0)) != 0)
            return tool_locked_file_failed(&output->file, "removal of its other name");
        return ENV_OK;
    }
    if (errno == EEXIST)
        return ENV_FAIL(ENV_R_OUTPUT_EXISTS);
    /* no hard links either: all that is left is to check before renaming */
    if (fstatat(dir, output->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return ENV_FAIL(ENV_R_OUTPUT_EXISTS);
    if (renameat(dir, output->part, dir, output->name) != 0)
        return tool_locked_file_failed(&output->file, "rename");
    return ENV_OK;
}

static ENV_RESULT place_at_free_name(struct tool_output *output)
{
    const int dir = output->file.dir;

    if (TEMP_FAILURE_RETRY(renameat2(dir, output->part, dir, output->name, RENAME_NOREPLACE)) == 0)
        return ENV_OK;
    if (errno == EEXIST)
        return ENV_FAIL(ENV_R_OUTPUT_EXISTS);
    if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
        return place_by_link(output);
    return tool_locked_file_failed(&output->file, "rename");
}

ENV_RESULT tool_output_place(struct tool_output *output, const struct tool_input *input)
{
    const int dir = output->file.dir;
    bool exists = false;

    if (output->stream)
        return ENV_OK;
    ENV_TRY(judge_named(output, input, &exists));
    if (!exists)
        ENV_TRY(place_at_free_name(output));
    else if (TEMP_FAILURE_RETRY(renameat(dir, output->part, dir, output->name)) != 0)
        return tool_locked_file_failed(&output->file, "rename");
    output->part[0] = '\0';
    output->placed = true;
    return tool_locked_file_sync_dir(&output->file);
}

void tool_output_end(struct tool_output *output)
{
    bool has = false;

    if (output->file.fd >= 0 && !output->stream && output->part[0] != '\0') {
        ENV_RESULT r = has_part(output, output->file.fd, &has);

        if (env_ok(r) && has)
            (void)unlinkat(output->file.dir, output->part, 0);
    }
    if (output->file.fd >= 0 && !output->standard)
        (void)close(output->file.fd);
    if (output->file.dir >= 0)
        (void)close(output->file.dir);
    output->file.fd = -1;
    output->file.dir = -1;
}
