/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/versions_seen.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "keymgmt/token/versions.h"

bool tool_version_name(const struct tool_run *run, const char *operand, char name[ENV_KEK_TEXT])
{
    size_t len = strlen(operand);

    if (env_versions_named(operand, len))
        len -= 2;
    if (len < 1 || len + sizeof("/999999999") > ENV_KEK_TEXT || operand[len - 1] == '/' ||
        strncmp(operand, "pkcs11:", strlen("pkcs11:")) == 0) {
        tool_complain(run, "the label of a KEK without its number is needed: %s", operand);
        return false;
    }
    memcpy(name, operand, len);
    name[len] = '\0';
    return true;
}

struct reading {
    struct tool_versions *to;
    char prefix[ENV_KEK_TEXT]; /* as shown to users */
};

static ENV_RESULT make_room(struct tool_versions *to)
{
    size_t room = 2 * to->room + 16;
    struct tool_version *list;

    if (to->count < to->room)
        return ENV_OK;
    list = OPENSSL_realloc(to->list, room * sizeof(*list));
    if (list == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    to->list = list;
    to->room = room;
    return ENV_OK;
}

static ENV_RESULT take(void *arg, struct env_kek *kek)
{
    const struct reading *reading = arg;
    struct tool_versions *to = reading->to;
    struct tool_version *version;

    ENV_TRY(make_room(to));
    version = &to->list[to->count];
    memset(version, 0, sizeof(*version));
    kek->vtable->describe(kek, &version->info);
    if (!env_version_read(version->info.label, strlen(version->info.label), reading->prefix,
                          strlen(reading->prefix), &version->number))
        return ENV_OK;
    kek->vtable->up_ref(kek);
    version->kek = kek;
    to->count++;
    return ENV_OK;
}

static int in_order(const void *va, const void *vb)
{
    const struct tool_version *a = va;
    const struct tool_version *b = vb;
    int order;

    if (a->number != b->number)
        return a->number < b->number ? 1 : -1;
    order = memcmp(a->info.id.bytes, b->info.id.bytes, ENV_KEK_ID_MAX);
    if (order == 0)
        order = strcmp(a->info.token, b->info.token);
    return order != 0 ? order : strcmp(a->info.serial, b->info.serial);
}

ENV_RESULT tool_versions_read(struct tool_run *run, const char *name, struct tool_versions *out)
{
    struct env_keyring *keyring = run->keys->dek.keyring;
    struct reading reading = {.to = out};
    char pattern[ENV_KEK_TEXT + 4];
    ENV_RESULT r;

    memset(out, 0, sizeof(*out));
    (void)snprintf(pattern, sizeof(pattern), "%s/*", name);
    env_printable(reading.prefix, sizeof(reading.prefix), pattern, strlen(name) + 1);
    r = keyring->vtable->list(keyring, pattern, take, &reading);
    if (env_ok(r) && out->count > 0)
        qsort(out->list, out->count, sizeof(*out->list), in_order);
    return r;
}

void tool_versions_clear(struct tool_versions *versions)
{
    while (versions->count > 0)
        env_kek_free(versions->list[--versions->count].kek);
    OPENSSL_free(versions->list);
    versions->list = NULL;
    versions->room = 0;
}

size_t tool_versions_copies(const struct tool_versions *versions, size_t i)
{
    const struct tool_version *first = &versions->list[i];
    size_t n = i;

    while (n < versions->count && versions->list[n].number == first->number &&
           versions->list[n].info.type == first->info.type &&
           env_kek_id_equal(&versions->list[n].info.id, &first->info.id))
        n++;
    return n - i;
}

struct env_dates tool_versions_dates(const struct tool_versions *versions, size_t i)
{
    struct env_dates all = versions->list[i].info.dates;

    for (size_t j = i + tool_versions_copies(versions, i); j-- > i;)
        all = env_dates_both(&all, &versions->list[j].info.dates);
    return all;
}
