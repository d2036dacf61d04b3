/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/rotate_model.h"

#include "tools/common/would_seal.h"

struct search {
    struct tool_run *run;
    const struct tool_versions *versions;
    bool dates_count;
    bool found; /* the model */
    struct tool_model *model;
};

/* Why that one does not seal; its last day alone does not keep it from being a model. */
static bool may_be_model(enum env_reason reason)
{
    return !tool_never_seals(reason) || reason == ENV_R_KEK_EXPIRED;
}

/* Of an older one only its days matter, and these only where they would add something. */
static bool matters(const struct search *s, const struct env_dates *dates)
{
    return !s->found ||
           (s->model->covered != 0 && (dates->last == 0 || dates->last > s->model->covered));
}

static void cover(struct tool_model *model, const struct env_dates *dates)
{
    if (dates->last == 0)
        model->covered = 0;
    else if (model->covered != 0 && dates->last > model->covered)
        model->covered = dates->last;
}

/* Copies seal on the days that all of them have. */
static struct env_dates dates_of(const struct tool_versions *versions, size_t i)
{
    struct env_dates all = versions->list[i].info.dates;

    for (size_t j = i + tool_versions_copies(versions, i); j-- > i;)
        all = env_dates_both(&all, &versions->list[j].info.dates);
    return all;
}

static ENV_RESULT judge(struct search *s, size_t i, tool_passed_over_fn *passed_over, void *arg)
{
    const struct env_kek_info *info = &s->versions->list[i].info;
    const struct env_dates dates = dates_of(s->versions, i);
    const bool is_next = dates.first > env_date_today();
    struct tool_failure why;
    ENV_RESULT r;

    if (!matters(s, &dates))
        return ENV_OK;
    r = tool_would_seal(s->run, info, s->dates_count);
    if (!env_ok(r) && !tool_never_seals(r.reason) && !s->found && is_next)
        return r;
    if (!env_ok(r))
        tool_failure_take(r, &why);
    if (may_be_model(r.reason)) {
        if (!s->found) {
            s->model->like = i;
            s->model->is_next = is_next;
        }
        s->found = true;
        cover(s->model, &dates);
    } else if (!s->found) {
        passed_over(arg, info, &why);
    }
    return ENV_OK;
}

ENV_RESULT tool_model_find(struct tool_run *run, const struct tool_versions *versions,
                           bool dates_count, tool_passed_over_fn *passed_over, void *arg,
                           struct tool_model *out)
{
    struct search s = {run, versions, dates_count, false, out};

    *out = (struct tool_model){.covered = 1};
    for (size_t i = 0; i < versions->count; i += tool_versions_copies(versions, i)) {
        /* two keys of one label have been judged together */
        if (i == 0 || versions->list[i].number != versions->list[i - 1].number)
            ENV_TRY(judge(&s, i, passed_over, arg));
    }
    return ENV_OK;
}

bool tool_is_half_made(struct tool_run *run, const struct tool_versions *versions)
{
    const struct env_kek_info *newest = &versions->list[0].info;
    struct tool_failure ignored;
    ENV_RESULT r;

    if (newest->dates.unread || newest->id.len == 0)
        return true;
    if (newest->dates.first <= env_date_today())
        return false;
    r = tool_would_seal(run, newest, false);
    if (!env_ok(r))
        tool_failure_take(r, &ignored);
    return r.reason == ENV_R_KEK_AMBIGUOUS || r.reason == ENV_R_KEK_NOT_FOUND;
}
