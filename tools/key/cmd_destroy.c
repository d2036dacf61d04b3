/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope key destroy: removes the copies that it finds, and lists which KEKs still open any
 * others.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/report.h"
#include "tools/common/sidecar.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_options.h"
#include "tools/key/key_place.h"
#include "tools/key/key_tell.h"
#include "tools/rotate/rotate_open.h"

/* A KEK under which a copy opens, with its label if a token has it. */
struct holder {
    struct env_kek_id id;
    char label[ENV_KEK_TEXT];
    char token[ENV_KEK_TEXT];
};

struct destroy {
    struct tool_key_place place;
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number; /* 0: all versions */
    size_t count;
    struct holder *holders; /* room for ENV_KEK_RECIPIENTS_MAX */
};

/* ---- the files ---- */

/*
 * A file beside it may be a copy of it, so it is removed first: an interruption then leaves the
 * key file, or nothing.
 */
static ENV_RESULT remove_beside(const struct tool_locked_file *locked)
{
    for (int kind = TOOL_SIDECAR_JOURNAL; kind < TOOL_SIDECARS; kind++) {
        bool removed;

        ENV_TRY(tool_sidecar_remove(locked, (enum tool_sidecar)kind, &removed));
    }
    return ENV_OK;
}

static ENV_RESULT remove_all(const struct tool_locked_file *locked)
{
    ENV_TRY(remove_beside(locked));
    ENV_TRY(tool_locked_file_sync_dir(locked));
    if (unlinkat(locked->dir, locked->name, 0) != 0)
        return tool_locked_file_failed(locked, "remove");
    return tool_locked_file_sync_dir(locked);
}

/* What an interrupted run left is repaired if possible, otherwise removed. */
static ENV_RESULT open_locked(const struct destroy *destroy, struct tool_locked_file *locked)
{
    const struct tool_rotation rotation = {.dek = &destroy->place.run->keys->dek};
    bool recovered = false;
    ENV_RESULT r = tool_rotate_open(&rotation, locked, &recovered);

    if (env_ok(r) || r.reason == ENV_R_FILE_LOCKED)
        return r;
    ERR_clear_error();
    return tool_locked_file_open(locked, TOOL_LOCKED_FILE_CHANGE);
}

static ENV_RESULT destroy_version(struct destroy *destroy, uint32_t number, const char *full_name)
{
    struct tool_key_place *place = &destroy->place;
    char file_name[ENV_NAMED_FILE_NAME];
    struct tool_locked_file locked = {
        .errors = &place->errors, .dir = place->folder, .name = file_name};
    struct env_key_file *file = NULL;
    ENV_RESULT r;

    env_named_file_name(destroy->name, number, file_name);
    destroy->count = 0;
    r = env_key_file_read(&place->errors, place->crypto, place->folder, destroy->name, number,
                          &file);
    /* otherwise we could not report which KEKs open its copies */
    if (r.reason == ENV_R_NO_MEMORY || r.reason == ENV_R_CRYPTO_FAILED)
        return tool_key_place_audit(place, ENV_AUDIT_DESTROY, full_name, r);
    for (size_t i = 0; env_ok(r) && i < file->header->count; i++)
        destroy->holders[destroy->count++] = (struct holder){.id = file->header->recipients[i].id};
    env_key_file_free(file);
    if (!env_ok(r))
        tool_key_forget(&r); /* a file that is no longer a key file is removed as well */
    r = open_locked(destroy, &locked);
    if (env_ok(r)) {
        /*
         * written first: after an interruption the file still exists, or its number is known as
         * used
         */
        r = env_key_tombstone_write(&place->errors, place->folder, destroy->name, number);
        if (env_ok(r))
            r = remove_all(&locked);
        tool_locked_file_close(&locked);
    }
    place->changed = place->changed || env_ok(r);
    return tool_key_place_audit(place, ENV_AUDIT_DESTROY, full_name, r);
}

/* ---- output ---- */

static ENV_RESULT take_label(void *arg, struct env_kek *kek)
{
    struct destroy *destroy = arg;
    struct env_kek_info *info = OPENSSL_zalloc(sizeof(*info));

    if (info == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    kek->vtable->describe(kek, info);
    for (size_t i = 0; i < destroy->count; i++) {
        if (env_kek_id_equal(&destroy->holders[i].id, &info->id)) {
            memcpy(destroy->holders[i].label, info->label, sizeof(info->label));
            memcpy(destroy->holders[i].token, info->token, sizeof(info->token));
        }
    }
    OPENSSL_free(info);
    return ENV_OK;
}

/* If no token can be used, the references must do. */
static void find_labels(struct destroy *destroy)
{
    struct env_keyring *keyring = destroy->place.run->keys->dek.keyring;

    if (!env_ok(keyring->vtable->list(keyring, NULL, take_label, destroy)))
        ERR_clear_error();
}

static void tell_json(const struct destroy *destroy, const char *full_name)
{
    struct env_json *json = tool_key_place_json(&destroy->place, full_name, true);

    env_json_array(json, "copies_open_with");
    for (size_t i = 0; i < destroy->count; i++) {
        const struct holder *holder = &destroy->holders[i];

        env_json_object(json, NULL);
        env_json_hex(json, "kek", holder->id.bytes, holder->id.len);
        if (holder->token[0] != '\0') {
            env_json_text(json, "label", holder->label);
            env_json_text(json, "token", holder->token);
        }
        env_json_object_end(json);
    }
    env_json_array_end(json);
    env_json_object_end(json);
}

static void tell(const struct destroy *destroy, const char *full_name)
{
    const struct tool_key_place *place = &destroy->place;
    FILE *out = place->run->out;
    char id[TOOL_REPORT_ID];

    if (place->run->options.json) {
        tell_json(destroy, full_name);
        return;
    }
    tool_key_place_say(place, "%s was removed from %s", full_name, place->path);
    (void)fputs(
        destroy->count > 0
            ? "  copies elsewhere and in backups can be opened until these KEKs are destroyed:\n"
            : "  the KEKs that open copies are not known: the file could not be read\n",
        out);
    for (size_t i = 0; i < destroy->count; i++) {
        const struct holder *holder = &destroy->holders[i];

        (void)fprintf(out, "    KEK %s", tool_report_id(&holder->id, id));
        if (holder->token[0] != '\0') {
            (void)fputs(", ", out);
            tool_report_key(out, holder->label, holder->token);
        }
        (void)fputc('\n', out);
    }
    tool_key_place_say(
        place, "  on machines that have a copy: add the line disabled-key = %s to state-file",
        full_name);
}

/* ---- options ---- */

/* Oldest first: an interruption leaves the version that seals. */
static void work(struct destroy *destroy)
{
    struct tool_key_place *place = &destroy->place;
    struct tool_key_versions versions = {0};
    uint32_t number = destroy->number;
    ENV_RESULT r = tool_key_newest(place, destroy->name, &number);

    if (env_ok(r))
        r = tool_key_versions(place, destroy->name, &versions);
    if (!env_ok(r))
        tool_key_place_fails(place, destroy->name, r);
    for (size_t i = 0; env_ok(r) && i < versions.count; i++) {
        char full_name[ENV_NAMED_FULL_NAME];

        if (destroy->number != 0 && versions.numbers[i] != destroy->number)
            continue;
        env_named_full_name(destroy->name, versions.numbers[i], full_name);
        r = destroy_version(destroy, versions.numbers[i], full_name);
        if (env_ok(r)) {
            find_labels(destroy);
            tell(destroy, full_name);
        } else {
            tool_key_place_fails(place, full_name, r);
        }
    }
    OPENSSL_free(versions.numbers);
}

static enum tool_status run_destroy(struct tool_run *run)
{
    struct destroy destroy = {.number = 0};
    enum tool_status status;

    if (!tool_key_one_operand(run) ||
        !tool_key_operand(run, run->options.operands[0], destroy.name, &destroy.number))
        return TOOL_UNABLE;
    if (!run->options.yes) {
        tool_complain(run, "--yes is missing: everything that the key sealed is lost with it");
        return TOOL_UNABLE;
    }
    destroy.holders = OPENSSL_zalloc(ENV_KEK_RECIPIENTS_MAX * sizeof(*destroy.holders));
    if (destroy.holders == NULL ||
        !tool_key_place_open(run, TOOL_KEY_NEEDS_CONFIGURATION, &destroy.place)) {
        OPENSSL_free(destroy.holders);
        return TOOL_UNABLE;
    }
    work(&destroy);
    status = tool_key_place_end(&destroy.place);
    OPENSSL_free(destroy.holders);
    return status;
}

static const struct tool_option options[] = {
    TOOL_FLAG("yes", yes, "confirm that the key is lost, with everything it sealed"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_key_options_where, NULL};

const struct tool_command tool_key_destroy = {
    .name = "key destroy",
    .operands = "NAME[@N]",
    .summary = "Removes a version of a key, or all of them",
    .tables = tables,
    .needs_operands = true,
    .run = run_destroy,
};
