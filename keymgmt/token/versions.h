/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of a KEK: keys labelled NAME/1, NAME/2 and so on. NAME followed by a slash and an
 * asterisk names them all. The list of versions is searched for from time to time, and cached in
 * between.
 */
#ifndef ENVELOPE_VERSIONS_H
#define ENVELOPE_VERSIONS_H

#include "keymgmt/token/kek_cache.h"

#define ENV_VERSION_MAX 999999999u

/* Whether a label names all versions of a KEK. */
bool env_versions_named(const char *label, size_t len);

/*
 * Whether a label is that of a version whose part before the number, including the slash, is this.
 */
bool env_version_read(const char *label, size_t len, const char *prefix, size_t prefix_len,
                      uint32_t *number);

struct env_version {
    uint32_t number;
    bool rsa;
    bool ambiguous; /* two keys have the label, and are not copies of one key */
    struct env_kek_id id;
    /*
     * An enum env_reason: why it does not seal, whatever the date is, as found since the list was
     * made. ENV_R_NONE: it seals, or nobody has tried.
     */
    _Atomic int refusal;
};

/* The versions that exist, newest first. Only refusals change. */
struct env_versions {
    _Atomic unsigned refs;
    size_t count;
    struct env_version list[];
};

/* NULL if there is no memory. The input may be in any order; copies of one key become one entry. */
struct env_versions *env_versions_new(const struct env_version *found, size_t count);
void env_versions_free(struct env_versions *versions); /* drops a reference; NULL is ignored */

/* ---- the cache of lists ---- */

#define ENV_VERSION_NAMES 64u

struct env_version_names {
    pthread_mutex_t lock;
    unsigned count;
    unsigned oldest; /* the entry to replace when there are too many */
    struct env_version_name *list[ENV_VERSION_NAMES];
};

void env_version_names_init(struct env_version_names *names);
void env_version_names_clear(struct env_version_names *names);

/*
 * The versions for a name, with a reference for the caller, or NULL. *look: the caller must search
 * for them now and report the result, because nothing is known yet, the list is too old, or `again`
 * is set.
 */
struct env_versions *env_version_names_get(struct env_version_names *names,
                                           const struct env_cache_name *name, int64_t older_than,
                                           bool again, bool *look);

/*
 * Stores the versions, taking a reference of its own. NULL: the search failed, and the old list
 * stays.
 */
void env_version_names_put(struct env_version_names *names, const struct env_cache_name *name,
                           struct env_versions *versions);

#endif
