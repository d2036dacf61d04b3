/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/read_item.h"

#include <fcntl.h>
#include <unistd.h>

bool tool_item_read(const struct tool_item *item, struct tool_source *source,
                    struct tool_message *message, ENV_RESULT *r, struct tool_failure *failure)
{
    const char *why = NULL;
    int fd;

    if (item->kind == TOOL_ITEM_LINE) {
        tool_source_of_memory(source, (struct env_span){item->bytes, item->len});
    } else {
        fd = tool_entry_open(&item->entry, O_RDONLY, &why);
        tool_source_of_fd(source, fd);
        if (fd < 0) {
            tool_failure_set(failure, "%s", why);
            return false;
        }
    }
    return tool_message_read(source, message, r, failure);
}

void tool_item_close(struct tool_source *source)
{
    if (source->fd >= 0)
        (void)close(source->fd);
    source->fd = -1;
}
