/* SPDX-License-Identifier: Apache-2.0 */
/* Which version of a KEK the next one follows: one that can seal. */
#ifndef ENVELOPE_TOOL_ROTATE_MODEL_H
#define ENVELOPE_TOOL_ROTATE_MODEL_H

#include "tools/kek/versions_seen.h"

struct tool_model {
    size_t like;     /* the newest one that is not passed over, or else the newest one */
    bool is_next;    /* that one's first day is still to come */
    int64_t covered; /* the last day on which one of them seals; 0: they have no end */
};

/* A version newer than the model, and why it never seals. */
typedef void tool_passed_over_fn(void *arg, const struct env_kek_info *info,
                                 const struct tool_failure *why);

/*
 * Judges versions, of which there is at least one, the newest first. What never seals is passed
 * over: as a model, as the next version, and for the days that are covered. A next version that
 * could not be tried is a failure, raised. dates_count: tool_would_seal.
 */
ENV_RESULT tool_model_find(struct tool_run *run, const struct tool_versions *versions,
                           bool dates_count, tool_passed_over_fn *passed_over, void *arg,
                           struct tool_model *out);

/*
 * Raises KEK_TOKEN_AWAY if a token of the configuration is not there: it may have copies of the
 * last version, or the next one.
 */
ENV_RESULT tool_tokens_are_there(struct tool_run *run);

/*
 * For a model that is the next version: raises KEK_GAP if no older version seals on some day from
 * today until its first.
 */
ENV_RESULT tool_model_check_gap(struct tool_run *run, const struct tool_versions *versions,
                                bool dates_count, struct tool_model *model);

/*
 * Whether the newest one may be one that another machine is making at this moment: it has no dates
 * yet, or no reference, or its other maker has not given way.
 */
bool tool_is_half_made(struct tool_run *run, const struct tool_versions *versions);

#endif
