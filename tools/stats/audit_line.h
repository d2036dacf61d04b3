/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses one line of an audit log (docs/AUDIT.md), as envelope/message/audit.c writes them. A
 * prefix from syslog, a collector or a program is skipped. Anyone who can write to the log may
 * write anything, so a line that is incomplete, or has a member of impossible length, counts as
 * broken.
 */
#ifndef ENVELOPE_TOOL_AUDIT_LINE_H
#define ENVELOPE_TOOL_AUDIT_LINE_H

#include "envelope/format/named_key.h"
#include "envelope/message/audit.h"

#define TOOL_AUDIT_LINE_MAX 65536u /* longest line in bytes; a longer one is broken */
#define TOOL_AUDIT_REASON_MAX 999999u
#define TOOL_AUDIT_TEXT (3 * ENV_KEK_TEXT) /* each byte that is not UTF-8 is written as U+FFFD */

/* Texts are UTF-8 and end with a NUL; "" if the line has null or no such member. */
struct tool_audit_line {
    enum env_audit_operation operation;
    char kek[2 * ENV_KEK_ID_MAX + 1]; /* hexadecimal */
    char label[TOOL_AUDIT_TEXT];
    char token[TOOL_AUDIT_TEXT];
    char named_key[ENV_NAMED_FULL_NAME];
    bool failed;
    bool gcm;        /* a data key was wrapped by AES-GCM */
    unsigned reason; /* 0: no reason */
    uint64_t count;  /* for seal-count */
    int64_t when;    /* seconds since 1970 */
};

enum tool_audit_kind {
    TOOL_AUDIT_USE,
    TOOL_AUDIT_OTHER,  /* not a line of an audit log, nor a part of one */
    TOOL_AUDIT_BROKEN, /* begins like one */
};

/* line is without its newline; room must have at least len bytes. */
enum tool_audit_kind tool_audit_line_read(const char *line, size_t len, char *room,
                                          struct tool_audit_line *out);

#endif
