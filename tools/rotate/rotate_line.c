/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/rotate_line.h"

#include <openssl/crypto.h>
#include <string.h>

#include "tools/rotate/reencrypt.h"
#include "tools/rotate/rotate_open.h"

static ENV_RESULT read_item(const struct tool_rotation *rotation, const struct tool_item *item,
                            struct tool_message **message)
{
    return tool_rotate_read(rotation->dek->errors, -1, (struct env_span){item->bytes, item->len},
                            message);
}

static ENV_RESULT write_item(const struct tool_item *item, struct env_span bytes, char **line,
                             size_t *line_len)
{
    return tool_row_write(item->text, item->text_len, item->place, bytes, line, line_len);
}

/* ---- re-wrapping ---- */

static ENV_RESULT join(const struct tool_item *item, struct env_span header, size_t old_len,
                       char **line, size_t *line_len)
{
    size_t rest = item->len - old_len;
    uint8_t *bytes = OPENSSL_malloc(header.len + rest);
    ENV_RESULT r;

    if (bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    memcpy(bytes, header.data, header.len);
    memcpy(bytes + header.len, item->bytes + old_len, rest);
    r = write_item(item, (struct env_span){bytes, header.len + rest}, line, line_len);
    OPENSSL_free(bytes);
    return r;
}

ENV_RESULT tool_rewrap_line(const struct tool_rotation *rotation, const struct tool_item *item,
                            char **line, size_t *line_len)
{
    struct tool_message *message = NULL;
    struct env_span header = {NULL, 0};
    uint8_t *new_der = NULL;
    ENV_RESULT r;

    *line = NULL;
    ENV_TRY(read_item(rotation, item, &message));
    r = tool_new_header(rotation, message->der, &new_der, &header.len);
    header.data = new_der;
    if (env_ok(r) && new_der != NULL)
        r = join(item, header, message->der.len, line, line_len);
    OPENSSL_free(new_der);
    OPENSSL_free(message);
    return r;
}

/* ---- re-encrypting ---- */

struct memory {
    struct env_span old;
    uint8_t *bytes;
    size_t len;
    size_t room;
};

static ENV_RESULT read_old(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got)
{
    const struct memory *memory = arg;
    size_t at = offset < memory->old.len ? (size_t)offset : memory->old.len;

    *got = memory->old.len - at < len ? memory->old.len - at : len;
    memcpy(to, memory->old.data + at, *got);
    return ENV_OK;
}

static ENV_RESULT append_new(void *arg, struct env_span bytes)
{
    struct memory *memory = arg;

    if (bytes.len > memory->room - memory->len) {
        size_t room = 2 * (memory->len + bytes.len);
        uint8_t *grown = OPENSSL_realloc(memory->bytes, room);

        if (grown == NULL)
            return ENV_FAIL(ENV_R_NO_MEMORY);
        memory->bytes = grown;
        memory->room = room;
    }
    memcpy(memory->bytes + memory->len, bytes.data, bytes.len);
    memory->len += bytes.len;
    return ENV_OK;
}

ENV_RESULT tool_reencrypt_line(const struct tool_rotation *rotation, const struct tool_item *item,
                               char **line, size_t *line_len)
{
    struct memory memory = {.old = {item->bytes, item->len}};
    const struct tool_reencrypt_io io = {read_old, append_new, &memory};
    struct tool_reencryption *re = NULL;
    struct tool_message *message = NULL;
    ENV_RESULT r;

    *line = NULL;
    ENV_TRY(read_item(rotation, item, &message));
    r = tool_reencryption_new(rotation, message, tool_item_context(item, rotation->context), &io,
                              &re);
    if (env_ok(r))
        r = tool_reencryption_run(re);
    if (env_ok(r))
        r = write_item(item, (struct env_span){memory.bytes, memory.len}, line, line_len);
    tool_reencryption_free(re);
    OPENSSL_free(memory.bytes);
    OPENSSL_free(message);
    return r;
}
