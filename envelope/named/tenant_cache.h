/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was derived from the tenant keys that were opened last, so that a tenant's next field needs
 * no opening. An entry is for one sealed tenant key, one tenant, and one version of the named key
 * above. The caller looks that version up each time, so a key that was taken away opens nothing
 * here either. Several threads may use it at the same time, inside the fork gate.
 */
#ifndef ENVELOPE_TENANT_CACHE_H
#define ENVELOPE_TENANT_CACHE_H

#include "envelope/format/field.h"

struct env_tenant_cache;

struct env_tenant_name {
    const uint8_t *above;   /* key id (8) of the named key */
    struct env_span sealed; /* ENV_TENANT_SEALED_LEN */
    struct env_span tenant; /* at most ENV_TENANT_ID_MAX */
};

/*
 * Has at most this many entries; 0: none. Each thread also keeps the one that it used last. NULL:
 * no memory.
 */
struct env_tenant_cache *env_tenant_cache_new(size_t most);
void env_tenant_cache_free(struct env_tenant_cache *cache);

/* Copies the entry to out, in secret memory, and makes it the last used; false: there is none. */
bool env_tenant_cache_get(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                          struct env_field_key *out);

/*
 * Adds it; if there is no room, the least recently used one is removed. Without memory nothing is
 * added.
 */
void env_tenant_cache_put(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                          const struct env_field_key *key);

#endif
