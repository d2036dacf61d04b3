/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/reencrypt_file.h"

#include <openssl/crypto.h>

#include "tools/rotate/reencrypt.h"
#include "tools/rotate/replace.h"
#include "tools/rotate/rotate_open.h"

struct files {
    const struct tool_locked_file *locked;
    struct tool_replacement replacement;
};

static ENV_RESULT read_old(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got)
{
    const struct files *files = arg;

    return tool_locked_file_read(files->locked, (off_t)offset, to, len, got);
}

static ENV_RESULT append_new(void *arg, struct env_span bytes)
{
    struct files *files = arg;

    return tool_replacement_append(&files->replacement, bytes);
}

static ENV_RESULT replace(struct files *files, struct tool_reencryption *re)
{
    ENV_RESULT r;

    ENV_TRY(tool_replacement_begin(files->locked, &files->replacement));
    r = tool_reencryption_run(re);
    if (env_ok(r))
        r = tool_replacement_commit(&files->replacement);
    tool_replacement_end(&files->replacement);
    return r;
}

static ENV_RESULT reencrypt(const struct tool_rotation *rotation,
                            const struct tool_locked_file *locked,
                            const struct tool_message *message)
{
    struct files files = {.locked = locked};
    const struct tool_reencrypt_io io = {read_old, append_new, &files};
    struct tool_reencryption *re = NULL;
    ENV_RESULT r;

    ENV_TRY(tool_reencryption_new(rotation, message, rotation->context, &io, &re));
    r = rotation->dry_run ? tool_replacement_allowed(locked) : replace(&files, re);
    tool_reencryption_free(re);
    return r;
}

ENV_RESULT tool_reencrypt_file(const struct tool_rotation *rotation,
                               struct tool_locked_file *locked, struct tool_rotated_file *result)
{
    struct tool_message *message = NULL;
    ENV_RESULT r;

    result->done = TOOL_ROTATED_REPLACED;
    ENV_TRY(tool_rotate_open(rotation, locked, &result->recovered));
    r = tool_rotate_read(locked->errors, locked->fd, (struct env_span){NULL, 0}, &message);
    if (env_ok(r))
        r = reencrypt(rotation, locked, message);
    OPENSSL_free(message);
    tool_locked_file_close(locked);
    return r;
}
