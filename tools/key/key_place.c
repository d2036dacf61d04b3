/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/key_place.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "tools/common/report.h"

static bool open_folder(struct tool_key_place *place)
{
    struct tool_failure failure;
    struct stat st;
    ENV_RESULT r = env_key_folder_open(&place->errors, place->path, &place->folder, &st);

    if (env_ok(r))
        return true;
    place->folder = -1;
    tool_failure_take(r, &failure);
    tool_complain(place->run, "%s", failure.text);
    return false;
}

static bool begin(struct tool_run *run, bool configuration, struct tool_key_place *out)
{
    *out = (struct tool_key_place){
        .run = run, .folder = -1, .errors = tool_errors(), .now = env_clock_seconds()};
    if (configuration) {
        if (!tool_run_keys(run))
            return false;
        out->crypto = run->keys->dek.crypto;
        return true;
    }
    out->own_crypto = true;
    out->crypto = env_crypto_new(NULL, NULL);
    if (out->crypto != NULL && env_ok(env_crypto_ready(out->crypto)))
        return true;
    tool_complain(run, "out of memory");
    return false;
}

void tool_key_place_close(struct tool_key_place *place)
{
    if (place->folder >= 0)
        (void)close(place->folder);
    if (place->own_crypto)
        env_crypto_free(place->crypto);
    place->folder = -1;
    place->crypto = NULL;
}

bool tool_key_place_open(struct tool_run *run, enum tool_key_needs needs,
                         struct tool_key_place *out)
{
    const char *directory = run->options.directory;
    bool ok = begin(run, needs == TOOL_KEY_NEEDS_CONFIGURATION || directory == NULL, out);

    if (ok)
        out->path = directory != NULL ? directory : run->keys->settings.config.keys_directory;
    ok = ok && open_folder(out);
    if (!ok)
        tool_key_place_close(out);
    return ok;
}

bool tool_key_place_without_folder(struct tool_run *run, bool configuration,
                                   struct tool_key_place *out)
{
    bool ok = begin(run, configuration, out);

    if (!ok)
        tool_key_place_close(out);
    return ok;
}

enum tool_status tool_key_place_end(struct tool_key_place *place)
{
    struct env_json *json = &place->run->json;

    if (place->run->options.json) {
        env_json_object(json, NULL);
        env_json_text(json, "type", "summary");
        env_json_bool(json, "changed", place->changed);
        env_json_number(json, "failed", place->failed);
        env_json_object_end(json);
    }
    tool_key_place_close(place);
    return place->failed > 0 ? TOOL_WRONG : TOOL_FINE;
}

/* ---- output ---- */

struct env_json *tool_key_place_json(const struct tool_key_place *place, const char *key,
                                     bool changed)
{
    struct env_json *json = &place->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "key");
    env_json_path(json, "key", key);
    env_json_bool(json, "changed", changed);
    return json;
}

static void tell_failure(struct tool_key_place *place, const char *key,
                         const struct tool_failure *failure)
{
    struct env_json *json;

    place->failed++;
    if (place->run->options.json) {
        json = tool_key_place_json(place, key, false);
        env_json_number(json, "reason", failure->reason);
        env_json_text(json, "error", failure->text);
        env_json_object_end(json);
        return;
    }
    (void)fflush(place->run->out);
    tool_complain(place->run, "%s: %s", key, failure->text);
}

void tool_key_place_fails(struct tool_key_place *place, const char *key, ENV_RESULT r)
{
    struct tool_failure failure;

    tool_failure_take(r, &failure);
    tell_failure(place, key, &failure);
}

void tool_key_place_fails_with(struct tool_key_place *place, const char *key, const char *fmt, ...)
{
    struct tool_failure failure = {.reason = ENV_R_NONE};
    va_list ap;

    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(failure.text, sizeof(failure.text), fmt, ap);
    va_end(ap);
    tell_failure(place, key, &failure);
}

void tool_key_place_say(const struct tool_key_place *place, const char *fmt, ...)
{
    char text[TOOL_FAILURE_TEXT];
    va_list ap;

    if (place->run->options.json || place->run->options.quiet)
        return;
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    tool_report_text(place->run->out, text);
    (void)fputc('\n', place->run->out);
}

ENV_RESULT tool_key_place_audit(const struct tool_key_place *place,
                                enum env_audit_operation operation, const char *key, ENV_RESULT r)
{
    const struct env_audit_use use = {.operation = operation, .named_key = key};

    return env_audit_record(&place->run->keys->audit, &use, r);
}

ENV_RESULT tool_key_place_audit_failure(const struct tool_key_place *place,
                                        enum env_audit_operation operation, const char *key,
                                        ENV_RESULT r)
{
    return env_ok(r) ? r : tool_key_place_audit(place, operation, key, r);
}

/* ---- the folder's contents ---- */

ENV_RESULT tool_key_versions(const struct tool_key_place *place, const char *name,
                             struct tool_key_versions *out)
{
    struct env_key_names names = {0};
    ENV_RESULT r;

    *out = (struct tool_key_versions){0};
    r = env_key_folder_list(&place->errors, place->path, place->folder, &names);
    if (env_ok(r)) {
        out->numbers = OPENSSL_malloc((names.count + 1) * sizeof(*out->numbers));
        if (out->numbers == NULL)
            r = ENV_FAIL(ENV_R_NO_MEMORY);
    }
    for (size_t i = 0; env_ok(r) && i < names.count; i++) {
        if (strcmp(names.names[i].name, name) == 0)
            out->numbers[out->count++] = names.names[i].number;
    }
    env_key_names_clear(&names);
    if (env_ok(r) && out->count == 0)
        r = ENV_RAISE(&place->errors, ENV_R_KEY_UNKNOWN, "%s in %s", name, place->path);
    if (!env_ok(r)) {
        OPENSSL_free(out->numbers);
        *out = (struct tool_key_versions){0};
    }
    return r;
}

ENV_RESULT tool_key_newest(const struct tool_key_place *place, const char *name, uint32_t *number)
{
    struct tool_key_versions versions;
    bool found = *number == 0;

    ENV_TRY(tool_key_versions(place, name, &versions));
    for (size_t i = 0; i < versions.count; i++)
        found = found || versions.numbers[i] == *number;
    if (*number == 0)
        *number = versions.numbers[versions.count - 1];
    OPENSSL_free(versions.numbers);
    return found ? ENV_OK
                 : ENV_RAISE(&place->errors, ENV_R_KEY_UNKNOWN, "%s@%u in %s", name, *number,
                             place->path);
}

ENV_RESULT tool_key_next(const struct tool_key_place *place, const char *name, uint32_t *number)
{
    ENV_TRY(env_key_folder_last_number(&place->errors, place->path, place->folder, name, number));
    if (*number == ENV_NAMED_NUMBER_MAX)
        return ENV_RAISE(&place->errors, ENV_R_KEY_NUMBER_USED,
                         "%s@%u is the last possible version", name, *number);
    (*number)++;
    return ENV_OK;
}
