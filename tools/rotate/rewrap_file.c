/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/rewrap_file.h"

#include <openssl/crypto.h>

#include "tools/rotate/in_place.h"
#include "tools/rotate/replace.h"
#include "tools/rotate/rotate_open.h"

static ENV_RESULT replace(const struct tool_locked_file *locked, size_t old_len,
                          struct env_span new_header)
{
    struct tool_replacement replacement;
    ENV_RESULT r;

    ENV_TRY(tool_replacement_begin(locked, &replacement));
    r = tool_replacement_append(&replacement, new_header);
    if (env_ok(r))
        r = tool_replacement_append_rest(&replacement, (off_t)old_len);
    if (env_ok(r))
        r = tool_replacement_commit(&replacement);
    tool_replacement_end(&replacement);
    return r;
}

static ENV_RESULT rewrap(const struct tool_rotation *rotation,
                         const struct tool_locked_file *locked, struct env_span der,
                         enum tool_rotated *done)
{
    struct env_span new_header = {NULL, 0};
    uint8_t *new_der = NULL;
    ENV_RESULT r = ENV_OK;

    ENV_TRY(tool_new_header(rotation, der, &new_der, &new_header.len));
    if (new_der == NULL)
        return ENV_OK;
    new_header.data = new_der;
    *done = new_header.len == der.len ? TOOL_ROTATED_IN_PLACE : TOOL_ROTATED_REPLACED;
    if (!rotation->dry_run && *done == TOOL_ROTATED_IN_PLACE)
        r = tool_in_place_change(locked, der, new_header);
    else if (*done == TOOL_ROTATED_REPLACED)
        r = rotation->dry_run ? tool_replacement_allowed(locked)
                              : replace(locked, der.len, new_header);
    OPENSSL_free(new_der);
    return r;
}

ENV_RESULT tool_rewrap_file(const struct tool_rotation *rotation, struct tool_locked_file *locked,
                            struct tool_rotated_file *result)
{
    struct tool_message *message = NULL;
    ENV_RESULT r;

    result->done = TOOL_ROTATED_NOT;
    ENV_TRY(tool_rotate_open(rotation, locked, &result->recovered));
    r = tool_rotate_read(locked->errors, locked->fd, (struct env_span){NULL, 0}, &message);
    if (env_ok(r))
        r = rewrap(rotation, locked, message->der, &result->done);
    OPENSSL_free(message);
    tool_locked_file_close(locked);
    return r;
}
