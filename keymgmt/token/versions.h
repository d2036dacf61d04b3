/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of a KEK: keys labelled NAME/1, NAME/2 and so on. NAME followed by a slash and an
 * asterisk names them all. Which there are is looked for now and then, and kept meanwhile.
 */
#ifndef ENVELOPE_VERSIONS_H
#define ENVELOPE_VERSIONS_H

#include "keymgmt/token/kek_cache.h"

#define ENV_VERSION_MAX 999999999u

/* Whether a label names all versions of a KEK. */
bool env_versions_named(const char *label, size_t len);

/* Whether a label is that of a version, by what comes before its number, slash and all. */
bool env_version_read(const char *label, size_t len, const char *prefix, size_t prefix_len,
                      uint32_t *number);

struct env_version {
    uint32_t number;
    bool rsa;
    bool ambiguous; /* two keys have the label, and are not copies of one */
    struct env_kek_id id;
    /* An enum env_reason: why it does not seal, whatever day it is, as it was found to be since the
     * list was made; NONE: it does, or nobody has tried. */
    _Atomic int refusal;
};

/* Those that there are, the newest first. Nothing of it changes but refusals. */
struct env_versions {
    _Atomic unsigned refs;
    size_t count;
    struct env_version list[];
};

/* NULL without memory. They need not be in any order, and copies of one key are one. */
struct env_versions *env_versions_new(const struct env_version *found, size_t count);
void env_versions_free(struct env_versions *versions); /* one reference less; NULL is nothing */

/* ---- what is kept ---- */

#define ENV_VERSION_NAMES 64u

struct env_version_names {
    pthread_mutex_t lock;
    unsigned count;
    unsigned oldest; /* is replaced when there are too many */
    struct env_version_name *list[ENV_VERSION_NAMES];
};

void env_version_names_init(struct env_version_names *names);
void env_version_names_clear(struct env_version_names *names);

/*
 * Those of a name, with a reference for the caller, or NULL. *look: the caller is to look for them
 * now, and to say what came of it: nothing is known yet, it was longer ago than that, or `again`.
 */
struct env_versions *env_version_names_get(struct env_version_names *names,
                                           const struct env_cache_name *name, int64_t older_than,
                                           bool again, bool *look);

/* Keeps them, with a reference of its own. NULL: looking failed, and what was known stays. */
void env_version_names_put(struct env_version_names *names, const struct env_cache_name *name,
                           struct env_versions *versions);

#endif
