/* SPDX-License-Identifier: Apache-2.0 */
/* Which named key the audit log names for a header that is opened or written. */
#ifndef ENVELOPE_TOOL_SUBJECT_H
#define ENVELOPE_TOOL_SUBJECT_H

#include "envelope/format/header.h"
#include "envelope/format/named_key.h"
#include "envelope/message/audit.h"

struct tool_subject {
    struct env_audit_subject subject;
    char named_key[ENV_NAMED_FULL_NAME];
};

/*
 * The subject, stored in room; NULL: the header is not a key file's. Its name is the one in the
 * file, as in every line about a file that is not open yet.
 */
const struct env_audit_subject *tool_subject_of(const struct env_header *header,
                                                enum env_audit_operation operation,
                                                struct tool_subject *room);

#endif
