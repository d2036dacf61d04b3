/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of key files (keys-directory). Links are followed and their target is checked; names
 * that begin with a dot are ignored (Kubernetes' ..data, what a killed command left).
 */
#ifndef ENVELOPE_FOLDER_H
#define ENVELOPE_FOLDER_H

#include <sys/stat.h>

#include "envelope/base/error.h"
#include "envelope/format/named_key.h"

/* A file known by its name, NAME@N.envkey; it has not been read. */
struct env_key_name {
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;
};

struct env_key_names {
    struct env_key_name *names; /* by name, then by number */
    size_t count;
};

#define ENV_KEY_NAMES_MAX 100000u

/*
 * Opens the folder, and gets its status. -1, raising KEYS_FOLDER: it does not exist, or is not
 * safe.
 */
ENV_RESULT env_key_folder_open(const struct env_errors *errors, const char *path, int *folder,
                               struct stat *st);

/* Lists the key files. Freed with env_key_names_clear, also after a failure. */
ENV_RESULT env_key_folder_list(const struct env_errors *errors, const char *path, int folder,
                               struct env_key_names *out);
void env_key_names_clear(struct env_key_names *names);

/*
 * The highest version number of the name, among its key files and the tombstones of destroyed ones;
 * 0: there is none. A new version gets a higher one. A reused number would apply to the new key
 * what machines know about the old one (disabled-key).
 */
ENV_RESULT env_key_folder_last_number(const struct env_errors *errors, const char *path, int folder,
                                      const char *name, uint32_t *last);

#endif
