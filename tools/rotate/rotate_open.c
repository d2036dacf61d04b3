/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/rotate_open.h"

#include <fcntl.h>
#include <openssl/crypto.h>

#include "tools/rotate/exchange.h"
#include "tools/rotate/in_place.h"
#include "tools/rotate/replace.h"

static ENV_RESULT look_for_sidecars(const struct tool_locked_file *locked, bool *found)
{
    *found = false;
    for (int kind = TOOL_SIDECAR_JOURNAL; kind <= TOOL_SIDECAR_EXCHANGE; kind++) {
        char name[NAME_MAX + 1];
        struct stat st;

        ENV_TRY(tool_sidecar_name(locked, (enum tool_sidecar)kind, name));
        if (fstatat(locked->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            *found = true;
    }
    return ENV_OK;
}

static ENV_RESULT put_right(const struct tool_rotation *rotation, struct tool_locked_file *locked,
                            bool *recovered)
{
    bool journal = false;
    bool exchange = false;
    bool new_file = false;

    ENV_TRY(tool_in_place_recover(locked, tool_header_opens, (void *)rotation->dek, &journal));
    ENV_TRY(tool_exchange_recover(locked, &exchange));
    ENV_TRY(tool_replacement_clean_up(locked, &new_file));
    *recovered = journal || exchange || new_file;
    return ENV_OK;
}

ENV_RESULT tool_rotate_open(const struct tool_rotation *rotation, struct tool_locked_file *locked,
                            bool *recovered)
{
    ENV_RESULT r;

    *recovered = false;
    ENV_TRY(tool_locked_file_open(locked, rotation->dry_run ? TOOL_LOCKED_FILE_LOOK
                                                            : TOOL_LOCKED_FILE_CHANGE));
    r = rotation->dry_run ? look_for_sidecars(locked, recovered)
                          : put_right(rotation, locked, recovered);
    if (!env_ok(r))
        tool_locked_file_close(locked);
    return r;
}

static ENV_RESULT judge(const struct env_errors *errors, struct tool_source *source,
                        struct tool_message *message)
{
    struct tool_failure failure;
    ENV_RESULT r = ENV_OK;
    bool ok = tool_message_read(source, message, &r, &failure);

    if (source->base64)
        return ENV_FAIL(ENV_R_MESSAGE_IN_BASE64);
    if (!ok)
        return ENV_RAISE(errors, ENV_R_FILE_FAILED, "read: %s", failure.text);
    ENV_TRY(r);
    return message->end == ENV_R_NONE ? ENV_OK : ENV_FAIL(message->end);
}

ENV_RESULT tool_rotate_read(const struct env_errors *errors, int fd, struct env_span memory,
                            struct tool_message **message)
{
    struct tool_source *source = OPENSSL_malloc(sizeof(*source));
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    *message = OPENSSL_malloc(sizeof(**message));
    if (source != NULL && *message != NULL) {
        if (fd >= 0)
            tool_source_of_fd(source, fd);
        else
            tool_source_of_memory(source, memory);
        r = judge(errors, source, *message);
    }
    OPENSSL_free(source);
    if (!env_ok(r)) {
        OPENSSL_free(*message);
        *message = NULL;
    }
    return r;
}
