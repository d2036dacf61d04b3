/* SPDX-License-Identifier: Apache-2.0 */
/* envelope kek rotate: makes the next version of a KEK, with the properties of the last one. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "envelope/message/audit.h"
#include "keymgmt/token/versions.h"
#include "tools/common/report.h"
#include "tools/common/when.h"
#include "tools/kek/kek_actions.h"
#include "tools/kek/kek_tell.h"
#include "tools/kek/rotate_model.h"
#include "tools/kek/rotate_plan.h"
#include "tools/kek/rotate_race.h"

#define ROUNDS 4
#define LOOKS 150u /* longer than others wait for each other (rotate_race.c) */
#define LOOK_US 100000u
#define USUAL_START "+24h" /* lets machines receive it before they use it */

struct rotation {
    struct tool_run *run;
    struct env_errors *errors;
    char name[ENV_KEK_TEXT];
    int64_t today;
    int64_t start;
    int64_t period; /* 0: the same as the last version's */
    bool dates_count;
    uint32_t taken; /* numbers up to this one are not free */
    /* Valid for one round: */
    struct tool_versions seen;
    const struct env_kek_info *like; /* of seen: the next one is like it */
    struct env_dates dates;
    uint32_t number;
    char label[TOOL_VERSION_LABEL];
    struct env_kek *made;
};

/* ---- output ---- */

static void say(const struct rotation *r, const char *fmt, const char *name)
{
    if (!r->run->options.json)
        (void)fprintf(r->run->out, fmt, name);
}

static void tell(const struct rotation *r, const struct env_kek_info *info, const char *what,
                 bool made)
{
    FILE *out = r->run->out;

    if (r->run->options.json) {
        env_json_object(&r->run->json, NULL);
        env_json_text(&r->run->json, "type", "version");
        env_json_bool(&r->run->json, "made", made);
        tool_kek_tell_json(&r->run->json, info);
        env_json_object_end(&r->run->json);
        return;
    }
    tool_kek_tell_line(out, info);
    (void)fprintf(out, ": %s\n", what);
}

static void tell_passed_over(void *arg, const struct env_kek_info *info,
                             const struct tool_failure *why)
{
    const struct rotation *r = arg;

    tool_kek_tell_never(r->run, info, why);
}

static void tell_what_is_next(const struct rotation *r)
{
    char day[ENV_DATE_TEXT];

    say(r,
        "  it opened what it wrapped; back it up now, as the last one was, and see that each "
        "copy works: envelope kek list --verify %s\n",
        r->name);
    say(r, "  programs that have kek = %s/* seal with it", r->name);
    say(r, " from %s on (UTC), without a restart\n", env_date_text(r->dates.first, day));
    say(r,
        "  then: envelope rewrap FOLDER..., and envelope check FOLDER... until no older version "
        "of %s protects anything\n",
        r->name);
    say(r, "  last: open-only-kek = %s/N in the state file, and its end (ROTATION.md)\n", r->name);
}

static void tell_by_hand(const struct rotation *r, const struct tool_version *copy, size_t copies)
{
    char first[ENV_DATE_TEXT];
    char last[ENV_DATE_TEXT];
    FILE *out = r->run->out;

    if (r->run->options.json)
        return;
    (void)fprintf(out,
                  "  with the tokens' own means: envelope kek rotate --token TOKEN %s, and copy %s "
                  "to the others\n"
                  "  or with a key from outside (BACKUP.md, step 2), labelled from-outside in each "
                  "token, for each of them:\n",
                  r->name, r->label);
    for (size_t i = 0; i < copies; i++) {
        (void)fputs("    openssl genpkey -algorithm ENVELOPE-KEK -pkeyopt copy-of:from-outside "
                    "-pkeyopt token:'",
                    out);
        tool_report_text(out, copy[i].info.token);
        (void)fprintf(out, "' -pkeyopt label:%s -pkeyopt not-before:%s", r->label,
                      env_date_text(r->dates.first, first));
        if (r->dates.last != 0)
            (void)fprintf(out, " -pkeyopt not-after:%s", env_date_text(r->dates.last, last));
        (void)fputc('\n', out);
    }
    (void)fprintf(out, "  then: envelope kek list --verify %s\n", r->name);
}

/* ---- reading the versions ---- */

/* A version that another machine is making may appear before its dates do (kept_dates.h), or
 * twice. */
static ENV_RESULT look(struct rotation *r)
{
    for (unsigned i = 0;; i++) {
        tool_versions_clear(&r->seen);
        ENV_TRY(tool_versions_read(r->run, r->name, &r->seen));
        if (r->seen.count == 0 || i == LOOKS || !tool_is_half_made(r->run, &r->seen))
            return ENV_OK;
        (void)usleep(LOOK_US);
    }
}

/* ---- making the version ---- */

/* Which of several will remain is not decided yet, but the number is reported. */
static ENV_RESULT see_other(struct rotation *r)
{
    ENV_TRY(look(r));
    if (r->seen.count > 0 && r->seen.list[0].number == r->number)
        return ENV_OK;
    return ENV_FAIL(ENV_R_KEK_VERSION_RACE);
}

/* Nobody seals to it yet. If it cannot be removed, it is found as the next version. */
static void take_back(struct rotation *r)
{
    struct env_keyring *keyring = r->run->keys->dek.keyring;

    env_errors_mark(r->errors);
    (void)keyring->vtable->destroy(keyring, r->made);
    env_errors_unmark(r->errors, true);
}

/* A token that keeps no dates can only have a version that seals at once and has no end. */
static ENV_RESULT generate_without_dates(struct rotation *r, struct env_kek_request *request,
                                         ENV_RESULT refused)
{
    struct env_keyring *keyring = r->run->keys->dek.keyring;
    struct tool_failure ignored;

    if (refused.reason != ENV_R_KEK_DATES || r->start > r->today || r->dates.last != 0)
        return refused;
    tool_failure_take(refused, &ignored);
    request->dates = (struct env_dates){.first = 0};
    return keyring->vtable->generate(keyring, request, &r->made);
}

/* A KEK that could not be recorded in the audit log is removed again. */
static ENV_RESULT generate(struct rotation *r)
{
    struct env_keyring *keyring = r->run->keys->dek.keyring;
    const struct env_kek_info *last = r->like;
    struct env_kek_request request = {
        .type = last->type,
        .bits = last->bits,
        .label = r->label,
        .token = r->run->options.token != NULL ? r->run->options.token : last->uri,
        .dates = r->dates,
    };
    struct env_audit_use use = {.operation = ENV_AUDIT_GENERATE, .label = r->label};
    ENV_RESULT result = keyring->vtable->generate(keyring, &request, &r->made);

    if (!env_ok(result))
        result = generate_without_dates(r, &request, result);
    use.kek = r->made;
    result = env_audit_record(keyring->audit, &use, result);
    if (!env_ok(result) && r->made != NULL)
        take_back(r);
    return result;
}

static enum tool_status tell_other(struct rotation *r)
{
    ENV_RESULT result = see_other(r);

    if (!env_ok(result))
        return tool_kek_fails(r->run, r->label, result);
    tell(r, &r->seen.list[0].info, "another machine made it", false);
    return TOOL_FINE;
}

/* Either another machine made it since we looked, or a key that is no KEK has the label. */
static enum tool_status tell_who_has_it(struct rotation *r, ENV_RESULT exists, bool *again)
{
    struct env_kek_info info = {.label = ""};
    struct tool_failure why;
    ENV_RESULT seen;

    tool_failure_take(exists, &why);
    seen = see_other(r);
    if (env_ok(seen))
        return tell_other(r);
    if (seen.reason != ENV_R_KEK_VERSION_RACE)
        return tool_kek_fails(r->run, r->label, seen);
    (void)snprintf(info.label, sizeof(info.label), "%.*s", (int)sizeof(info.label) - 1, r->label);
    tool_kek_tell_never(r->run, &info, &why);
    r->taken = r->number;
    *again = true;
    return TOOL_FINE;
}

/* *again: no machine's version remained. */
static enum tool_status make(struct rotation *r, bool *again)
{
    struct env_kek_info info;
    enum tool_race race = TOOL_RACE_WON;
    ENV_RESULT result = generate(r);

    if (result.reason == ENV_R_KEK_EXISTS)
        return tell_who_has_it(r, result, again);
    if (env_ok(result)) {
        r->made->vtable->describe(r->made, &info);
        result = tool_race_settle(r->run, r->name, r->number, r->made, r->start <= r->today, &race);
        if (!env_ok(result) && r->start > r->today)
            take_back(r);
    }
    if (!env_ok(result)) {
        (void)tool_kek_fails(r->run, r->label, result);
        if (result.reason == ENV_R_KEK_DATES)
            say(r,
                "  a token that keeps no dates can have a version that seals at once, without an "
                "end: envelope kek rotate --start now %s\n",
                r->name);
        return TOOL_WRONG;
    }
    *again = race == TOOL_RACE_NONE;
    if (race == TOOL_RACE_LOST)
        return tell_other(r);
    if (race == TOOL_RACE_WON) {
        tell(r, &info, "made", true);
        tell_what_is_next(r);
    }
    return TOOL_FINE;
}

/* ---- one round ---- */

static ENV_RESULT choose_number(struct rotation *r)
{
    const uint32_t newest = r->seen.list[0].number;

    r->number = (newest > r->taken ? newest : r->taken) + 1;
    (void)snprintf(r->label, sizeof(r->label), "%s/%u", r->name, (unsigned)r->number);
    return r->number <= ENV_VERSION_MAX
               ? ENV_OK
               : ENV_RAISE(r->errors, ENV_R_KEK_LAST_VERSION, "%s/%u", r->name, ENV_VERSION_MAX);
}

static enum tool_status tell_plan(const struct rotation *r)
{
    struct env_kek_info info = *r->like;

    (void)snprintf(info.label, sizeof(info.label), "%.*s", (int)sizeof(info.label) - 1, r->label);
    info.dates = r->dates;
    info.id.len = 0;
    tell(r, &info, "would be made", false);
    return TOOL_FINE;
}

static enum tool_status judge(struct rotation *r, bool *again)
{
    struct tool_model model;
    size_t copies;
    ENV_RESULT result =
        tool_model_find(r->run, &r->seen, r->dates_count, tell_passed_over, r, &model);

    r->like = &r->seen.list[model.like].info;
    copies = tool_versions_copies(&r->seen, model.like);
    if (!env_ok(result))
        return tool_kek_fails(r->run, r->like->label, result);
    /* A version is needed that seals today, however soon the next one begins. */
    if (model.is_next && r->start > r->today) {
        tell(r, r->like, "it is the next one already", false);
        result = tool_model_check_gap(r->run, &r->seen, r->dates_count, &model);
        return env_ok(result) ? TOOL_FINE : tool_kek_fails(r->run, r->name, result);
    }
    result = choose_number(r);
    if (env_ok(result))
        result = tool_next_dates(r->errors, &r->like->dates, model.covered, r->start, r->period,
                                 r->today, &r->dates);
    if (env_ok(result) && copies > 1 && r->run->options.token == NULL) {
        result =
            ENV_RAISE(r->errors, ENV_R_KEK_COPIES_BY_HAND, "%s is on %zu", r->like->label, copies);
        (void)tool_kek_fails(r->run, r->label, result);
        tell_by_hand(r, &r->seen.list[model.like], copies);
        return TOOL_WRONG;
    }
    if (!env_ok(result))
        return tool_kek_fails(r->run, r->label, result);
    return r->run->options.dry_run ? tell_plan(r) : make(r, again);
}

static enum tool_status turn(struct rotation *r, bool *again)
{
    enum tool_status status;
    ENV_RESULT result = tool_tokens_are_there(r->run);

    *again = false;
    if (env_ok(result))
        result = look(r);
    if (env_ok(result) && r->seen.count == 0)
        result = ENV_RAISE(r->errors, ENV_R_KEK_NOT_FOUND,
                           "%s/*; the first one: openssl genpkey -algorithm ENVELOPE-KEK -pkeyopt "
                           "label:%s/1",
                           r->name, r->name);
    status = env_ok(result) ? judge(r, again) : tool_kek_fails(r->run, r->name, result);
    tool_versions_clear(&r->seen);
    env_kek_free(r->made);
    r->made = NULL;
    return status;
}

/* ---- options ---- */

static bool read_options(struct rotation *r)
{
    const struct tool_options *options = &r->run->options;
    const char *start = options->start != NULL ? options->start : USUAL_START;
    int64_t now = env_clock_seconds();
    int64_t when;

    if (options->operand_count != 1) {
        tool_complain(r->run, "one NAME is needed");
        return false;
    }
    if (!tool_version_name(r->run, options->operands[0], r->name))
        return false;
    if (!tool_when_read(start, now, &when)) {
        tool_complain(r->run, "--start is now, +24h or a date such as 2027-01-31, not %s", start);
        return false;
    }
    if (options->cryptoperiod != NULL &&
        !tool_cryptoperiod_read(options->cryptoperiod, &r->period)) {
        tool_complain(r->run, "--cryptoperiod is a number of days or years (365d, 2y), not %s",
                      options->cryptoperiod);
        return false;
    }
    r->today = now / ENV_DAY_SECONDS;
    r->start = tool_start_day(when, now);
    if (r->start < r->today) {
        tool_complain(r->run, "--start has passed: %s", start);
        return false;
    }
    r->run->options.one_kek = r->name;
    return true;
}

static enum tool_status run_rotate(struct tool_run *run)
{
    struct rotation *r = calloc(1, sizeof(*r));
    enum tool_status status = TOOL_UNABLE;
    bool again = true;

    if (r == NULL) {
        tool_complain(run, "out of memory");
        return TOOL_UNABLE;
    }
    r->run = run;
    if (read_options(r) && tool_run_keys(run)) {
        r->errors = &run->keys->errors;
        r->dates_count = !run->keys->settings.config.expired_allowed;
        run->keys->settings.config.expired_allowed = true; /* it is tested before its start date */
        for (unsigned i = 0; i < ROUNDS && again; i++)
            status = turn(r, &again);
        if (again)
            status = tool_kek_fails(run, r->label, ENV_FAIL(ENV_R_KEK_VERSION_RACE));
    }
    free(r);
    return status;
}

static const struct tool_option options[] = {
    TOOL_TEXT("cryptoperiod", cryptoperiod, "DAYS",
              "how long it seals: 365d, 2y (default: as the last)"),
    TOOL_TEXT("start", start, "WHEN", "when it starts to seal: +24h, a date, now (default: +24h)"),
    TOOL_TEXT("token", token, "TOKEN",
              "the label or pkcs11: URI of its token (default: the last one's)"),
    TOOL_FLAG("dry-run", dry_run, "report what would be made, and make nothing"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_kek_rotate = {
    .name = "kek rotate",
    .operands = "NAME",
    .summary = "Makes the next version of a KEK, NAME/N+1",
    .tables = tables,
    .needs_operands = true,
    .run = run_rotate,
};
