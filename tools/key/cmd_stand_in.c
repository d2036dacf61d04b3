/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key stand-in: the text that a program's configuration has in place of a key. */
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/printable.h"
#include "envelope/base/secret.h"
#include "envelope/named/stand_in.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_options.h"
#include "tools/key/key_seal.h"
#include "tools/key/key_tell.h"

struct stand_in {
    struct tool_key_place place;
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number; /* 0: none was given */
    bool all;        /* all versions, including future ones */
    const char *application;
    enum tool_key_form form;
    char *text; /* the new stand-in; in secret memory */
    uint8_t hash[ENV_STAND_IN_HASH_LEN];
    uint8_t hint[ENV_STAND_IN_HINT_LEN]; /* of the stand-in that was revoked */
};

#define TEXT_ROOM (ENV_STAND_IN_MAX + 1)

/* ---- which versions ---- */

/* A stand-in for a fields key stands for all versions: each file has it. */
static ENV_RESULT find_versions(struct stand_in *in, struct tool_key_versions *out, bool *fields)
{
    struct tool_key_place *place = &in->place;
    struct env_key_file *file = NULL;
    uint32_t number = in->number;
    ENV_RESULT r;

    ENV_TRY(tool_key_newest(place, in->name, &number));
    ENV_TRY(tool_key_versions(place, in->name, out));
    r = env_key_file_read(&place->errors, place->crypto, place->folder, in->name, number, &file);
    *fields = env_ok(r) && env_uses_are_fields(file->uses);
    env_key_file_free(file);
    if (env_ok(r) && *fields && in->number != 0)
        r = ENV_RAISE(&place->errors, ENV_R_KEY_USES,
                      "a stand-in of a key for fields stands for all its versions: name %s",
                      in->name);
    if (env_ok(r) && !*fields && (in->number != 0 || !place->run->options.revoke)) {
        out->numbers[0] = number;
        out->count = 1;
    }
    in->all = *fields || (in->number == 0 && in->place.run->options.revoke);
    return r;
}

static size_t position(const struct env_named_clear *clear, const char *application)
{
    size_t i = 0;

    while (i < clear->stand_in_count && strcmp(clear->stand_ins[i].application, application) != 0)
        i++;
    return i;
}

/* Whether any of these versions has a stand-in for the application. */
static ENV_RESULT is_there(const struct stand_in *in, const struct tool_key_versions *versions,
                           bool *there)
{
    const struct tool_key_place *place = &in->place;

    *there = false;
    for (size_t i = 0; i < versions->count && !*there; i++) {
        struct env_key_file *file = NULL;

        ENV_TRY(env_key_file_read(&place->errors, place->crypto, place->folder, in->name,
                                  versions->numbers[i], &file));
        *there = position(&file->clear, in->application) < file->clear.stand_in_count;
        env_key_file_free(file);
    }
    return ENV_OK;
}

/* ---- adding ---- */

static ENV_RESULT draw(struct stand_in *in, const struct tool_key_parts *parts)
{
    const struct env_errors *errors = &in->place.errors;
    size_t length = env_stand_in_length(env_uses_of(&parts->clear), parts->sealed.key_len);

    if (length < ENV_STAND_IN_MIN)
        return ENV_RAISE(errors, ENV_R_KEY_USES,
                         "the key has %zu bytes, and a stand-in for it could be guessed",
                         parts->sealed.key_len);
    if (length < ENV_STAND_IN_SHORT && !in->place.run->options.short_form)
        return ENV_RAISE(errors, ENV_R_STAND_IN_SHORT, "%zu characters after \"key:\"",
                         length - strlen(ENV_STAND_IN_PREFIX));
    ENV_TRY(env_stand_in_make(in->place.crypto, length, in->text));
    return env_stand_in_hash(in->place.crypto, (struct env_span){(const uint8_t *)in->text, length},
                             in->hash);
}

static ENV_RESULT add(void *arg, struct tool_key_parts *parts, bool *same)
{
    struct stand_in *in = arg;
    struct env_named_clear *clear = &parts->clear;
    size_t i = clear->stand_in_count;
    size_t at = position(clear, in->application);

    /* a version that another run made meanwhile took it over from the version before */
    *same = at < i && in->text[0] != '\0' &&
            memcmp(parts->sealed.hashes[at], in->hash, sizeof(in->hash)) == 0;
    if (*same)
        return ENV_OK;
    if (at < i)
        return ENV_RAISE(&in->place.errors, ENV_R_STAND_IN_EXISTS, "%s", in->application);
    if (i == ENV_NAMED_STAND_INS_MAX)
        return ENV_FAIL(ENV_R_STAND_INS_FULL);
    if (in->text[0] == '\0')
        ENV_TRY(draw(in, parts));
    (void)snprintf(clear->stand_ins[i].application, sizeof(clear->stand_ins[i].application), "%s",
                   in->application);
    memcpy(clear->stand_ins[i].hint, in->hash, ENV_STAND_IN_HINT_LEN);
    memcpy(parts->sealed.hashes[i], in->hash, ENV_STAND_IN_HASH_LEN);
    clear->stand_in_count = parts->sealed.stand_in_count = i + 1;
    return ENV_OK;
}

/* ---- revoking ---- */

static ENV_RESULT take_out(void *arg, struct tool_key_parts *parts, bool *same)
{
    struct stand_in *in = arg;
    struct env_named_clear *clear = &parts->clear;
    size_t i = position(clear, in->application);
    size_t behind;

    *same = i == clear->stand_in_count;
    if (*same)
        return ENV_OK;
    memcpy(in->hint, clear->stand_ins[i].hint, ENV_STAND_IN_HINT_LEN);
    behind = clear->stand_in_count - i - 1;
    memmove(&clear->stand_ins[i], &clear->stand_ins[i + 1], behind * sizeof(clear->stand_ins[0]));
    memmove(&parts->sealed.hashes[i], &parts->sealed.hashes[i + 1],
            behind * sizeof(parts->sealed.hashes[0]));
    clear->stand_in_count = parts->sealed.stand_in_count = clear->stand_in_count - 1;
    return ENV_OK;
}

/* ---- each version ---- */

static void tell_revoked(const struct stand_in *in, const char *full_name)
{
    char hint[ENV_HEX_TEXT];
    struct env_json *json;

    env_hex(hint, sizeof(hint), in->hint, sizeof(in->hint));
    if (in->place.run->options.json) {
        json = tool_key_place_json(&in->place, full_name, true);
        env_json_text(json, "application", in->application);
        env_json_text(json, "revoked", hint);
        env_json_object_end(json);
        return;
    }
    tool_key_place_say(&in->place, "%s: the stand-in of %s was revoked", full_name,
                       in->application);
    tool_key_place_say(&in->place,
                       "  an old copy of the file would bring it back: add the line "
                       "revoked-stand-in = %s to state-file",
                       hint);
}

/* False: failed, which was reported. */
static bool change_one(struct stand_in *in, uint32_t number, tool_key_change_fn *change)
{
    struct tool_key_place *place = &in->place;
    char full_name[ENV_NAMED_FULL_NAME];
    bool changed = false;
    ENV_RESULT r = ENV_OK;

    if (!place->run->options.revoke) /* revoking is never refused */
        r = tool_key_may_use(place, in->name, number);
    if (env_ok(r))
        r = tool_key_change(place, in->name, number, ENV_AUDIT_STAND_IN, change, in, &changed);
    env_named_full_name(in->name, number, full_name);
    r = tool_key_place_audit_failure(place, ENV_AUDIT_STAND_IN, full_name, r);
    place->changed = place->changed || changed;
    if (!env_ok(r)) {
        tool_key_place_fails(place, full_name, r);
        return false;
    }
    if (changed && place->run->options.revoke)
        tell_revoked(in, full_name);
    return true;
}

/* last is the highest number so far; *newer: the versions made since, one of which this may be. */
static bool look_again(struct stand_in *in, uint32_t *last, struct tool_key_versions *newer)
{
    struct tool_key_versions now;
    ENV_RESULT r = tool_key_versions(&in->place, in->name, &now);
    size_t old = 0;

    *newer = (struct tool_key_versions){0};
    if (!env_ok(r)) {
        tool_key_place_fails(&in->place, in->name, r);
        return false;
    }
    while (old < now.count && now.numbers[old] <= *last)
        old++;
    now.count -= old;
    memmove(now.numbers, now.numbers + old, now.count * sizeof(*now.numbers));
    if (now.count > 0)
        *last = now.numbers[now.count - 1];
    *newer = now;
    return true;
}

/*
 * Newest first, because it seals. If all versions are meant, they include one that another run
 * makes meanwhile from an older version's contents: its file exists before the older one's lock is
 * released. False: failed, which was reported.
 */
static bool change_each(struct stand_in *in, const struct tool_key_versions *versions,
                        tool_key_change_fn *change)
{
    struct tool_key_versions newer = {0};
    uint32_t last = versions->numbers[versions->count - 1];
    bool ok = true;

    for (size_t i = versions->count; ok && i-- > 0;)
        ok = change_one(in, versions->numbers[i], change);
    while (ok && in->all && look_again(in, &last, &newer) && newer.count > 0) {
        for (size_t i = newer.count; ok && i-- > 0;)
            ok = change_one(in, newer.numbers[i], change);
        OPENSSL_free(newer.numbers);
        newer = (struct tool_key_versions){0};
    }
    OPENSSL_free(newer.numbers);
    return ok;
}

static void revoke_all(struct stand_in *in, const struct tool_key_versions *versions)
{
    if (!change_each(in, versions, take_out) || in->place.changed)
        return;
    tool_key_place_fails(
        &in->place, in->name,
        ENV_RAISE(&in->place.errors, ENV_R_STAND_IN_UNKNOWN, "%s", in->application));
}

/* ---- output ---- */

static bool write_json(const struct stand_in *in, size_t len, const char *full_name, char *text)
{
    struct env_json *json;

    if (in->form != TOOL_KEY_RAW &&
        !tool_key_bytes_text(in->form, (const uint8_t *)in->text, len, text))
        return false;
    json = tool_key_place_json(&in->place, full_name, true);
    env_json_text(json, "application", in->application);
    env_json_text(json, "stand_in", in->form == TOOL_KEY_RAW ? in->text : text);
    env_json_object_end(json);
    return fflush(in->place.run->out) == 0 && ferror(in->place.run->out) == 0;
}

/* The text has no newline: a program that reads the whole file would treat that as part of it. */
static bool write_text(const struct stand_in *in, size_t len)
{
    if (fflush(in->place.run->out) != 0 ||
        !tool_key_bytes_write(STDOUT_FILENO, in->form, (const uint8_t *)in->text, len))
        return false;
    return in->form != TOOL_KEY_RAW || isatty(STDOUT_FILENO) == 0 ||
           tool_key_bytes_write(STDOUT_FILENO, TOOL_KEY_RAW, (const uint8_t *)"\n", 1);
}

static void give_out(struct stand_in *in, const struct tool_key_versions *versions)
{
    size_t len = strlen(in->text);
    char full_name[ENV_NAMED_FULL_NAME];
    char *text = env_secret_alloc(TOOL_KEY_TEXT);
    bool ok = text != NULL;

    env_named_full_name(in->name, versions->numbers[versions->count - 1], full_name);
    if (ok)
        ok = in->place.run->options.json ? write_json(in, len, full_name, text)
                                         : write_text(in, len);
    env_secret_free(text, TOOL_KEY_TEXT);
    if (!ok)
        tool_key_place_fails_with(&in->place, full_name,
                                  "the stand-in could not be written: revoke it (--revoke), and "
                                  "make another");
}

static void make(struct stand_in *in, const struct tool_key_versions *versions)
{
    bool there = false;
    ENV_RESULT r = is_there(in, versions, &there);

    if (env_ok(r) && there && in->place.run->options.if_missing) {
        if (in->place.run->options.json) {
            struct env_json *json = tool_key_place_json(&in->place, in->name, false);

            env_json_text(json, "application", in->application);
            env_json_object_end(json);
        }
        return;
    }
    if (env_ok(r) && there)
        r = ENV_RAISE(&in->place.errors, ENV_R_STAND_IN_EXISTS, "%s", in->application);
    if (!env_ok(r))
        tool_key_place_fails(&in->place, in->name, r);
    else if (change_each(in, versions, add))
        give_out(in, versions);
}

static void work(struct stand_in *in)
{
    struct tool_key_versions versions = {0};
    bool fields = false;
    ENV_RESULT r = find_versions(in, &versions, &fields);

    if (!env_ok(r))
        tool_key_place_fails(&in->place, in->name, r);
    else if (in->place.run->options.revoke)
        revoke_all(in, &versions);
    else
        make(in, &versions);
    OPENSSL_free(versions.numbers);
}

/* ---- options ---- */

static bool read_options(struct stand_in *in, struct tool_run *run)
{
    in->application = run->options.app;
    if (in->application == NULL || !tool_key_text_is(in->application, ENV_NAMED_APPLICATION_MAX)) {
        tool_complain(run, "--for-app names who gets it: UTF-8 of 1 to %u bytes",
                      ENV_NAMED_APPLICATION_MAX);
        return false;
    }
    if (run->options.revoke && (run->options.if_missing || run->options.short_form)) {
        tool_complain(run,
                      "--revoke makes no stand-in: it does not go with --if-missing or --short");
        return false;
    }
    return tool_key_one_operand(run) &&
           tool_key_operand(run, run->options.operands[0], in->name, &in->number) &&
           tool_key_form(run, TOOL_KEY_RAW, &in->form) &&
           (run->options.revoke || tool_key_output_is_wanted(run));
}

static enum tool_status run_stand_in(struct tool_run *run)
{
    struct stand_in in = {.form = TOOL_KEY_RAW};
    struct tool_key_output output;

    if (!read_options(&in, run) || !tool_key_output_begin(&output))
        return TOOL_UNABLE;
    in.text = env_secret_alloc(TEXT_ROOM);
    if (in.text == NULL || !tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &in.place)) {
        env_secret_free(in.text, TEXT_ROOM);
        return tool_key_output_end(&output, TOOL_UNABLE);
    }
    work(&in);
    env_secret_free(in.text, TEXT_ROOM);
    return tool_key_output_end(&output, tool_key_place_end(&in.place));
}

static const struct tool_option options[] = {
    TOOL_TEXT("for-app", app, "APP", "the application's name, by which it can be revoked"),
    TOOL_FLAG("short", short_form, "even if it has fewer than 24 characters"),
    TOOL_FLAG("revoke", revoke, "remove the application's stand-in from the file"),
    TOOL_FLAG("if-missing", if_missing, "an existing one is not an error; it is not shown again"),
    TOOL_FLAG("single", single, "even if only one token will open the key"),
    TOOL_KEY_FORM_OPTIONS,
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_stand_in = {
    .name = "key stand-in",
    .operands = "NAME[@N]",
    .summary = "Makes or revokes an application's stand-in for a key",
    .tables = tables,
    .needs_operands = true,
    .run = run_stand_in,
};
