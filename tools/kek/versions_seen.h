/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of a KEK on each of the configured tokens. */
#ifndef ENVELOPE_TOOL_VERSIONS_SEEN_H
#define ENVELOPE_TOOL_VERSIONS_SEEN_H

#include "tools/common/run.h"

#define TOOL_VERSION_LABEL (ENV_KEK_TEXT + 16u)

struct tool_version {
    struct env_kek *kek; /* on one token */
    struct env_kek_info info;
    uint32_t number;
};

/* Newest first; versions with the same number are sorted by reference and token. */
struct tool_versions {
    size_t count;
    size_t room;
    struct tool_version *list;
};

/*
 * Reads NAME, or NAME followed by a slash and an asterisk, from the command line, as NAME. False:
 * it is not such a name, which was reported.
 */
bool tool_version_name(const struct tool_run *run, const char *operand, char name[ENV_KEK_TEXT]);

/* Cleared in either case. Finding none is success. */
ENV_RESULT tool_versions_read(struct tool_run *run, const char *name, struct tool_versions *out);
void tool_versions_clear(struct tool_versions *versions);

/* How many keys, from the i-th on, are the same key on several tokens. */
size_t tool_versions_copies(const struct tool_versions *versions, size_t i);

/* The days of the i-th, the first of its copies. Copies seal on the days that all of them have. */
struct env_dates tool_versions_dates(const struct tool_versions *versions, size_t i);

#endif
