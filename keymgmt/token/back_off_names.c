/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/back_off.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

struct env_back_off_name {
    struct env_back_off back_off;
    enum env_cache_kind kind;
    unsigned extra;
    size_t len;
    uint8_t bytes[]; /* they may have come as key bytes, or contain a PIN */
};

void env_back_off_names_init(struct env_back_off_names *names)
{
    memset(names, 0, sizeof(*names));
    (void)pthread_mutex_init(&names->lock, NULL);
}

static void free_name(struct env_back_off_name *name)
{
    if (name == NULL)
        return;
    env_back_off_clear(&name->back_off);
    OPENSSL_clear_free(name, sizeof(*name) + name->len);
}

void env_back_off_names_clear(struct env_back_off_names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        free_name(names->list[i]);
    (void)pthread_mutex_destroy(&names->lock);
}

static struct env_back_off_name *find(const struct env_back_off_names *names,
                                      const struct env_cache_name *wanted)
{
    for (unsigned i = 0; i < names->count; i++) {
        struct env_back_off_name *name = names->list[i];

        if (name->kind == wanted->kind && name->extra == wanted->extra &&
            name->len == wanted->len && memcmp(name->bytes, wanted->bytes, name->len) == 0)
            return name;
    }
    return NULL;
}

/* NULL if there is no memory: then every caller asks. */
static struct env_back_off_name *add(struct env_back_off_names *names,
                                     const struct env_cache_name *wanted)
{
    struct env_back_off_name *name = OPENSSL_zalloc(sizeof(*name) + wanted->len);

    if (name == NULL)
        return NULL;
    env_back_off_init(&name->back_off);
    name->kind = wanted->kind;
    name->extra = wanted->extra;
    name->len = wanted->len;
    memcpy(name->bytes, wanted->bytes, wanted->len);
    if (names->count < ENV_BACK_OFF_NAMES) {
        names->list[names->count++] = name;
    } else {
        free_name(names->list[names->oldest]);
        names->list[names->oldest] = name;
        names->oldest = (names->oldest + 1) % ENV_BACK_OFF_NAMES;
    }
    return name;
}

bool env_back_off_names_may_ask(struct env_back_off_names *names, const struct env_cache_name *name,
                                struct env_error_detail *detail)
{
    struct env_back_off_name *found;
    bool may;

    if (atomic_load(&names->count) == 0)
        return true;
    (void)pthread_mutex_lock(&names->lock);
    found = find(names, name);
    may = found == NULL || env_back_off_may_ask(&found->back_off, detail);
    (void)pthread_mutex_unlock(&names->lock);
    return may;
}

void env_back_off_names_settle(struct env_back_off_names *names, const struct env_cache_name *name,
                               ENV_RESULT r, const struct env_error_detail *detail)
{
    struct env_back_off_name *found;

    if (env_ok(r) && atomic_load(&names->count) == 0)
        return;
    (void)pthread_mutex_lock(&names->lock);
    found = find(names, name);
    if (found == NULL && env_back_off_is_away(r, detail))
        found = add(names, name);
    if (found != NULL)
        env_back_off_settle(&found->back_off, r, detail);
    (void)pthread_mutex_unlock(&names->lock);
}
