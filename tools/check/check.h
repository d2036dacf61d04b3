/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of envelope check, and how each is told. */
#ifndef ENVELOPE_TOOL_CHECK_H
#define ENVELOPE_TOOL_CHECK_H

#include "tools/common/run.h"

enum tool_check_level {
    TOOL_CHECK_OK,
    TOOL_CHECK_WARNING,
    TOOL_CHECK_FAILED,
};

struct tool_check {
    struct tool_run *run;
    struct tool_settings settings; /* in a library context of its own, for looking at */
    uint64_t said[3];              /* by level */
};

/* One thing that was looked at. way_out may be NULL. */
void tool_check_say(struct tool_check *check, enum tool_check_level level, const char *step,
                    const char *way_out, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The file, its section, its values. False: nothing further makes sense. */
bool tool_check_configuration(struct tool_check *check);

/* The provider's module, loaded as programs do, and who offers AES-GCM beside it. */
void tool_check_provider(struct tool_check *check);

/* PKCS#11 modules, tokens, login. False when one of them failed. */
bool tool_check_tokens(struct tool_check *check);

/* Each KEK that seals, each that may open, and how many have to be lost to lose everything. */
void tool_check_keks(struct tool_check *check);

#endif
