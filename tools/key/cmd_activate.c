/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key activate: makes a version seal from now on, or from another time. */
#include "tools/key/key_actions.h"
#include "tools/key/key_options.h"
#include "tools/key/key_seal.h"
#include "tools/key/key_tell.h"

struct activate {
    struct tool_key_place place;
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;
    int64_t seal_from;
};

/* Without a time, a version that seals already is left alone. */
static ENV_RESULT set_time(void *arg, struct tool_key_parts *parts, bool *same)
{
    const struct activate *activate = arg;
    const struct env_named_clear *clear = &parts->clear;
    struct env_named_clear then = *clear;

    then.seal_from = activate->seal_from;
    ENV_TRY(tool_key_would_seal(&activate->place, &then));
    *same = activate->place.run->options.seal_from == NULL
                ? clear->seal_from <= activate->place.now
                : clear->seal_from == activate->seal_from;
    parts->clear.seal_from = activate->seal_from;
    return ENV_OK;
}

static void work(struct activate *activate)
{
    struct tool_key_place *place = &activate->place;
    char full_name[ENV_NAMED_FULL_NAME] = "";
    struct env_key_file *file = NULL;
    bool changed = false;
    ENV_RESULT r = tool_key_newest(place, activate->name, &activate->number);

    if (env_ok(r)) {
        env_named_full_name(activate->name, activate->number, full_name);
        r = tool_key_may_use(place, activate->name, activate->number);
        if (env_ok(r))
            r = tool_key_change(place, activate->name, activate->number, ENV_AUDIT_ROTATE, set_time,
                                activate, &changed);
        r = tool_key_place_audit_failure(place, ENV_AUDIT_ROTATE, full_name, r);
    }
    place->changed = changed;
    if (env_ok(r))
        r = env_key_file_read(&place->errors, place->crypto, place->folder, activate->name,
                              activate->number, &file);
    if (env_ok(r))
        tool_key_tell(place, file, changed, changed ? "changed" : "is already active");
    else
        tool_key_place_fails(place, full_name[0] != '\0' ? full_name : activate->name, r);
    env_key_file_free(file);
}

static enum tool_status run_activate(struct tool_run *run)
{
    struct activate activate = {.number = 0};

    if (!tool_key_one_operand(run) ||
        !tool_key_operand(run, run->options.operands[0], activate.name, &activate.number) ||
        !tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &activate.place))
        return TOOL_UNABLE;
    activate.seal_from = activate.place.now;
    if (run->options.seal_from != NULL &&
        !tool_key_option_when(run, "seal-from", run->options.seal_from, activate.place.now,
                              &activate.seal_from)) {
        tool_key_place_close(&activate.place);
        return TOOL_UNABLE;
    }
    work(&activate);
    return tool_key_place_end(&activate.place);
}

static const struct tool_option options[] = {
    TOOL_TEXT("seal-from", seal_from, "WHEN", "when: now (default), +24h, a date"),
    TOOL_FLAG("single", single, "even if only one token will open it"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_activate = {
    .name = "key activate",
    .operands = "NAME[@N]",
    .summary = "Lets a version of a key seal from now on, or from a given time",
    .tables = tables,
    .needs_operands = true,
    .run = run_activate,
};
