/* SPDX-License-Identifier: Apache-2.0 */
/* Every key on the tokens that could be a KEK: which of them may open, and whether they can. */
#ifndef ENVELOPE_TOOL_CHECK_HERE_H
#define ENVELOPE_TOOL_CHECK_HERE_H

#include "tools/check/check_say.h"
#include "tools/common/report.h"

struct tool_check_here {
    size_t count;
    struct tool_check_key {
        struct env_kek *kek;
        struct env_kek_info info;
        struct tool_failure refusal; /* why it may not open; empty text: it may */
        bool fails;                  /* it could not open what a copy wrapped */
    } * list;
};

/* The KEKs that seal today. */
struct tool_check_sealing {
    size_t count;
    struct env_kek_id ids[ENV_KEK_RECIPIENTS_MAX];
};

/* Reads them; *out is to be cleared in either case. */
ENV_RESULT tool_check_here_read(struct tool_check *check, struct tool_check_here *here);
void tool_check_here_clear(struct tool_check_here *here);

static inline bool tool_check_key_opens(const struct tool_check_key *key)
{
    return key->refusal.text[0] == '\0' && !key->fails;
}

/* "'orders' (AES-256, reference 0102) of token 'kek'" */
#define TOOL_CHECK_KEY (ENV_KEK_TEXT * 2 + TOOL_REPORT_ID + 64)
const char *tool_check_key_named(const struct env_kek_info *info, char text[TOOL_CHECK_KEY]);

/* Warns of keys that may do more than a KEK should. */
void tool_check_uses(struct tool_check *check, const struct tool_check_here *here);

/* Checks keys that exist in several places: each must open what another one wrapped. */
void tool_check_copies(struct tool_check *check, struct tool_check_here *here,
                       const struct tool_check_sealing *sealing);

/* Warns if losing one place loses everything that a KEK protects. */
void tool_check_spares(struct tool_check *check, const struct tool_check_here *here,
                       const struct tool_check_sealing *sealing);

#endif
