/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/subject.h"

const struct env_audit_subject *tool_subject_of(const struct env_header *header,
                                                enum env_audit_operation operation,
                                                struct tool_subject *room)
{
    struct env_named_clear clear;

    if (header->content != ENV_CONTENT_NAMED_KEY ||
        !env_ok(env_named_clear_decode(header->parameters, &clear)))
        return NULL;
    env_named_full_name(clear.name, clear.number, room->named_key);
    room->subject = (struct env_audit_subject){operation, room->named_key, NULL};
    return &room->subject;
}
