/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/key_seal.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "tools/common/two_places.h"
#include "tools/common/when.h"
#include "tools/rotate/rotate_open.h"

struct tool_key_parts *tool_key_parts_new(void)
{
    return env_secret_alloc(sizeof(struct tool_key_parts));
}

void tool_key_parts_free(struct tool_key_parts *parts)
{
    env_secret_free(parts, sizeof(*parts));
}

/* ---- recipients ---- */

/* All configured KEKs: none is left out because its token is away. */
static const struct env_selector every = {.all = true};

ENV_RESULT tool_key_two_places(const struct tool_key_place *place, bool single)
{
    return single ? ENV_OK : tool_two_places(&place->run->keys->dek, &every);
}

/* ---- making ---- */

static ENV_RESULT seal_and_write(const struct tool_key_place *place,
                                 enum env_audit_operation operation, struct tool_key_parts *parts,
                                 bool replace)
{
    char full_name[ENV_NAMED_FULL_NAME];
    const struct env_audit_subject subject = {operation, full_name, NULL};
    struct env_dek_context dek = place->run->keys->dek;
    uint8_t *bytes = NULL;
    size_t len = 0;
    ENV_RESULT r;

    dek.subject = &subject;
    env_named_full_name(parts->sealed.name, parts->sealed.number, full_name);
    ENV_TRY(env_named_seal(&dek, &every, &parts->clear, &parts->sealed, &bytes, &len));
    r = env_key_file_write(&place->errors, place->folder, parts->sealed.name, parts->sealed.number,
                           (struct env_span){bytes, len}, replace);
    OPENSSL_free(bytes);
    return r;
}

ENV_RESULT tool_key_make(const struct tool_key_place *place, enum env_audit_operation operation,
                         struct tool_key_parts *parts)
{
    return seal_and_write(place, operation, parts, false);
}

ENV_RESULT tool_key_would_seal(const struct tool_key_place *place,
                               const struct env_named_clear *clear)
{
    char from[TOOL_WHEN_TEXT];
    char after[TOOL_WHEN_TEXT];

    if (!env_uses_are_fields(env_uses_of(clear)) || clear->not_after == 0 ||
        clear->not_after > clear->seal_from)
        return ENV_OK;
    return ENV_RAISE(&place->errors, ENV_R_KEY_NEVER_SEALS, "not-after %s, seal-from %s",
                     tool_when_text(clear->not_after, after),
                     tool_when_text(clear->seal_from, from));
}

/* ---- opening and changing ---- */

/*
 * After waiting for the lock, a run may find another file under the name, put there by the run
 * before it.
 */
#define TRIES 8u

ENV_RESULT tool_key_may_use(const struct tool_key_place *place, const char *name, uint32_t number)
{
    return tool_keys_may_use(place->run->keys, name, number);
}

ENV_RESULT tool_key_open(const struct tool_key_place *place, const char *name, uint32_t number,
                         struct env_key_file **file, struct tool_key_parts *parts)
{
    const struct tool_keys *keys = place->run->keys;
    ENV_RESULT r;

    ENV_TRY(env_key_file_read(&place->errors, place->crypto, place->folder, name, number, file));
    r = env_named_open(&keys->dek, *file, keys->settings.config.keys_by_rsa_on, &parts->sealed);
    if (env_ok(r)) {
        parts->clear = (*file)->clear;
    } else {
        env_key_file_free(*file);
        *file = NULL;
    }
    return r;
}

static ENV_RESULT hold_open(const struct tool_key_place *place, const char *name, uint32_t number,
                            tool_key_held_fn *held, void *arg)
{
    struct tool_key_parts *parts = tool_key_parts_new();
    struct env_key_file *file = NULL;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (parts != NULL)
        r = tool_key_open(place, name, number, &file, parts);
    if (env_ok(r) && file != NULL)
        r = held(arg, parts, file->header->count);
    env_key_file_free(file);
    tool_key_parts_free(parts);
    return r;
}

ENV_RESULT tool_key_hold(const struct tool_key_place *place, const char *name, uint32_t number,
                         tool_key_held_fn *held, void *arg)
{
    const struct tool_rotation rotation = {.dek = &place->run->keys->dek};
    char file_name[ENV_NAMED_FILE_NAME];
    struct tool_locked_file locked = {
        .errors = &place->errors, .dir = place->folder, .name = file_name};
    bool recovered = false;
    ENV_RESULT r;

    env_named_file_name(name, number, file_name);
    r = tool_rotate_open(&rotation, &locked, &recovered);
    for (unsigned i = 0; i < TRIES && r.reason == ENV_R_FILE_CHANGED; i++)
        r = tool_rotate_open(&rotation, &locked, &recovered);
    ENV_TRY(r);
    r = hold_open(place, name, number, held, arg);
    tool_locked_file_close(&locked);
    return r;
}

/* ---- changing ---- */

struct changing {
    const struct tool_key_place *place;
    enum env_audit_operation operation;
    tool_key_change_fn *change;
    void *arg;
    bool *changed;
};

static ENV_RESULT change_held(void *arg, struct tool_key_parts *parts, size_t recipients)
{
    const struct changing *c = arg;
    bool same = false;

    ENV_TRY(c->change(c->arg, parts, &same));
    if (same)
        return ENV_OK;
    ENV_TRY(tool_key_two_places(c->place, c->place->run->options.single || recipients == 1));
    ENV_TRY(seal_and_write(c->place, c->operation, parts, true));
    *c->changed = true;
    return ENV_OK;
}

ENV_RESULT tool_key_change(const struct tool_key_place *place, const char *name, uint32_t number,
                           enum env_audit_operation operation, tool_key_change_fn *change,
                           void *arg, bool *changed)
{
    struct changing changing = {place, operation, change, arg, changed};

    *changed = false;
    return tool_key_hold(place, name, number, change_held, &changing);
}
