/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/copy_rest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <unistd.h>

#define PIECE (1024u * 1024u)

static ENV_RESULT ended_early(const struct tool_locked_file *locked)
{
    return ENV_RAISE(locked->errors, ENV_R_FILE_CHANGED, "it became shorter");
}

/* Reads and writes, for file systems without copy_file_range. */
static ENV_RESULT copy_by_hand(const struct tool_locked_file *locked, off_t from, off_t end, int fd,
                               off_t to)
{
    uint8_t *piece = OPENSSL_malloc(PIECE);
    ENV_RESULT r = piece != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);

    while (env_ok(r) && from < end) {
        size_t wanted = end - from < (off_t)PIECE ? (size_t)(end - from) : PIECE;
        size_t got = 0;

        r = tool_locked_file_read(locked, from, piece, wanted, &got);
        if (env_ok(r) && got < wanted)
            r = ended_early(locked);
        if (env_ok(r))
            r = tool_locked_file_write(locked, fd, to, (struct env_span){piece, got});
        from += (off_t)got;
        to += (off_t)got;
    }
    OPENSSL_free(piece);
    return r;
}

static bool kernel_can_not(int code)
{
    return code == EXDEV || code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EBADF;
}

static ENV_RESULT copy_data(const struct tool_locked_file *locked, off_t from, off_t end, int fd,
                            off_t to)
{
    while (from < end) {
        ssize_t n = copy_file_range(locked->fd, &from, fd, &to, (size_t)(end - from), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && kernel_can_not(errno))
            return copy_by_hand(locked, from, end, fd, to);
        if (n < 0)
            return tool_locked_file_failed(locked, "copying its body");
        if (n == 0) /* the end, or a file system with a wrong size */
            return copy_by_hand(locked, from, end, fd, to);
    }
    return ENV_OK;
}

/* The next data at or after *start; if there is none, *start is set to the end of the file. */
static ENV_RESULT next_data(const struct tool_locked_file *locked, off_t *start, off_t *end)
{
    off_t size = locked->seen.st_size;
    off_t data = lseek(locked->fd, *start, SEEK_DATA);

    if (data < 0 && errno != ENXIO && errno != EINVAL)
        return tool_locked_file_failed(locked, "looking for its holes");
    if (data < 0 && errno == EINVAL)
        data = *start; /* the file system has no holes */
    else if (data < 0 || data > size)
        data = size;
    *start = data;
    *end = data < size ? lseek(locked->fd, data, SEEK_HOLE) : size;
    if (*end < 0 || *end > size)
        *end = size;
    return ENV_OK;
}

ENV_RESULT tool_copy_rest(const struct tool_locked_file *locked, off_t from, int fd, off_t to)
{
    const off_t size = locked->seen.st_size;
    const off_t shift = to - from;

    while (from < size) {
        off_t end = size;

        ENV_TRY(next_data(locked, &from, &end));
        ENV_TRY(copy_data(locked, from, end, fd, from + shift));
        from = end;
    }
    if (TEMP_FAILURE_RETRY(ftruncate(fd, size + shift)) != 0)
        return tool_locked_file_failed(locked, "setting the length of its new file");
    return ENV_OK;
}
