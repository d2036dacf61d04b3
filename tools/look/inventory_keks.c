/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/look/inventory_keks.h"

#include <openssl/crypto.h>

#include "envelope/base/dates.h"
#include "tools/common/report.h"
#include "tools/kek/kek_tell.h"

struct telling {
    struct tool_run *run;
    struct tool_inventory_keks *counts;
    int64_t today;
};

/* Judges only by the dates; check reports whether the configuration lets it seal. */
static const char *state_of(const struct telling *t, const struct env_dates *dates)
{
    if (dates->unread)
        return "undated";
    if (dates->first > t->today)
        return "not yet";
    return dates->last != 0 && dates->last < t->today ? "expired" : "active";
}

static void tell_json(struct telling *t, const struct env_kek_info *info, const char *state)
{
    struct env_json *json = &t->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "kek");
    tool_kek_tell_json(json, info);
    env_json_text(json, "state", state);
    env_json_text(json, "mechanisms", info->mechanisms);
    env_json_bool(json, "sensitive", info->sensitive);
    env_json_bool(json, "extractable", info->extractable);
    env_json_bool(json, "made_in_token", info->local);
    env_json_object_end(json);
}

static ENV_RESULT tell(void *arg, struct env_kek *kek)
{
    struct telling *t = arg;
    struct env_kek_info *info = OPENSSL_zalloc(sizeof(*info));
    const char *state;

    if (info == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    kek->vtable->describe(kek, info);
    state = state_of(t, &info->dates);
    t->counts->keks++;
    t->counts->expired += info->dates.last != 0 && info->dates.last < t->today ? 1 : 0;
    if (t->run->options.json) {
        tell_json(t, info, state);
    } else {
        (void)fputs("KEK ", t->run->out);
        tool_kek_tell_line(t->run->out, info);
        (void)fprintf(t->run->out, ": %s%s%s%s\n", state, info->extractable ? ", EXTRACTABLE" : "",
                      info->sensitive ? "" : ", NOT SENSITIVE",
                      info->local ? "" : ", made outside the token");
    }
    OPENSSL_free(info);
    return ENV_OK;
}

enum tool_status tool_inventory_keks(struct tool_run *run, struct tool_inventory_keks *counts)
{
    struct telling t = {run, counts, env_date_today()};
    struct env_keyring *keyring;
    ENV_RESULT r;

    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    keyring = run->keys->dek.keyring;
    r = keyring->vtable->list(keyring, NULL, tell, &t);
    return env_ok(r) ? TOOL_FINE : tool_kek_fails(run, "the tokens", r);
}
