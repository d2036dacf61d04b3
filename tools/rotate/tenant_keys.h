/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The named keys above tenant keys, opened once for any number of them: that costs a use of a KEK
 * for each version, and none for a tenant key.
 */
#ifndef ENVELOPE_TOOL_TENANT_KEYS_H
#define ENVELOPE_TOOL_TENANT_KEYS_H

#include "envelope/format/field.h"
#include "envelope/format/named_key.h"
#include "tools/common/run.h"

/* One version of a named key made for tenant-keys. Lies in secret memory. */
struct tool_above {
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;
    bool seals; /* now: seal-from has come, not-after has not passed */
    struct env_field_key key;
};

struct tool_tenant_keys; /* may be used by several threads at once */

enum tool_tenant_keys_wanted {
    TOOL_TENANT_KEYS_ALL,
    TOOL_TENANT_KEYS_SEALING, /* the one version that seals: KEY_SEALS_NOT where none does */
};

/*
 * Those of the folder of keys that are for tenant-keys; under: of this name alone, or NULL. run has
 * its keys already. KEY_UNKNOWN, KEY_WRONG_USE, KEYS_FOLDER, and whatever keeps one of them from
 * opening: raised.
 */
ENV_RESULT tool_tenant_keys_open(struct tool_run *run, const char *under,
                                 enum tool_tenant_keys_wanted wanted,
                                 struct tool_tenant_keys **out);
void tool_tenant_keys_free(struct tool_tenant_keys *keys);

/* The version that fields call by this id; NULL: none of them. */
const struct tool_above *tool_tenant_keys_by_id(const struct tool_tenant_keys *keys,
                                                const uint8_t id[ENV_FIELD_ID_LEN]);

/* The newest of a name that seals; NULL: none does. */
const struct tool_above *tool_tenant_keys_sealing(const struct tool_tenant_keys *keys,
                                                  const char *name);

#endif
