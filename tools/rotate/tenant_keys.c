/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/tenant_keys.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "envelope/base/secret.h"
#include "envelope/named/folder.h"
#include "envelope/named/key_file.h"

struct tool_tenant_keys {
    size_t count;
    size_t room;
    struct tool_above *versions; /* newest first for each name; in secret memory */
};

/* Where to look for them. */
struct search {
    const struct tool_keys *keys;
    const struct env_errors *errors;
    const char *path;
    const char *under;
    enum tool_tenant_keys_wanted wanted;
    int folder;
    int64_t now;
    struct env_key_names names;
};

void tool_tenant_keys_free(struct tool_tenant_keys *keys)
{
    if (keys == NULL)
        return;
    env_secret_free(keys->versions, keys->room * sizeof(*keys->versions));
    OPENSSL_free(keys);
}

/* ---- one version ---- */

static bool is_for_tenants(const struct env_key_file *file)
{
    return (file->uses & ENV_USE_BIT(env_use_number("tenant-keys"))) != 0;
}

static bool seals_now(const struct env_named_clear *clear, int64_t now)
{
    return clear->seal_from <= now && (clear->not_after == 0 || now <= clear->not_after);
}

static ENV_RESULT open_file(const struct search *search, const struct env_key_file *file,
                            struct env_field_key *out)
{
    char full_name[ENV_NAMED_FULL_NAME];
    const struct env_audit_subject subject = {ENV_AUDIT_OPEN, full_name, NULL};
    struct env_named_sealed *sealed = env_secret_alloc(sizeof(*sealed));
    struct env_dek_context dek = search->keys->dek;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (sealed == NULL)
        return r;
    dek.subject = &subject;
    env_named_full_name(file->clear.name, file->clear.number, full_name);
    r = tool_keys_may_use(search->keys, file->clear.name, file->clear.number);
    if (env_ok(r))
        r = env_named_open(&dek, file, search->keys->settings.config.keys_by_rsa_on, sealed);
    if (env_ok(r))
        r = env_field_key_set(dek.crypto, (struct env_span){sealed->key, sealed->key_len}, out);
    env_secret_free(sealed, sizeof(*sealed));
    return r;
}

static ENV_RESULT take(const struct search *search, const struct env_key_file *file,
                       struct tool_tenant_keys *keys)
{
    struct tool_above *above = &keys->versions[keys->count];

    memcpy(above->name, file->clear.name, sizeof(above->name));
    above->number = file->clear.number;
    above->seals = seals_now(&file->clear, search->now);
    ENV_TRY(open_file(search, file, &above->key));
    keys->count++;
    return ENV_OK;
}

/* *fits: it is one of those that are wanted. */
static ENV_RESULT read_version(const struct search *search, const struct env_key_name *name,
                               struct env_key_file **file, bool *fits)
{
    *fits = false;
    if (search->under != NULL && strcmp(search->under, name->name) != 0)
        return ENV_OK;
    ENV_TRY(env_key_file_read(search->errors, search->keys->dek.crypto, search->folder, name->name,
                              name->number, file));
    *fits = is_for_tenants(*file);
    if (!*fits && search->under != NULL)
        return ENV_RAISE(search->errors, ENV_R_KEY_WRONG_USE, "%s@%u, tenant-keys", name->name,
                         name->number);
    if (search->wanted == TOOL_TENANT_KEYS_SEALING)
        *fits = *fits && seals_now(&(*file)->clear, search->now);
    return ENV_OK;
}

/* ---- all ---- */

static ENV_RESULT none_found(const struct search *search, bool there)
{
    if (there)
        return ENV_RAISE(search->errors, ENV_R_KEY_SEALS_NOT, "%s", search->under);
    return search->under != NULL ? ENV_RAISE(search->errors, ENV_R_KEY_UNKNOWN, "%s in %s",
                                             search->under, search->path)
                                 : ENV_RAISE(search->errors, ENV_R_KEY_UNKNOWN,
                                             "for tenant-keys, in %s", search->path);
}

/* From the newest on, so that the first that fits is the one that seals. */
static ENV_RESULT take_all(const struct search *search, struct tool_tenant_keys *keys)
{
    bool there = false;
    ENV_RESULT r = ENV_OK;

    for (size_t i = search->names.count; env_ok(r) && i > 0; i--) {
        const struct env_key_name *name = &search->names.names[i - 1];
        struct env_key_file *file = NULL;
        bool fits = false;

        r = read_version(search, name, &file, &fits);
        there = there || (env_ok(r) && file != NULL && search->under != NULL);
        if (env_ok(r) && fits && file != NULL)
            r = take(search, file, keys);
        env_key_file_free(file);
        if (keys->count == 1 && search->wanted == TOOL_TENANT_KEYS_SEALING)
            break;
    }
    return env_ok(r) && keys->count == 0 ? none_found(search, there) : r;
}

static ENV_RESULT fill(struct search *search, struct tool_tenant_keys *keys)
{
    ENV_TRY(env_key_folder_list(search->errors, search->path, search->folder, &search->names));
    keys->room = search->names.count + 1;
    keys->versions = env_secret_alloc(keys->room * sizeof(*keys->versions));
    if (keys->versions == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    return take_all(search, keys);
}

ENV_RESULT tool_tenant_keys_open(struct tool_run *run, const char *under,
                                 enum tool_tenant_keys_wanted wanted, struct tool_tenant_keys **out)
{
    struct search search = {.keys = run->keys,
                            .errors = run->keys->dek.errors,
                            .path = run->options.directory != NULL
                                        ? run->options.directory
                                        : run->keys->settings.config.keys_directory,
                            .under = under,
                            .wanted = wanted,
                            .now = env_clock_seconds()};
    struct stat st;
    ENV_RESULT r;

    *out = NULL;
    ENV_TRY(env_key_folder_open(search.errors, search.path, &search.folder, &st));
    *out = OPENSSL_zalloc(sizeof(**out));
    r = *out != NULL ? fill(&search, *out) : ENV_FAIL(ENV_R_NO_MEMORY);
    env_key_names_clear(&search.names);
    (void)close(search.folder);
    if (!env_ok(r)) {
        tool_tenant_keys_free(*out);
        *out = NULL;
    }
    return r;
}

const struct tool_above *tool_tenant_keys_by_id(const struct tool_tenant_keys *keys,
                                                const uint8_t id[ENV_FIELD_ID_LEN])
{
    for (size_t i = 0; i < keys->count; i++) {
        if (memcmp(keys->versions[i].key.id, id, ENV_FIELD_ID_LEN) == 0)
            return &keys->versions[i];
    }
    return NULL;
}

const struct tool_above *tool_tenant_keys_sealing(const struct tool_tenant_keys *keys,
                                                  const char *name)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->versions[i].seals && strcmp(keys->versions[i].name, name) == 0)
            return &keys->versions[i];
    }
    return NULL;
}
