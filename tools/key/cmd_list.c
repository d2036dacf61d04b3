/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key list: shows the clear part of the key files in the folder. Uses no token. */
#include <string.h>

#include "tools/key/key_actions.h"
#include "tools/key/key_options.h"
#include "tools/key/key_place.h"
#include "tools/key/key_show.h"

static void show(struct tool_key_place *place, const char *full_name,
                 const struct env_key_file *file)
{
    FILE *out = place->run->out;
    struct env_json *json;

    if (place->run->options.json) {
        json = tool_key_place_json(place, full_name, false);
        tool_key_show_json(json, file, place->now);
        env_json_object_end(json);
        return;
    }
    (void)fprintf(out, "%s: ", full_name);
    tool_key_show_line(out, file, place->now);
    (void)fputc('\n', out);
    if (place->run->options.verbose)
        tool_key_show_more(out, file);
}

static void look_at(struct tool_key_place *place, const struct env_key_name *name)
{
    struct env_key_file *file = NULL;
    char full_name[ENV_NAMED_FULL_NAME];
    ENV_RESULT r = env_key_file_read(&place->errors, place->crypto, place->folder, name->name,
                                     name->number, &file);

    env_named_full_name(name->name, name->number, full_name);
    if (env_ok(r))
        show(place, full_name, file);
    else
        tool_key_place_fails(place, full_name, r);
    env_key_file_free(file);
}

/* Lists the versions that the operand names; it is a failure if there are none. */
static void list_named(struct tool_key_place *place, const struct env_key_names *names,
                       const char *wanted, uint32_t number)
{
    size_t found = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->names[i].name, wanted) == 0 &&
            (number == 0 || names->names[i].number == number)) {
            look_at(place, &names->names[i]);
            found++;
        }
    }
    if (found == 0)
        tool_key_place_fails(place, wanted,
                             ENV_RAISE(&place->errors, ENV_R_KEY_UNKNOWN, "in %s", place->path));
}

static enum tool_status run_list(struct tool_run *run)
{
    const struct tool_options *options = &run->options;
    char name[ENV_NAMED_NAME_MAX + 1];
    struct env_key_names names = {0};
    struct tool_key_place place;
    uint32_t number;
    ENV_RESULT r;

    for (size_t i = 0; i < options->operand_count; i++) {
        if (!tool_key_operand(run, options->operands[i], name, &number))
            return TOOL_UNABLE;
    }
    if (!tool_key_place_open(run, TOOL_KEY_NEEDS_FOLDER, &place))
        return TOOL_UNABLE;
    r = env_key_folder_list(&place.errors, place.path, place.folder, &names);
    if (!env_ok(r))
        tool_key_place_fails(&place, place.path, r);
    for (size_t i = 0; env_ok(r) && i < options->operand_count; i++) {
        (void)env_named_name_read(options->operands[i], name, &number);
        list_named(&place, &names, name, number);
    }
    for (size_t i = 0; env_ok(r) && options->operand_count == 0 && i < names.count; i++)
        look_at(&place, &names.names[i]);
    env_key_names_clear(&names);
    return tool_key_place_end(&place);
}

static const struct tool_option options_of_list[] = {
    TOOL_FLAG("verbose", verbose, "also show owner, stand-ins and KEKs"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options_of_list, tool_key_options_where, NULL};

const struct tool_command tool_key_list = {
    .name = "key list",
    .operands = "[NAME[@N]...]",
    .summary = "Lists the keys of the folder, from their files alone",
    .tables = tables,
    .needs_operands = false,
    .run = run_list,
};
