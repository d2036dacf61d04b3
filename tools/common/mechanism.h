/* SPDX-License-Identifier: Apache-2.0 */
/* How DEKs are wrapped, as text. */
#ifndef ENVELOPE_TOOL_MECHANISM_H
#define ENVELOPE_TOOL_MECHANISM_H

#include "envelope/message/kek.h"

struct tool_mechanism {
    enum env_kek_type type;
    const char *words; /* "AES-256 key wrap (RFC 3394)" */
    char oid[48];
};

/* "unknown" for any other value. */
struct tool_mechanism tool_mechanism(enum env_wrap_alg alg);

/* "AES" or "RSA" */
const char *tool_kek_type(enum env_kek_type type);

#endif
