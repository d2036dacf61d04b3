/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/field_key_bytes.h"

#include <string.h>

#define MARK "ENVF"
#define MARK_LEN (sizeof(MARK) - 1)
#define VERSION 1u
#define STAND_IN_MIN 16u
#define STAND_IN_MAX 64u

bool env_field_key_bytes_is(struct env_span bytes)
{
    return bytes.len >= MARK_LEN && memcmp(bytes.data, MARK, MARK_LEN) == 0;
}

/* What is wrong with one part, or NULL. */
static const char *fault(const struct env_field_key_bytes *parts)
{
    if (parts->stand_in.len != 0 &&
        (parts->stand_in.len < STAND_IN_MIN || parts->stand_in.len > STAND_IN_MAX))
        return "a stand-in has 16 to 64 bytes";
    if (parts->tenant_key.len != 0 && parts->tenant_key.len != ENV_TENANT_SEALED_LEN)
        return "a tenant key has 81 bytes";
    if (parts->tenant.len > ENV_TENANT_ID_MAX)
        return "a tenant has at most 255 bytes";
    if ((parts->tenant_key.len == 0) != (parts->tenant.len == 0))
        return "a tenant key and its tenant go together";
    if (parts->context.len > ENV_FIELD_CONTEXT_MAX)
        return "a context has at most 4096 bytes";
    return NULL;
}

/* Reads the length and the bytes of one part; false: there are not enough bytes. */
static bool take(struct env_span *rest, struct env_span *part)
{
    size_t len;

    if (rest->len < 2)
        return false;
    len = (size_t)rest->data[0] << 8 | rest->data[1];
    if (rest->len - 2 < len)
        return false;
    *part = (struct env_span){rest->data + 2, len};
    rest->data += 2 + len;
    rest->len -= 2 + len;
    return true;
}

/* What is wrong with the whole, or NULL. */
static const char *read_parts(struct env_span bytes, struct env_field_key_bytes *out)
{
    struct env_span rest;

    if (!env_field_key_bytes_is(bytes) || bytes.len <= MARK_LEN)
        return "it ends after ENVF";
    if (bytes.data[MARK_LEN] != VERSION)
        return "its version is not 1";
    rest = (struct env_span){bytes.data + MARK_LEN + 1, bytes.len - MARK_LEN - 1};
    if (!take(&rest, &out->stand_in) || !take(&rest, &out->tenant_key) ||
        !take(&rest, &out->tenant))
        return "a part is longer than the key bytes";
    out->context = rest;
    /* a caller that pads short keys with zeros would have extended the context by accident */
    if (bytes.len == ENV_FIELD_KEY_USUAL && rest.len > 0 && rest.data[rest.len - 1] == 0)
        return "the last of 32 bytes must not be zero: set the key's length";
    return NULL;
}

ENV_RESULT env_field_key_bytes_read(struct env_span bytes, struct env_field_key_bytes *out,
                                    const char **what)
{
    *what = read_parts(bytes, out);
    if (*what == NULL)
        *what = fault(out);
    return *what == NULL ? ENV_OK : ENV_FAIL(ENV_R_FIELD_KEY_FORM);
}

static uint8_t *put(uint8_t *to, struct env_span part)
{
    *to++ = (uint8_t)(part.len >> 8);
    *to++ = (uint8_t)part.len;
    if (part.len > 0)
        memcpy(to, part.data, part.len);
    return to + part.len;
}

ENV_RESULT env_field_key_bytes_write(const struct env_field_key_bytes *from, uint8_t *bytes,
                                     size_t *len)
{
    uint8_t *to = bytes + MARK_LEN;

    if (fault(from) != NULL)
        return ENV_FAIL(ENV_R_FIELD_KEY_FORM);
    memcpy(bytes, MARK, MARK_LEN);
    *to++ = VERSION;
    to = put(to, from->stand_in);
    to = put(to, from->tenant_key);
    to = put(to, from->tenant);
    if (from->context.len > 0)
        memcpy(to, from->context.data, from->context.len);
    *len = (size_t)(to - bytes) + from->context.len;
    return ENV_OK;
}
