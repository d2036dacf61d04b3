/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key export: outputs a named key's bytes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_options.h"
#include "tools/key/key_seal.h"
#include "tools/key/key_tell.h"

struct export
{
    struct tool_key_place place;
    char name[ENV_NAMED_NAME_MAX + 1];
    char full_name[ENV_NAMED_FULL_NAME];
    uint32_t number;
    enum tool_key_form form;
};

static bool write_json(const struct export *export, const struct env_named_sealed *sealed)
{
    char *text = env_secret_alloc(TOOL_KEY_TEXT);
    bool ok = text != NULL && tool_key_bytes_text(export->form, sealed->key, sealed->key_len, text);
    struct env_json *json;

    if (ok) {
        json = tool_key_place_json(&export->place, export->full_name, false);
        env_json_text(json, "value", text);
        env_json_object_end(json);
    }
    env_secret_free(text, TOOL_KEY_TEXT);
    return ok;
}

/* Outputs nothing that could not be recorded in the audit log. */
static ENV_RESULT give_out(struct export *export, const struct tool_key_parts *parts)
{
    bool ok;

    if (parts->clear.no_export)
        return ENV_FAIL(ENV_R_KEY_NO_EXPORT);
    ENV_TRY(tool_key_place_audit(&export->place, ENV_AUDIT_EXPORT, export->full_name, ENV_OK));
    if (export->place.run->options.json)
        ok = write_json(export, &parts->sealed);
    else
        ok = tool_key_bytes_write(STDOUT_FILENO, export->form, parts->sealed.key,
                                  parts->sealed.key_len);
    return ok ? ENV_OK : ENV_RAISE(&export->place.errors, ENV_R_FILE_FAILED, "write: %m");
}

static ENV_RESULT open_and_give_out(struct export *export, struct tool_key_parts *parts)
{
    struct env_key_file *file = NULL;
    ENV_RESULT r;

    ENV_TRY(tool_key_may_use(&export->place, export->name, export->number));
    ENV_TRY(tool_key_open(&export->place, export->name, export->number, &file, parts));
    r = give_out(export, parts);
    env_key_file_free(file);
    return r;
}

static void work(struct export *export)
{
    struct tool_key_place *place = &export->place;
    struct tool_key_parts *parts = tool_key_parts_new();
    ENV_RESULT r = parts != NULL ? tool_key_newest(place, export->name, &export->number)
                                 : ENV_FAIL(ENV_R_NO_MEMORY);

    if (!env_ok(r)) {
        tool_key_place_fails(place, export->name, r);
    } else {
        env_named_full_name(export->name, export->number, export->full_name);
        r = open_and_give_out(export, parts);
        if (r.reason != ENV_R_AUDIT_FAILED)
            r = tool_key_place_audit_failure(place, ENV_AUDIT_EXPORT, export->full_name, r);
        if (!env_ok(r))
            tool_key_place_fails(place, export->full_name, r);
    }
    tool_key_parts_free(parts);
}

static enum tool_status run_export(struct tool_run *run)
{
    struct export export = {.form = TOOL_KEY_HEX};
    struct tool_key_output output;

    if (!tool_key_one_operand(run) ||
        !tool_key_operand(run, run->options.operands[0], export.name, &export.number) ||
        !tool_key_form(run, TOOL_KEY_HEX, &export.form) || !tool_key_output_is_wanted(run))
        return TOOL_UNABLE;
    if (!run->options.yes) {
        tool_complain(
            run, "--yes is missing: the key would be written to the standard output, in the clear");
        return TOOL_UNABLE;
    }
    if (run->options.json && export.form == TOOL_KEY_RAW) {
        tool_complain(run, "--json has the key as --hex or --base64");
        return TOOL_UNABLE;
    }
    if (!tool_key_output_begin(&output) ||
        !tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &export.place))
        return tool_key_output_end(&output, TOOL_UNABLE);
    work(&export);
    return tool_key_output_end(&output, tool_key_place_end(&export.place));
}

static const struct tool_option options[] = {
    TOOL_FLAG("yes", yes, "confirm that the key is output in the clear"),
    TOOL_KEY_FORM_OPTIONS,
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_export = {
    .name = "key export",
    .operands = "NAME[@N]",
    .summary = "Writes a key to the standard output, and records it in the audit log",
    .tables = tables,
    .needs_operands = true,
    .run = run_export,
};
