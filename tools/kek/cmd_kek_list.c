/* SPDX-License-Identifier: Apache-2.0 */
/* envelope kek list: the versions of a KEK, and which of them seals today. */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "tools/common/report.h"
#include "tools/common/would_seal.h"
#include "tools/kek/kek_actions.h"
#include "tools/kek/kek_tell.h"

#define DEKS_LEN (2 * ENV_DEK_LEN)

struct listing {
    struct tool_run *run;
    struct env_kek_id seals; /* the version that seals today; len 0: none does */
    uint32_t seals_number;   /* 0: none does, or it is not known */
    int64_t today;
    bool dates_count;
    enum tool_status status;
};

/* ---- whether each copy is the same key ---- */

static ENV_RESULT opens(const struct listing *l, struct env_kek *wrapper, struct env_kek *opener)
{
    uint8_t *deks = env_secret_alloc(DEKS_LEN);
    struct env_wrapped wrapped = {0};
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (deks == NULL)
        return r;
    r = env_random_private(l->run->keys->dek.crypto, deks, ENV_DEK_LEN);
    if (env_ok(r))
        r = wrapper->vtable->wrap(wrapper, deks, &wrapped);
    if (env_ok(r))
        r = opener->vtable->unwrap(opener, &wrapped, NULL, deks + ENV_DEK_LEN);
    if (env_ok(r) && CRYPTO_memcmp(deks, deks + ENV_DEK_LEN, ENV_DEK_LEN) != 0)
        r = ENV_FAIL(ENV_R_KEK_DIFFERS);
    env_secret_free(deks, DEKS_LEN);
    return r.reason == ENV_R_NOT_AUTHENTIC ? ENV_FAIL(ENV_R_KEK_DIFFERS) : r;
}

/* The first copy wraps for each of the others. A retired KEK only opens, and is not tested. */
static ENV_RESULT prove(const struct listing *l, const struct tool_version *first,
                        const struct tool_version *one)
{
    ENV_RESULT r = first->kek->vtable->accept(first->kek);

    if (env_ok(r))
        r = one->kek->vtable->accept(one->kek);
    return env_ok(r) ? opens(l, first->kek, one->kek) : r;
}

/* ---- output ---- */

/* How the configuration or the state file restricts it; NULL: not at all. */
static const char *taken(const struct listing *l, const struct tool_version *version)
{
    struct env_keyring *keyring = l->run->keys->dek.keyring;
    const struct env_selector selector = {.name = version->info.label};
    struct env_kek_list keks = {0};
    struct tool_failure ignored;
    ENV_RESULT r = keyring->vtable->select(keyring, &selector, &keks);

    env_kek_list_clear(&keks);
    if (!env_ok(r))
        tool_failure_take(r, &ignored);
    return r.reason == ENV_R_KEK_DISABLED     ? "disabled"
           : r.reason == ENV_R_KEK_OPENS_ONLY ? "retired: opens"
                                              : NULL;
}

/* One that does not seal today: "never seals", with the reason, or the other state. */
static const char *unless_never(const struct listing *l, const struct tool_version *version,
                                const char *state, struct tool_failure *never)
{
    ENV_RESULT r = tool_would_seal(l->run, &version->info, l->dates_count);

    if (env_ok(r))
        return state;
    tool_failure_take(r, never);
    if (tool_never_seals(r.reason))
        return "never seals";
    never->text[0] = '\0';
    return state;
}

/* dates: of all copies. never: why it never will; else as it was. */
static const char *state_of(const struct listing *l, const struct tool_version *version,
                            const struct env_dates *dates, struct tool_failure *never)
{
    const char *state;

    if (l->seals.len > 0 && env_kek_id_equal(&l->seals, &version->info.id))
        return "seals today";
    state = taken(l, version);
    if (state != NULL)
        return state;
    if (dates->first > l->today || dates->unread)
        return unless_never(l, version, "not yet", never);
    if (dates->last != 0 && dates->last < l->today)
        return "expired";
    /* a newer one would seal if it could */
    return version->number > l->seals_number ? unless_never(l, version, "opens", never) : "opens";
}

static void tell(struct listing *l, const struct tool_version *version,
                 const struct env_dates *dates, ENV_RESULT proof, bool tried)
{
    struct env_json *json = &l->run->json;
    struct tool_failure failure = {.text = ""};
    struct tool_failure never = {.text = ""};
    const char *state;

    if (proof.reason == ENV_R_KEK_OPENS_ONLY || proof.reason == ENV_R_KEK_DISABLED) {
        tool_failure_take(proof, &failure); /* the state shows it */
        proof = ENV_OK;
        tried = false;
    } else if (!env_ok(proof)) {
        tool_failure_take(proof, &failure);
        l->status = TOOL_WRONG;
    }
    state = state_of(l, version, dates, &never);
    if (l->run->options.json) {
        env_json_object(json, NULL);
        env_json_text(json, "type", "version");
        tool_kek_tell_json(json, &version->info);
        env_json_text(json, "state", state);
        if (never.text[0] != '\0')
            env_json_text(json, "why", never.text);
        if (tried)
            env_json_bool(json, "verified", env_ok(proof));
        if (!env_ok(proof))
            env_json_text(json, "error", failure.text);
        env_json_object_end(json);
        return;
    }
    tool_kek_tell_line(l->run->out, &version->info);
    (void)fprintf(l->run->out, ": %s", state);
    if (never.text[0] != '\0')
        (void)fprintf(l->run->out, " (%s)", never.text);
    if (tried && env_ok(proof))
        (void)fputs(", opened what it wraps", l->run->out);
    else if (!env_ok(proof))
        (void)fprintf(l->run->out, "; %s", failure.text);
    (void)fputc('\n', l->run->out);
}

static uint32_t number_of(const struct listing *l, const struct tool_versions *seen)
{
    for (size_t i = 0; l->seals.len > 0 && i < seen->count; i++) {
        if (env_kek_id_equal(&l->seals, &seen->list[i].info.id))
            return seen->list[i].number;
    }
    return 0;
}

static void tell_all(struct listing *l, const struct tool_versions *seen)
{
    bool verify = l->run->options.verify;

    l->run->keys->settings.config.expired_allowed = true; /* each is tested, whatever its dates */
    l->seals_number = number_of(l, seen);
    for (size_t i = 0; i < seen->count;) {
        const struct env_dates dates = tool_versions_dates(seen, i);
        size_t copies = tool_versions_copies(seen, i);

        for (size_t j = i; j < i + copies; j++)
            tell(l, &seen->list[j], &dates,
                 verify ? prove(l, &seen->list[i], &seen->list[j]) : ENV_OK, verify);
        i += copies;
    }
}

/* ---- one name ---- */

static void note_who_seals(struct listing *l, const char *name)
{
    struct env_keyring *keyring = l->run->keys->dek.keyring;
    char pattern[ENV_KEK_TEXT + 4];
    const struct env_selector selector = {.name = pattern};
    struct env_kek_list keks = {0};
    ENV_RESULT r;

    (void)snprintf(pattern, sizeof(pattern), "%s/*", name);
    l->seals.len = 0;
    r = keyring->vtable->select(keyring, &selector, &keks);
    if (env_ok(r) && keks.count > 0)
        l->seals = *keks.keks[0]->vtable->id(keks.keks[0]);
    env_kek_list_clear(&keks);
    if (!env_ok(r))
        l->status = tool_worse(l->status, tool_kek_fails(l->run, pattern, r));
}

static void look_at(struct listing *l, const char *name)
{
    bool expired_allowed = l->run->keys->settings.config.expired_allowed;
    struct tool_versions seen;
    ENV_RESULT r = tool_versions_read(l->run, name, &seen);

    if (env_ok(r) && seen.count == 0)
        r = ENV_RAISE(&l->run->keys->errors, ENV_R_KEK_NOT_FOUND, "%s/*", name);
    l->dates_count = !expired_allowed;
    if (env_ok(r)) {
        note_who_seals(l, name);
        tell_all(l, &seen);
    } else {
        l->status = tool_worse(l->status, tool_kek_fails(l->run, name, r));
    }
    l->run->keys->settings.config.expired_allowed = expired_allowed;
    tool_versions_clear(&seen);
}

static enum tool_status run_list(struct tool_run *run)
{
    const struct tool_options *options = &run->options;
    struct listing l = {.run = run, .today = env_date_today(), .status = TOOL_FINE};
    char name[ENV_KEK_TEXT];

    for (size_t i = 0; i < options->operand_count; i++) {
        if (!tool_version_name(run, options->operands[i], name))
            return TOOL_UNABLE;
    }
    if (options->operand_count == 1)
        run->options.one_kek = name;
    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    run->options.one_kek = NULL; /* name has another one next */
    for (size_t i = 0; i < options->operand_count; i++) {
        (void)tool_version_name(run, options->operands[i], name);
        look_at(&l, name);
    }
    return l.status;
}

static const struct tool_option options_of_list[] = {
    TOOL_TEXT("token", token, "TOKEN", "which one, if kek names it on several tokens by URIs"),
    TOOL_FLAG("verify", verify, "test that each copy opens what the first one wraps"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options_of_list, tool_options_config, NULL};

const struct tool_command tool_kek_list = {
    .name = "kek list",
    .operands = "NAME...",
    .summary = "Lists the versions of KEKs, and shows which one seals today",
    .tables = tables,
    .needs_operands = true,
    .run = run_list,
};
