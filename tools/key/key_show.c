/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/key_show.h"

#include <inttypes.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "tools/common/mechanism.h"
#include "tools/common/report.h"
#include "tools/common/when.h"

enum tool_key_state tool_key_state(const struct env_named_clear *clear, int64_t now)
{
    if (clear->not_after != 0 && now > clear->not_after)
        return TOOL_KEY_EXPIRED;
    return clear->seal_from > now ? TOOL_KEY_WAITS : TOOL_KEY_CURRENT;
}

const char *tool_key_state_word(enum tool_key_state state)
{
    static const char *const words[] = {
        [TOOL_KEY_CURRENT] = "current",
        [TOOL_KEY_WAITS] = "waits",
        [TOOL_KEY_EXPIRED] = "expired",
    };

    return words[state];
}

static const char *origin(const struct env_named_clear *clear)
{
    return clear->origin == ENV_NAMED_IMPORTED ? "imported" : "generated";
}

const char *tool_key_uses_text(const struct env_named_clear *clear, char text[TOOL_KEY_USES_TEXT])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < clear->use_count && used < TOOL_KEY_USES_TEXT; i++)
        used += (size_t)snprintf(text + used, TOOL_KEY_USES_TEXT - used, "%s%s", i > 0 ? "," : "",
                                 clear->uses[i]);
    return text;
}

/* ---- text ---- */

void tool_key_show_line(FILE *out, const struct env_key_file *file, int64_t now)
{
    const struct env_named_clear *clear = &file->clear;
    char uses[TOOL_KEY_USES_TEXT];
    char when[TOOL_WHEN_TEXT];
    char id[ENV_HEX_TEXT];

    env_hex(id, sizeof(id), clear->id, sizeof(clear->id));
    tool_report_text(out, tool_key_uses_text(clear, uses));
    (void)fprintf(out, ", %s%s %s ago, key id %s", clear->mixed ? "mixed, " : "", origin(clear),
                  tool_when_age(now - clear->created, when), id);
    switch (tool_key_state(clear, now)) {
    case TOOL_KEY_WAITS:
        (void)fprintf(out, ", seals from %s", tool_when_text(clear->seal_from, when));
        break;
    case TOOL_KEY_EXPIRED:
        (void)fprintf(out, ", EXPIRED %s", tool_when_text(clear->not_after, when));
        break;
    case TOOL_KEY_CURRENT:
    default:
        break;
    }
}

static void show_stand_ins(FILE *out, const struct env_named_clear *clear)
{
    for (size_t i = 0; i < clear->stand_in_count; i++) {
        char hint[ENV_HEX_TEXT];

        env_hex(hint, sizeof(hint), clear->stand_ins[i].hint, ENV_STAND_IN_HINT_LEN);
        (void)fputs("  stand-in of ", out);
        tool_report_text(out, clear->stand_ins[i].application);
        (void)fprintf(out, " (%s)\n", hint);
    }
}

void tool_key_show_more(FILE *out, const struct env_key_file *file)
{
    const struct env_named_clear *clear = &file->clear;
    char when[TOOL_WHEN_TEXT];
    char id[TOOL_REPORT_ID];

    if (clear->owner[0] != '\0') {
        (void)fputs("  owner ", out);
        tool_report_text(out, clear->owner);
        (void)fputc('\n', out);
    }
    if (clear->not_after != 0)
        (void)fprintf(out, "  not after %s\n", tool_when_text(clear->not_after, when));
    if (clear->no_export)
        (void)fputs("  not to be exported\n", out);
    show_stand_ins(out, clear);
    for (size_t i = 0; i < file->header->count; i++) {
        const struct env_recipient *recipient = &file->header->recipients[i];

        (void)fprintf(out, "  %s KEK %s\n",
                      tool_kek_type(tool_mechanism(recipient->wrapped.alg).type),
                      tool_report_id(&recipient->id, id));
    }
}

/* ---- JSON ---- */

static void when_json(struct env_json *json, const char *name, int64_t when)
{
    char text[TOOL_WHEN_TEXT];

    env_json_text(json, name, when != 0 ? tool_when_text(when, text) : NULL);
}

void tool_key_show_json(struct env_json *json, const struct env_key_file *file, int64_t now)
{
    const struct env_named_clear *clear = &file->clear;

    env_json_text(json, "name", clear->name);
    env_json_number(json, "version", clear->number);
    env_json_text(json, "state", tool_key_state_word(tool_key_state(clear, now)));
    env_json_array(json, "uses");
    for (size_t i = 0; i < clear->use_count; i++)
        env_json_text(json, NULL, clear->uses[i]);
    env_json_array_end(json);
    env_json_bool(json, "mixed", clear->mixed);
    env_json_bool(json, "no_export", clear->no_export);
    env_json_text(json, "origin", origin(clear));
    env_json_text(json, "owner", clear->owner);
    when_json(json, "created", clear->created);
    env_json_number(json, "age_seconds",
                    now > clear->created ? (uint64_t)(now - clear->created) : 0);
    when_json(json, "seal_from", clear->seal_from);
    when_json(json, "not_after", clear->not_after);
    env_json_hex(json, "key_id", clear->id, sizeof(clear->id));
    env_json_hex(json, "fingerprint", file->fingerprint, sizeof(file->fingerprint));
    env_json_array(json, "stand_ins");
    for (size_t i = 0; i < clear->stand_in_count; i++) {
        env_json_object(json, NULL);
        env_json_text(json, "application", clear->stand_ins[i].application);
        env_json_hex(json, "hash8", clear->stand_ins[i].hint, ENV_STAND_IN_HINT_LEN);
        env_json_object_end(json);
    }
    env_json_array_end(json);
    env_json_array(json, "keks");
    for (size_t i = 0; i < file->header->count; i++) {
        const struct env_recipient *recipient = &file->header->recipients[i];
        const struct tool_mechanism mechanism = tool_mechanism(recipient->wrapped.alg);

        env_json_object(json, NULL);
        env_json_text(json, "type", tool_kek_type(mechanism.type));
        env_json_hex(json, "kek", recipient->id.bytes, recipient->id.len);
        env_json_text(json, "mechanism", mechanism.words);
        env_json_object_end(json);
    }
    env_json_array_end(json);
}

/* ---- CSV ---- */

/*
 * Writes a cell in quotes, which are doubled inside. Spreadsheets take text that begins with one
 * of these characters for a formula; a blank before it prevents that.
 */
static void cell(FILE *out, const char *text)
{
    (void)fputc('"', out);
    if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL)
        (void)fputc(' ', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void next_cell(FILE *out, const char *text)
{
    (void)fputc(',', out);
    cell(out, text);
}

static void cell_when(FILE *out, int64_t when)
{
    char text[TOOL_WHEN_TEXT];

    next_cell(out, when != 0 ? tool_when_text(when, text) : "");
}

void tool_key_show_csv_head(FILE *out)
{
    (void)fputs("path,name,version,state,uses,owner,origin,created,age_days,seal_from,not_after,"
                "applications,keks,key_id,fingerprint\r\n",
                out);
}

#define LIST_ROOM (ENV_KEK_RECIPIENTS_MAX * TOOL_REPORT_ID + 1)

static void append(char list[LIST_ROOM], const char *text)
{
    size_t used = strlen(list);

    (void)snprintf(list + used, LIST_ROOM - used, "%s%s", used > 0 ? ";" : "", text);
}

static void cell_lists(FILE *out, const struct env_key_file *file)
{
    char list[LIST_ROOM] = "";
    char id[TOOL_REPORT_ID];

    for (size_t i = 0; i < file->clear.stand_in_count; i++)
        append(list, file->clear.stand_ins[i].application);
    next_cell(out, list);
    list[0] = '\0';
    for (size_t i = 0; i < file->header->count; i++)
        append(list, tool_report_id(&file->header->recipients[i].id, id));
    next_cell(out, list);
}

void tool_key_show_csv(FILE *out, const char *path, const struct env_key_file *file, int64_t now)
{
    const struct env_named_clear *clear = &file->clear;
    char uses[TOOL_KEY_USES_TEXT];
    char hex[ENV_HEX_TEXT];

    cell(out, path);
    next_cell(out, clear->name);
    (void)fprintf(out, ",%" PRIu32, clear->number);
    next_cell(out, tool_key_state_word(tool_key_state(clear, now)));
    next_cell(out, tool_key_uses_text(clear, uses));
    next_cell(out, clear->owner);
    next_cell(out, origin(clear));
    cell_when(out, clear->created);
    (void)fprintf(out, ",%" PRId64, now > clear->created ? (now - clear->created) / 86400 : 0);
    cell_when(out, clear->seal_from);
    cell_when(out, clear->not_after);
    cell_lists(out, file);
    env_hex(hex, sizeof(hex), clear->id, sizeof(clear->id));
    next_cell(out, hex);
    env_hex(hex, sizeof(hex), file->fingerprint, sizeof(file->fingerprint));
    next_cell(out, hex);
    (void)fputs("\r\n", out);
}
