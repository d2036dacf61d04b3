/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/versions.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/clock.h"

#define ALL "/*"
#define ALL_LEN 2u

/* ---- labels ---- */

bool env_versions_named(const char *label, size_t len)
{
    return len > ALL_LEN && memcmp(label + len - ALL_LEN, ALL, ALL_LEN) == 0;
}

/* Leading zeros are refused, so that two labels never mean one version. */
bool env_version_read(const char *label, size_t len, const char *prefix, size_t prefix_len,
                      uint32_t *number)
{
    uint32_t n = 0;

    if (len <= prefix_len || memcmp(label, prefix, prefix_len) != 0 || label[prefix_len] == '0')
        return false;
    for (size_t i = prefix_len; i < len; i++) {
        if (label[i] < '0' || label[i] > '9' || i - prefix_len == 9)
            return false;
        n = 10 * n + (uint32_t)(label[i] - '0');
    }
    *number = n;
    return true;
}

/* ---- lists ---- */

static int newest_first(const void *va, const void *vb)
{
    const struct env_version *a = va;
    const struct env_version *b = vb;

    if (a->number != b->number)
        return a->number < b->number ? 1 : -1;
    return (int)a->rsa - (int)b->rsa;
}

/* A label shared by AES and RSA keys means the AES key, as everywhere. */
static void merge(struct env_versions *versions, const struct env_version *one)
{
    struct env_version *last = versions->count > 0 ? &versions->list[versions->count - 1] : NULL;

    if (last == NULL || last->number != one->number)
        versions->list[versions->count++] = *one;
    else if (last->rsa == one->rsa)
        last->ambiguous =
            last->ambiguous || one->ambiguous || !env_kek_id_equal(&last->id, &one->id);
}

struct env_versions *env_versions_new(const struct env_version *found, size_t count)
{
    struct env_version *sorted = malloc((count + 1) * sizeof(*sorted));
    struct env_versions *versions = malloc(sizeof(*versions) + count * sizeof(*found));

    if (sorted != NULL && versions != NULL) {
        if (count > 0)
            memcpy(sorted, found, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), newest_first);
        atomic_init(&versions->refs, 1);
        versions->count = 0;
        for (size_t i = 0; i < count; i++)
            merge(versions, &sorted[i]);
    } else {
        free(versions);
        versions = NULL;
    }
    free(sorted);
    return versions;
}

void env_versions_free(struct env_versions *versions)
{
    if (versions != NULL && atomic_fetch_sub(&versions->refs, 1) == 1)
        free(versions);
}

static struct env_versions *with_reference(struct env_versions *versions)
{
    if (versions != NULL)
        (void)atomic_fetch_add(&versions->refs, 1);
    return versions;
}

/* ---- the cache of lists ---- */

struct env_version_name {
    enum env_cache_kind kind;
    bool looking; /* one thread is searching; the others use the present list */
    int64_t looked_at;
    struct env_versions *versions;
    size_t len;
    uint8_t bytes[]; /* they may have come as key bytes, or contain a PIN */
};

void env_version_names_init(struct env_version_names *names)
{
    memset(names, 0, sizeof(*names));
    (void)pthread_mutex_init(&names->lock, NULL);
}

static void free_name(struct env_version_name *name)
{
    env_versions_free(name->versions);
    OPENSSL_clear_free(name, sizeof(*name) + name->len);
}

void env_version_names_clear(struct env_version_names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        free_name(names->list[i]);
    (void)pthread_mutex_destroy(&names->lock);
}

static struct env_version_name *find(const struct env_version_names *names,
                                     const struct env_cache_name *wanted)
{
    for (unsigned i = 0; i < names->count; i++) {
        struct env_version_name *name = names->list[i];

        if (name->kind == wanted->kind && name->len == wanted->len &&
            memcmp(name->bytes, wanted->bytes, name->len) == 0)
            return name;
    }
    return NULL;
}

/* NULL if there is no memory: then the versions are searched for every time. */
static struct env_version_name *add(struct env_version_names *names,
                                    const struct env_cache_name *wanted)
{
    struct env_version_name *name = OPENSSL_zalloc(sizeof(*name) + wanted->len);

    if (name == NULL)
        return NULL;
    name->kind = wanted->kind;
    name->len = wanted->len;
    memcpy(name->bytes, wanted->bytes, wanted->len);
    if (names->count < ENV_VERSION_NAMES) {
        names->list[names->count++] = name;
    } else {
        free_name(names->list[names->oldest]);
        names->list[names->oldest] = name;
        names->oldest = (names->oldest + 1) % ENV_VERSION_NAMES;
    }
    return name;
}

struct env_versions *env_version_names_get(struct env_version_names *names,
                                           const struct env_cache_name *name, int64_t older_than,
                                           bool again, bool *look)
{
    struct env_versions *versions = NULL;
    struct env_version_name *found;

    (void)pthread_mutex_lock(&names->lock);
    found = find(names, name);
    *look = again || found == NULL ||
            (!found->looking && env_clock_ms() - found->looked_at >= older_than);
    if (found != NULL) {
        found->looking = found->looking || *look;
        versions = with_reference(found->versions);
    }
    (void)pthread_mutex_unlock(&names->lock);
    return versions;
}

void env_version_names_put(struct env_version_names *names, const struct env_cache_name *name,
                           struct env_versions *versions)
{
    struct env_versions *old = NULL;
    struct env_version_name *found;

    (void)pthread_mutex_lock(&names->lock);
    found = find(names, name);
    if (found == NULL && versions != NULL)
        found = add(names, name);
    if (found != NULL) {
        found->looking = false;
        found->looked_at = env_clock_ms();
    }
    if (found != NULL && versions != NULL) {
        old = found->versions;
        found->versions = with_reference(versions);
    }
    (void)pthread_mutex_unlock(&names->lock);
    env_versions_free(old);
}
