/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key which: finds whose stand-in a text is. */
#include <string.h>
#include <unistd.h>

#include "envelope/named/stand_in.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_options.h"
#include "tools/key/key_place.h"

static void tell(struct tool_key_place *place, const struct env_named_clear *clear,
                 const struct env_named_stand_in *stand_in)
{
    char full_name[ENV_NAMED_FULL_NAME];
    struct env_json *json;

    env_named_full_name(clear->name, clear->number, full_name);
    if (place->run->options.json) {
        json = tool_key_place_json(place, full_name, false);
        env_json_text(json, "application", stand_in->application);
        env_json_object_end(json);
        return;
    }
    tool_key_place_say(place, "%s: the stand-in of %s", full_name, stand_in->application);
}

/* Counts the file's stand-ins with this hash, and reports each. */
static size_t look_at(struct tool_key_place *place, const struct env_key_name *name,
                      const uint8_t hash[ENV_STAND_IN_HASH_LEN])
{
    struct env_key_file *file = NULL;
    char full_name[ENV_NAMED_FULL_NAME];
    size_t found = 0;
    ENV_RESULT r = env_key_file_read(&place->errors, place->crypto, place->folder, name->name,
                                     name->number, &file);

    env_named_full_name(name->name, name->number, full_name);
    if (!env_ok(r)) {
        tool_key_place_fails(place, full_name, r);
        return 0;
    }
    for (size_t i = 0; i < file->clear.stand_in_count; i++) {
        if (memcmp(file->clear.stand_ins[i].hint, hash, ENV_STAND_IN_HINT_LEN) == 0) {
            tell(place, &file->clear, &file->clear.stand_ins[i]);
            found++;
        }
    }
    env_key_file_free(file);
    return found;
}

static void look_everywhere(struct tool_key_place *place, struct env_span stand_in)
{
    struct env_key_names names = {0};
    uint8_t hash[ENV_STAND_IN_HASH_LEN];
    size_t found = 0;
    ENV_RESULT r = env_stand_in_hash(place->crypto, stand_in, hash);

    if (env_ok(r))
        r = env_key_folder_list(&place->errors, place->path, place->folder, &names);
    for (size_t i = 0; env_ok(r) && i < names.count; i++)
        found += look_at(place, &names.names[i], hash);
    env_key_names_clear(&names);
    if (env_ok(r) && found == 0)
        r = ENV_RAISE(&place->errors, ENV_R_KEY_UNKNOWN, "none in %s lists it", place->path);
    if (!env_ok(r))
        tool_key_place_fails(place, "the stand-in", r);
}

static void work(struct tool_key_place *place, enum tool_key_form form)
{
    struct tool_key_bytes bytes = {NULL, 0};
    const char *why = tool_key_bytes_read(STDIN_FILENO, form, &bytes);
    size_t length = 0;

    if (why == NULL && form == TOOL_KEY_RAW && bytes.data[bytes.len - 1] == '\n')
        bytes.len--; /* a text file ends in a newline */
    if (why == NULL && !env_stand_in_is((struct env_span){bytes.data, bytes.len}, &length))
        why = "it does not look like one: \"key:\" and letters, digits, - and _";
    if (why != NULL)
        tool_key_place_fails_with(place, "the stand-in", "%s", why);
    else
        look_everywhere(place, (struct env_span){bytes.data, length});
    tool_key_bytes_clear(&bytes);
}

static enum tool_status run_which(struct tool_run *run)
{
    struct tool_key_place place;
    enum tool_key_form form;

    if (run->options.operand_count > 0) {
        tool_complain(run, "it takes no operands: the stand-in comes from the standard input, "
                           "where others do not see it");
        return TOOL_UNABLE;
    }
    if (!tool_key_form(run, TOOL_KEY_RAW, &form) ||
        !tool_key_place_open(run, TOOL_KEY_NEEDS_FOLDER, &place))
        return TOOL_UNABLE;
    work(&place, form);
    return tool_key_place_end(&place);
}

static const struct tool_option options[] = {
    TOOL_KEY_FORM_OPTIONS,
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_which = {
    .name = "key which",
    .operands = "",
    .summary = "Reports which key and application a stand-in belongs to",
    .tables = tables,
    .needs_operands = false,
    .run = run_which,
};
