/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_life.h"

#include <inttypes.h>
#include <string.h>

#include "tools/common/census.h"
#include "tools/common/version_label.h"
#include "tools/common/would_seal.h"

#define STEP "KEK"
#define ROTATE "envelope kek rotate %.*s"
#define WAY_OUT (ENV_KEK_TEXT + 32u)

static bool is_same(const struct env_kek_info *a, const struct env_kek_info *b)
{
    return a->type == b->type && env_kek_id_equal(&a->id, &b->id);
}

/* The first key with this reference; NULL for a key from a file. */
static const struct env_kek_info *find(const struct tool_check_here *here,
                                       const struct env_kek_id *id)
{
    for (size_t i = 0; i < here->count; i++) {
        if (env_kek_id_equal(&here->list[i].info.id, id))
            return &here->list[i].info;
    }
    return NULL;
}

/* How to make the next version; NULL if it is not a version. */
static const char *way_out(const struct env_kek_info *info, char text[WAY_OUT])
{
    uint32_t number;
    size_t len;

    if (!tool_version_label(info->label, &len, &number))
        return "openssl genpkey makes another one: ROTATION.md";
    (void)snprintf(text, WAY_OUT, ROTATE, (int)len, info->label);
    return text;
}

/* Failures are reported where the version itself is checked. */
static bool would_seal(const struct tool_check *check, const struct env_kek_info *info)
{
    struct tool_failure ignored;
    ENV_RESULT r = tool_would_seal(check->run, info, !check->settings.config.expired_allowed);

    if (!env_ok(r))
        tool_failure_take(r, &ignored);
    return env_ok(r);
}

/* ---- its end date ---- */

/* Copies seal only on the days that all of them allow. */
static struct env_dates dates_of(const struct tool_check_here *here,
                                 const struct env_kek_info *info)
{
    struct env_dates all = info->dates;

    for (size_t i = 0; i < here->count; i++) {
        if (is_same(&here->list[i].info, info))
            all = env_dates_both(&all, &here->list[i].info.dates);
    }
    return all;
}

/* The next version, if it seals on the day after the last one. Never one that cannot seal. */
static const struct env_kek_info *next_of(const struct tool_check *check,
                                          const struct tool_check_here *here,
                                          const struct env_kek_info *info, int64_t last)
{
    for (size_t i = 0; i < here->count; i++) {
        const struct env_kek_info *other = &here->list[i].info;
        const struct env_dates dates = dates_of(here, other);

        if (tool_version_is_older(info->label, other->label) && !dates.unread &&
            dates.first <= last + 1 && (dates.last == 0 || dates.last > last) &&
            would_seal(check, other))
            return other;
    }
    return NULL;
}

static void check_end(struct tool_check *check, const struct tool_check_here *here,
                      const struct env_kek_info *info, int64_t today)
{
    const int64_t warn_before = (int64_t)check->settings.config.kek_expiry_warning_days;
    const int64_t last = dates_of(here, info).last;
    const struct env_kek_info *next;
    char named[TOOL_CHECK_KEY];
    char day[ENV_DATE_TEXT];
    char text[WAY_OUT];

    if (last == 0 || last - today >= warn_before)
        return;
    next = next_of(check, here, info, last);
    (void)tool_check_key_named(info, named);
    if (next != NULL)
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s seals to %s, and then '%s' does",
                       named, env_date_text(last, day), next->label);
    else
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out(info, text),
                       "%s: its last day is %s, in %" PRId64 " days", named,
                       env_date_text(last, day), last - today);
}

/* ---- its age ---- */

static void check_age(struct tool_check *check, const struct env_kek_info *info, int64_t today)
{
    const int64_t most = (int64_t)check->settings.config.max_kek_age_days;
    char named[TOOL_CHECK_KEY];
    char text[WAY_OUT];

    if (most == 0)
        return;
    (void)tool_check_key_named(info, named);
    if (info->dates.first == 0)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out(info, text),
                       "%s: its age is unknown, because it has no start date (max-kek-age)", named);
    else if (today - info->dates.first > most)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out(info, text),
                       "%s: it is %" PRId64 " days old, and max-kek-age is %" PRId64, named,
                       today - info->dates.first, most);
}

/* ---- newer versions ---- */

/* Its first day is still to come. */
static void check_next(struct tool_check *check, const struct env_kek_info *info, int64_t first)
{
    ENV_RESULT r = tool_would_seal(check->run, info, !check->settings.config.expired_allowed);
    struct tool_failure failure;
    char day[ENV_DATE_TEXT];
    char text[WAY_OUT];

    if (env_ok(r)) {
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "the next version, '%s', seals from %s on",
                       info->label, env_date_text(first, day));
        return;
    }
    tool_failure_take(r, &failure);
    if (tool_never_seals(r.reason))
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out(info, text),
                       "the next version, '%s', never seals: %s", info->label, failure.text);
    else
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                       "the next version, '%s', could not be tried: %s", info->label, failure.text);
}

static void check_newer(struct tool_check *check, const struct tool_check_here *here,
                        const struct env_kek_info *info, int64_t today)
{
    const int64_t first = dates_of(here, info).first;
    struct env_keyring *keyring = check->run->keys->dek.keyring;
    const struct env_selector selector = {.name = info->label};
    struct env_kek_list keks = {0};
    struct tool_failure failure;
    ENV_RESULT r;

    if (first > today) {
        check_next(check, info, first);
        return;
    }
    r = keyring->vtable->select(keyring, &selector, &keks);
    env_kek_list_clear(&keks);
    if (env_ok(r)) /* the configuration names an older version */
        return;
    tool_failure_take(r, &failure);
    tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL,
                   "a newer version, '%s', is passed over: %s", info->label, failure.text);
}

/* A version that is on several tokens, or twice on one, is reported once. */
static void check_all_newer(struct tool_check *check, const struct tool_check_here *here,
                            const struct env_kek_info *info, int64_t today)
{
    for (size_t i = 0; i < here->count; i++) {
        const struct env_kek_info *other = &here->list[i].info;
        bool told = !tool_version_is_older(info->label, other->label);

        for (size_t j = 0; j < i && !told; j++)
            told = strcmp(here->list[j].info.label, other->label) == 0;
        if (!told)
            check_newer(check, here, other, today);
    }
}

void tool_check_life(struct tool_check *check, const struct tool_check_here *here,
                     const struct tool_check_sealing *sealing)
{
    const int64_t today = env_date_today();

    for (size_t i = 0; i < sealing->count; i++) {
        const struct env_kek_info *info = find(here, &sealing->ids[i]);

        if (info == NULL)
            continue;
        check_end(check, here, info, today);
        check_age(check, info, today);
        check_all_newer(check, here, info, today);
    }
}

/* ---- older versions ---- */

struct old_versions {
    struct tool_check *check;
    const struct tool_check_here *here;
    const struct tool_check_sealing *sealing;
    uint64_t told;
};

static void tell_old(void *arg, const struct tool_kek_counts *counts)
{
    struct old_versions *old = arg;
    const struct env_kek_info *info = find(old->here, &counts->id);

    for (size_t i = 0; info != NULL && i < old->sealing->count; i++) {
        const struct env_kek_info *newest = find(old->here, &old->sealing->ids[i]);

        if (newest == NULL || is_same(newest, info) ||
            !tool_version_is_older(info->label, newest->label))
            continue;
        tool_check_say(old->check, TOOL_CHECK_WARNING, "versions",
                       "envelope rewrap, on all of them",
                       "'%s' still protects %" PRIu64 " file%s, and '%s' seals today", info->label,
                       counts->files, counts->files == 1 ? "" : "s", newest->label);
        old->told++;
        return;
    }
}

void tool_check_old_versions(struct tool_check *check, const struct tool_check_here *here,
                             const struct tool_check_sealing *sealing)
{
    struct tool_census census = {.run = check->run};
    struct old_versions old = {check, here, sealing, 0};

    if (check->run->options.operand_count == 0)
        return;
    if (tool_tree_run(check->run, &tool_census_ops, &census) != TOOL_FINE ||
        census.kinds[TOOL_CENSUS_UNREADABLE] + census.kinds[TOOL_CENSUS_DAMAGED] > 0)
        tool_check_say(check, TOOL_CHECK_FAILED, "versions", "envelope census",
                       "not all files could be looked at");
    tool_kek_table_each(&census.table, tell_old, &old);
    if (old.told == 0)
        tool_check_say(check, TOOL_CHECK_OK, "versions", NULL,
                       "%" PRIu64 " messages, none of which an older version protects",
                       census.kinds[TOOL_CENSUS_MESSAGE] + census.kinds[TOOL_CENSUS_SEALED_KEY] +
                           census.kinds[TOOL_CENSUS_NAMED_KEY]);
    (void)tool_kek_table_end(&census.table, check->run);
}
