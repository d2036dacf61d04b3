/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/key_tell.h"

#include <openssl/err.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "envelope/base/utf8.h"
#include "tools/common/report.h"
#include "tools/key/key_show.h"

void tool_key_tell(const struct tool_key_place *place, const struct env_key_file *file,
                   bool changed, const char *what)
{
    char full_name[ENV_NAMED_FULL_NAME];
    FILE *out = place->run->out;
    struct env_json *json;

    env_named_full_name(file->clear.name, file->clear.number, full_name);
    if (place->run->options.json) {
        json = tool_key_place_json(place, full_name, changed);
        tool_key_show_json(json, file, place->now);
        env_json_object_end(json);
        return;
    }
    (void)fprintf(out, "%s %s in ", full_name, what);
    tool_report_text(out, place->path);
    (void)fputs(": ", out);
    tool_key_show_line(out, file, place->now);
    (void)fputc('\n', out);
    tool_key_show_more(out, file);
}

void tool_key_forget(ENV_RESULT *r)
{
    ERR_clear_error();
    *r = ENV_OK;
}

bool tool_key_text_is(const char *text, size_t most)
{
    size_t len = strlen(text);

    if (len < 1 || len > most)
        return false;
    while (len > 0) {
        size_t n = env_utf8_char(text, len);

        if (n == 0 || !env_char_is_shown(text, n))
            return false;
        text += n;
        len -= n;
    }
    return true;
}

bool tool_key_output_is_wanted(const struct tool_run *run)
{
    if (!run->options.quiet)
        return true;
    tool_complain(run, "--quiet would discard this action's output");
    return false;
}
