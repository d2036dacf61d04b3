/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/kek_tell.h"

#include "tools/common/report.h"

static const char *type_of(const struct env_kek_info *info)
{
    return info->type == ENV_KEK_RSA ? "RSA" : "AES";
}

void tool_kek_tell_line(FILE *out, const struct env_kek_info *info)
{
    char id[TOOL_REPORT_ID];
    char dates[ENV_DATES_TEXT];

    tool_report_text(out, info->label);
    (void)fputs(" in token '", out);
    tool_report_text(out, info->token);
    (void)fprintf(out, "': %s-%zu, reference %s", type_of(info), info->bits,
                  tool_report_id(&info->id, id));
    if (info->dates.unread)
        (void)fputs(", one of its dates is invalid", out);
    else if (info->dates.first != 0 || info->dates.last != 0)
        (void)fprintf(out, ", seals %s", env_dates_text(&info->dates, dates));
}

static void day_json(struct env_json *json, const char *name, int64_t day)
{
    char text[ENV_DATE_TEXT];

    env_json_text(json, name, day != 0 ? env_date_text(day, text) : NULL);
}

void tool_kek_tell_json(struct env_json *json, const struct env_kek_info *info)
{
    env_json_text(json, "kek", info->label);
    env_json_text(json, "token", info->token);
    env_json_text(json, "serial", info->serial);
    env_json_text(json, "kind", type_of(info));
    env_json_number(json, "bits", info->bits);
    env_json_hex(json, "reference", info->id.bytes, info->id.len);
    day_json(json, "not_before", info->dates.first);
    day_json(json, "not_after", info->dates.last);
}

void tool_kek_tell_never(struct tool_run *run, const struct env_kek_info *info,
                         const struct tool_failure *why)
{
    if (run->options.json) {
        env_json_object(&run->json, NULL);
        env_json_text(&run->json, "type", "passed-over");
        env_json_text(&run->json, "kek", info->label);
        env_json_text(&run->json, "error", why->text);
        env_json_object_end(&run->json);
        return;
    }
    tool_report_text(run->out, info->label);
    (void)fprintf(run->out, " never seals, and is passed over: %s\n", why->text);
}

enum tool_status tool_kek_fails(struct tool_run *run, const char *what, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    if (run->options.json) {
        env_json_object(&run->json, NULL);
        env_json_text(&run->json, "type", "failure");
        env_json_text(&run->json, "kek", what);
        env_json_text(&run->json, "error", failure.text);
        env_json_object_end(&run->json);
    } else {
        tool_report_text(run->out, what);
        (void)fprintf(run->out, ": %s\n", failure.text);
    }
    return TOOL_WRONG;
}
