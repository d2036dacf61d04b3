/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/tenant_line.h"

#include "tools/rotate/tenant_keys.h"

/* Finds the version that it is sealed under. */
static ENV_RESULT find_above(const struct tool_rotation *rotation, struct env_span sealed,
                             const struct tool_above **from)
{
    const struct env_errors *errors = rotation->dek->errors;
    const uint8_t *id = NULL;

    ENV_TRY(env_field_read_id(ENV_FIELD_RANDOM, sealed, &id));
    if (sealed.len != ENV_TENANT_SEALED_LEN)
        return ENV_RAISE(errors, ENV_R_TENANT_INCOMPLETE, "the message has %zu bytes", sealed.len);
    *from = tool_tenant_keys_by_id(rotation->tenants, id);
    if (*from != NULL)
        return ENV_OK;
    return ENV_RAISE(errors, ENV_R_FIELD_KEY_UNKNOWN,
                     "no key made for tenant-keys has the key id "
                     "%02x%02x%02x%02x%02x%02x%02x%02x",
                     id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
}

ENV_RESULT tool_tenant_key_line(const struct tool_rotation *rotation, const struct tool_item *item,
                                char **line, size_t *line_len)
{
    const struct env_errors *errors = rotation->dek->errors;
    const struct env_span sealed = {item->bytes, item->len};
    const struct env_span tenant = {item->tenant, item->tenant_len};
    const struct tool_above *from = NULL;
    const struct tool_above *to;
    uint8_t anew[ENV_TENANT_SEALED_LEN];

    *line = NULL;
    if (item->tenant == NULL)
        return ENV_RAISE(errors, ENV_R_TENANT_INCOMPLETE,
                         "the row has no tenant of 1 to 255 bytes");
    ENV_TRY(find_above(rotation, sealed, &from));
    to = tool_tenant_keys_sealing(rotation->tenants, from->name);
    if (to == NULL)
        return ENV_RAISE(errors, ENV_R_KEY_SEALS_NOT, "%s", from->name);
    /* An up-to-date one must open as well. */
    ENV_TRY(
        env_tenant_key_reseal(rotation->dek->crypto, &from->key, &to->key, tenant, sealed, anew));
    if (from == to)
        return ENV_OK;
    return tool_row_write(item->text, item->text_len, item->place,
                          (struct env_span){anew, sizeof(anew)}, line, line_len);
}
