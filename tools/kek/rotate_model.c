/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/rotate_model.h"

#include "keymgmt/token/token_probe.h"
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

static ENV_RESULT judge(struct search *s, size_t i, tool_passed_over_fn *passed_over, void *arg)
{
    const struct env_kek_info *info = &s->versions->list[i].info;
    const struct env_dates dates = tool_versions_dates(s->versions, i);
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

/* Where kek names it on one token by a URI, the other tokens have none of its versions. */
ENV_RESULT tool_tokens_are_there(struct tool_run *run)
{
    const struct env_config *config = &run->keys->settings.config;
    char text[ENV_TOKEN_ABSENT_TEXT];

    if (config->only_tokens == NULL && env_token_is_absent(config, text))
        return ENV_RAISE(&run->keys->errors, ENV_R_KEK_TOKEN_AWAY, "%s", text);
    return ENV_OK;
}

/* ---- the days before a next version ---- */

/* Whether it seals on the day after `until`, and for longer. One that could not be tried does. */
static bool goes_on(const struct search *s, size_t i, int64_t until)
{
    const struct env_dates dates = tool_versions_dates(s->versions, i);
    struct tool_failure ignored;
    ENV_RESULT r;

    if (dates.unread || dates.first > until + 1 || (dates.last != 0 && dates.last <= until))
        return false;
    r = tool_would_seal(s->run, &s->versions->list[i].info, s->dates_count);
    if (!env_ok(r))
        tool_failure_take(r, &ignored);
    return !tool_never_seals(r.reason);
}

/* The last day that the versions older than the model seal without a gap; 0: they have no end. */
static int64_t sealed_until(const struct search *s, int64_t today, int64_t wanted)
{
    const struct tool_versions *versions = s->versions;
    int64_t until = today - 1;

    for (size_t i = s->model->like; until < wanted && i < versions->count; i++) {
        if (versions->list[i].number == versions->list[s->model->like].number ||
            !goes_on(s, i, until))
            continue;
        until = tool_versions_dates(versions, i).last;
        if (until == 0)
            return 0;
        i = s->model->like; /* an even older one may have been waiting for this day */
    }
    return until;
}

ENV_RESULT tool_model_check_gap(struct tool_run *run, const struct tool_versions *versions,
                                bool dates_count, struct tool_model *model)
{
    const struct search s = {run, versions, dates_count, true, model};
    const char *label = versions->list[model->like].info.label;
    const int64_t today = env_date_today();
    const int64_t first = tool_versions_dates(versions, model->like).first;
    const int64_t until = dates_count ? sealed_until(&s, today, first - 1) : 0;
    char text[2][ENV_DATE_TEXT];

    if (until == 0 || until >= first - 1)
        return ENV_OK;
    if (until < today)
        return ENV_RAISE(&run->keys->errors, ENV_R_KEK_GAP,
                         "no version seals today, and %s starts on %s; --start now makes another",
                         label, env_date_text(first, text[1]));
    return ENV_RAISE(&run->keys->errors, ENV_R_KEK_GAP,
                     "the last day is %s, and %s starts on %s; --start now makes another",
                     env_date_text(until, text[0]), label, env_date_text(first, text[1]));
}

/* ---- the model ---- */

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
