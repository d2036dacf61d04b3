/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of an audit log (docs/AUDIT.md), read: envelope/message/audit.c writes them. What
 * syslog, a collector or a program's own words put before it is passed over. Whoever writes to a
 * log may have written anything: what is no whole line, with members of the lengths that they can
 * have, is broken.
 */
#ifndef ENVELOPE_TOOL_AUDIT_LINE_H
#define ENVELOPE_TOOL_AUDIT_LINE_H

#include "envelope/format/named_key.h"
#include "envelope/message/audit.h"

#define TOOL_AUDIT_LINE_MAX 65536u /* bytes of a line; longer ones are broken */
#define TOOL_AUDIT_REASON_MAX 999999u
#define TOOL_AUDIT_TEXT (3 * ENV_KEK_TEXT) /* a byte that is not UTF-8 is written as U+FFFD */

/* Texts are UTF-8 and end with a NUL; "" where the line has null or nothing. */
struct tool_audit_line {
    enum env_audit_operation operation;
    char kek[2 * ENV_KEK_ID_MAX + 1]; /* hexadecimal */
    char label[TOOL_AUDIT_TEXT];
    char token[TOOL_AUDIT_TEXT];
    char named_key[ENV_NAMED_FULL_NAME];
    bool failed;
    bool gcm;        /* a data key was wrapped by AES-GCM */
    unsigned reason; /* 0: none is said */
    uint64_t count;  /* of seal-count */
    int64_t when;    /* seconds since 1970 */
};

enum tool_audit_kind {
    TOOL_AUDIT_USE,
    TOOL_AUDIT_OTHER,  /* no line of an audit log, nor a piece of one */
    TOOL_AUDIT_BROKEN, /* begins like one */
};

/* room is for len bytes at least; the line is without its newline. */
enum tool_audit_kind tool_audit_line_read(const char *line, size_t len, char *room,
                                          struct tool_audit_line *out);

#endif
