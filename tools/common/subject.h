/* SPDX-License-Identifier: Apache-2.0 */
/* What the audit log says of a header that is opened or written: which named key's it is. */
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
 * The subject, which lies in room; NULL: the header is no key file's. Its name is what the file
 * says, as in every line about a file that is not open yet.
 */
const struct env_audit_subject *tool_subject_of(const struct env_header *header,
                                                enum env_audit_operation operation,
                                                struct tool_subject *room);

#endif
