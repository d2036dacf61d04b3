/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The named keys above tenant keys. Each is opened once, which costs one use of a KEK per version,
 * and then serves any number of tenant keys.
 */
#ifndef ENVELOPE_TOOL_TENANT_KEYS_H
#define ENVELOPE_TOOL_TENANT_KEYS_H

#include "envelope/format/field.h"
#include "envelope/format/named_key.h"
#include "tools/common/run.h"

/* One version of a named key made for tenant-keys. Lives in secret memory. */
struct tool_above {
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;
    bool seals; /* at present: after seal-from and before not-after */
    struct env_field_key key;
};

struct tool_tenant_keys; /* may be used by several threads at once */

enum tool_tenant_keys_wanted {
    TOOL_TENANT_KEYS_ALL,
    TOOL_TENANT_KEYS_SEALING, /* only the version that seals; KEY_SEALS_NOT if there is none */
};

/*
 * Opens the folder's keys for tenant-keys; under: only those with this name, or NULL. run must
 * have its keys already. Raises KEY_UNKNOWN, KEY_WRONG_USE or KEYS_FOLDER, or the reason why one of
 * them does not open.
 */
ENV_RESULT tool_tenant_keys_open(struct tool_run *run, const char *under,
                                 enum tool_tenant_keys_wanted wanted,
                                 struct tool_tenant_keys **out);
void tool_tenant_keys_free(struct tool_tenant_keys *keys);

/* The version that fields refer to by this id; NULL: none of them. */
const struct tool_above *tool_tenant_keys_by_id(const struct tool_tenant_keys *keys,
                                                const uint8_t id[ENV_FIELD_ID_LEN]);

/* The newest version of a name that seals; NULL: none does. */
const struct tool_above *tool_tenant_keys_sealing(const struct tool_tenant_keys *keys,
                                                  const char *name);

#endif
