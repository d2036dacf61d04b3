/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key rotate: makes the next version of a key, with new bytes. */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "envelope/named/stand_in.h"
#include "tools/common/report.h"
#include "tools/common/when.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_options.h"
#include "tools/key/key_seal.h"
#include "tools/key/key_tell.h"

#define DETERMINISTIC "ENVELOPE-FIELD-DETERMINISTIC"
#define USUAL_WAIT 3600 /* seconds: machines must get the file before it seals */

struct new_stand_ins {
    char text[ENV_NAMED_STAND_INS_MAX][ENV_STAND_IN_MAX + 1];
};

struct rotate {
    struct tool_key_place place;
    char name[ENV_NAMED_NAME_MAX + 1];
    char old_name[ENV_NAMED_FULL_NAME]; /* NAME@N */
    char new_name[ENV_NAMED_FULL_NAME]; /* usually NAME@N+1 */
    uint32_t number;                    /* of the old version */
    uint32_t next;                      /* of the new version */
    int64_t seal_from;
    bool fields;
    bool deterministic;
    size_t stand_in_count;
    struct new_stand_ins *stand_ins; /* in secret memory; for the old version's applications */
};

/* ---- the new version ---- */

/*
 * Draws a key of the same length. A short key is allowed only for uses that accept one, for keys
 * that programs already had.
 */
static ENV_RESULT draw_key(const struct rotate *rotate, struct tool_key_parts *parts)
{
    const struct env_errors *errors = &rotate->place.errors;
    const env_uses uses = env_uses_of(&parts->clear);
    ENV_RESULT r;

    env_errors_mark(errors);
    r = env_uses_fit(errors, uses, parts->sealed.key_len, ENV_NAMED_GENERATED, parts->clear.mixed);
    env_errors_unmark(errors, true);
    OPENSSL_cleanse(parts->sealed.key, sizeof(parts->sealed.key));
    if (!env_ok(r))
        parts->sealed.key_len = env_uses_key_len(uses);
    return env_random_private(rotate->place.crypto, parts->sealed.key, parts->sealed.key_len);
}

/*
 * Under a stock name each application gets a new stand-in: only the stand-in shows which of two
 * keys is meant.
 */
static ENV_RESULT draw_stand_ins(struct rotate *rotate, struct tool_key_parts *parts)
{
    const struct env_crypto *crypto = rotate->place.crypto;
    size_t length = env_stand_in_length(env_uses_of(&parts->clear), parts->sealed.key_len);

    for (size_t i = 0; i < parts->clear.stand_in_count; i++) {
        char *text = rotate->stand_ins->text[i];

        ENV_TRY(env_stand_in_make(crypto, length, text));
        ENV_TRY(env_stand_in_hash(crypto, (struct env_span){(const uint8_t *)text, length},
                                  parts->sealed.hashes[i]));
        memcpy(parts->clear.stand_ins[i].hint, parts->sealed.hashes[i], ENV_STAND_IN_HINT_LEN);
    }
    rotate->stand_in_count = parts->clear.stand_in_count;
    return ENV_OK;
}

/* The new version lasts as long as the old one was meant to. */
static ENV_RESULT renew(struct rotate *rotate, struct tool_key_parts *parts)
{
    struct env_named_clear *clear = &parts->clear;
    int64_t life = clear->not_after != 0 ? clear->not_after - clear->created : 0;

    clear->number = parts->sealed.number = rotate->next;
    clear->origin = ENV_NAMED_GENERATED;
    clear->created = rotate->place.now;
    clear->seal_from = rotate->seal_from;
    clear->not_after = life > 0 ? rotate->place.now + life : 0;
    ENV_TRY(tool_key_would_seal(&rotate->place, clear));
    ENV_TRY(draw_key(rotate, parts));
    return rotate->fields ? ENV_OK : draw_stand_ins(rotate, parts);
}

static ENV_RESULT judge(struct rotate *rotate, const struct tool_key_parts *parts)
{
    const env_uses uses = env_uses_of(&parts->clear);

    rotate->deterministic = (uses & ENV_USE_BIT(env_use_number(DETERMINISTIC))) != 0;
    rotate->fields = env_uses_are_fields(uses);
    if (rotate->deterministic && !rotate->place.run->options.deterministic)
        return ENV_FAIL(ENV_R_KEY_MIGRATION);
    return ENV_OK;
}

/*
 * The old version stays locked until the new one exists. If another run changes the old one
 * (revokes a stand-in), either the change is in both, or that run finds the new version when it
 * looks again.
 */
static ENV_RESULT follow(void *arg, struct tool_key_parts *parts, size_t recipients)
{
    struct rotate *rotate = arg;
    struct tool_key_place *place = &rotate->place;

    ENV_TRY(judge(rotate, parts));
    ENV_TRY(tool_key_two_places(place, place->run->options.single || recipients == 1));
    ENV_TRY(renew(rotate, parts));
    return tool_key_make(place, ENV_AUDIT_ROTATE, parts);
}

static ENV_RESULT make_next(struct rotate *rotate)
{
    struct tool_key_place *place = &rotate->place;
    ENV_RESULT r = tool_key_hold(place, rotate->name, rotate->number, follow, rotate);

    place->changed = env_ok(r);
    return tool_key_place_audit_failure(place, ENV_AUDIT_ROTATE, rotate->new_name, r);
}

/* ---- output ---- */

static void tell_stand_ins_json(const struct rotate *rotate, const struct env_named_clear *clear)
{
    struct env_json *json = &rotate->place.run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "stand-ins");
    env_json_text(json, "key", rotate->new_name);
    env_json_array(json, "stand_ins");
    for (size_t i = 0; i < rotate->stand_in_count; i++) {
        env_json_object(json, NULL);
        env_json_text(json, "application", clear->stand_ins[i].application);
        env_json_text(json, "stand_in", rotate->stand_ins->text[i]);
        env_json_object_end(json);
    }
    env_json_array_end(json);
    env_json_object_end(json);
}

static void tell_fields(const struct rotate *rotate)
{
    const struct tool_key_place *place = &rotate->place;
    char when[TOOL_WHEN_TEXT];

    if (rotate->seal_from > place->now)
        tool_key_place_say(place,
                           "  it seals from %s: machines need the file before then (envelope key "
                           "activate %s lets it seal at once)",
                           tool_when_text(rotate->seal_from, when), rotate->new_name);
    tool_key_place_say(
        place, "  stand-ins stay valid; what %s sealed opens for as long as its file exists",
        rotate->old_name);
    if (rotate->deterministic)
        tool_key_place_say(place,
                           "  equal values are equal only under one version: look up under each, "
                           "seal everything again with %s, then destroy %s",
                           rotate->new_name, rotate->old_name);
}

static void tell_stock(const struct rotate *rotate, const struct env_named_clear *clear)
{
    const struct tool_key_place *place = &rotate->place;

    for (size_t i = 0; i < rotate->stand_in_count && !place->run->options.json; i++) {
        (void)fputs("  new stand-in of ", place->run->out);
        tool_report_text(place->run->out, clear->stand_ins[i].application);
        (void)fputs(": ", place->run->out);
        (void)fputs(rotate->stand_ins->text[i], place->run->out);
        (void)fputc('\n', place->run->out);
    }
    tool_key_place_say(place,
                       "  what %s sealed opens only with the old stand-in: keep both where the "
                       "program can (APP_PREVIOUS_KEYS)",
                       rotate->old_name);
    tool_key_place_say(place, "  where it cannot (MariaDB, pgcrypto), open all data with the old "
                              "one and seal it with the new one");
}

static void tell(struct rotate *rotate)
{
    struct tool_key_place *place = &rotate->place;
    struct env_key_file *file = NULL;
    ENV_RESULT r = env_key_file_read(&place->errors, place->crypto, place->folder, rotate->name,
                                     rotate->next, &file);

    if (!env_ok(r)) {
        tool_key_place_fails(place, rotate->new_name, r);
        return;
    }
    tool_key_tell(place, file, true, "made");
    if (place->run->options.json && rotate->stand_in_count > 0)
        tell_stand_ins_json(rotate, &file->clear);
    if (rotate->fields)
        tell_fields(rotate);
    else
        tell_stock(rotate, &file->clear);
    env_key_file_free(file);
}

/* ---- options ---- */

static void work(struct rotate *rotate)
{
    struct tool_key_place *place = &rotate->place;
    ENV_RESULT r = tool_key_newest(place, rotate->name, &rotate->number);

    if (env_ok(r))
        r = tool_key_next(place, rotate->name, &rotate->next);
    if (!env_ok(r)) {
        tool_key_place_fails(place, rotate->name, r);
        return;
    }
    env_named_full_name(rotate->name, rotate->number, rotate->old_name);
    env_named_full_name(rotate->name, rotate->next, rotate->new_name);
    r = make_next(rotate);
    if (env_ok(r))
        tell(rotate);
    else
        tool_key_place_fails(place, rotate->name, r);
}

static bool read_operand(struct rotate *rotate, const struct tool_run *run)
{
    uint32_t number;

    if (!tool_key_one_operand(run) ||
        !tool_key_operand(run, run->options.operands[0], rotate->name, &number))
        return false;
    if (number != 0)
        tool_complain(run, "rotate takes a name, not a version: %s", rotate->name);
    return number == 0;
}

static bool read_time(struct rotate *rotate)
{
    const char *text = rotate->place.run->options.seal_from;

    rotate->seal_from = rotate->place.now + USUAL_WAIT;
    return text == NULL || tool_key_option_when(rotate->place.run, "seal-from", text,
                                                rotate->place.now, &rotate->seal_from);
}

static enum tool_status run_rotate(struct tool_run *run)
{
    struct rotate rotate = {0};
    struct tool_key_output output;
    enum tool_status status = TOOL_UNABLE;

    if (!read_operand(&rotate, run) || !tool_key_output_is_wanted(run) ||
        !tool_key_output_begin(&output))
        return TOOL_UNABLE;
    rotate.stand_ins = env_secret_alloc(sizeof(*rotate.stand_ins));
    if (rotate.stand_ins != NULL &&
        tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &rotate.place)) {
        if (read_time(&rotate)) {
            work(&rotate);
            status = tool_key_place_end(&rotate.place);
        } else {
            tool_key_place_close(&rotate.place);
        }
    }
    env_secret_free(rotate.stand_ins, sizeof(*rotate.stand_ins));
    return tool_key_output_end(&output, status);
}

static const struct tool_option options[] = {
    TOOL_TEXT("seal-from", seal_from, "WHEN",
              "when it starts to seal: now, +24h, a date (default: +1h)"),
    TOOL_FLAG("deterministic", deterministic,
              "although lookups will not find what other versions sealed (a migration)"),
    TOOL_FLAG("single", single, "even if only one token will open it"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_rotate = {
    .name = "key rotate",
    .operands = "NAME",
    .summary = "Makes the next version of a key",
    .tables = tables,
    .needs_operands = true,
    .run = run_rotate,
};
