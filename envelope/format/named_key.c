/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/named_key.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

static const char context_label[] = "envelope named key v1:";
static const char key_id_label[] = "envelope key id v1";
static const char field_id_label[] = "envelope field id v1";

/* ---- names ---- */

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool env_named_name_is(const char *text, size_t len)
{
    static const char reserved[] = "default";

    if (len < ENV_NAMED_NAME_MIN || len > ENV_NAMED_NAME_MAX || !is_alphanumeric(text[0]))
        return false;
    for (size_t i = 1; i < len; i++) {
        if (!is_alphanumeric(text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    }
    return len != sizeof(reserved) - 1 || memcmp(text, reserved, len) != 0;
}

/* A number as we write it: no sign, no leading zeros. */
static bool number_from(const char *text, size_t len, uint32_t *number)
{
    uint32_t value = 0;

    if (len == 0 || len > 9 || text[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = 10 * value + (uint32_t)(text[i] - '0');
    }
    *number = value;
    return true;
}

static bool name_from(const char *text, size_t len, char name[ENV_NAMED_NAME_MAX + 1],
                      uint32_t *number)
{
    const char *at = memchr(text, '@', len);
    size_t name_len = at != NULL ? (size_t)(at - text) : len;

    *number = 0;
    if (!env_named_name_is(text, name_len) ||
        (at != NULL && !number_from(at + 1, len - name_len - 1, number)))
        return false;
    memcpy(name, text, name_len);
    name[name_len] = '\0';
    return true;
}

bool env_named_name_read(const char *text, char name[ENV_NAMED_NAME_MAX + 1], uint32_t *number)
{
    return name_from(text, strlen(text), name, number);
}

void env_named_full_name(const char *name, uint32_t number, char out[ENV_NAMED_FULL_NAME])
{
    (void)snprintf(out, ENV_NAMED_FULL_NAME, "%.*s@%u", (int)ENV_NAMED_NAME_MAX, name,
                   (unsigned)number);
}

void env_named_file_name(const char *name, uint32_t number, char out[ENV_NAMED_FILE_NAME])
{
    char full[ENV_NAMED_FULL_NAME];

    env_named_full_name(name, number, full);
    (void)snprintf(out, ENV_NAMED_FILE_NAME, "%s%s", full, ENV_NAMED_SUFFIX);
}

void env_named_tombstone_name(const char *name, uint32_t number, char out[ENV_NAMED_TOMBSTONE_NAME])
{
    char full[ENV_NAMED_FULL_NAME];

    env_named_full_name(name, number, full);
    (void)snprintf(out, ENV_NAMED_TOMBSTONE_NAME, "%s%s", full, ENV_NAMED_TOMBSTONE);
}

static bool read_with_suffix(const char *file, const char *suffix,
                             char name[ENV_NAMED_NAME_MAX + 1], uint32_t *number)
{
    size_t len = strlen(file);
    size_t suffix_len = strlen(suffix);

    return len > suffix_len && strcmp(file + len - suffix_len, suffix) == 0 &&
           name_from(file, len - suffix_len, name, number) && *number > 0;
}

bool env_named_file_name_read(const char *file, char name[ENV_NAMED_NAME_MAX + 1], uint32_t *number)
{
    return read_with_suffix(file, ENV_NAMED_SUFFIX, name, number);
}

bool env_named_tombstone_name_read(const char *file, char name[ENV_NAMED_NAME_MAX + 1],
                                   uint32_t *number)
{
    return read_with_suffix(file, ENV_NAMED_TOMBSTONE, name, number);
}

/* ---- consistency ---- */

static ENV_RESULT expand(const struct env_crypto *crypto, struct env_span key, const char *label,
                         uint8_t id[ENV_NAMED_ID_LEN])
{
    const struct env_span info = {(const uint8_t *)label, strlen(label)};

    return env_hkdf_expand(crypto, key, &info, 1, id, ENV_NAMED_ID_LEN);
}

ENV_RESULT env_named_key_id(const struct env_crypto *crypto, struct env_span key,
                            uint8_t id[ENV_NAMED_ID_LEN])
{
    return expand(crypto, key, key_id_label, id);
}

ENV_RESULT env_named_field_id(const struct env_crypto *crypto, struct env_span key,
                              uint8_t id[ENV_NAMED_ID_LEN])
{
    return expand(crypto, key, field_id_label, id);
}

size_t env_named_context(const char *name, uint32_t number, char out[ENV_NAMED_CONTEXT])
{
    char full[ENV_NAMED_FULL_NAME];

    env_named_full_name(name, number, full);
    return (size_t)snprintf(out, ENV_NAMED_CONTEXT, "%s%s", context_label, full);
}

ENV_RESULT env_named_agree(const struct env_named_clear *clear,
                           const struct env_named_sealed *sealed,
                           const uint8_t id[ENV_NAMED_ID_LEN])
{
    if (strcmp(clear->name, sealed->name) != 0 || clear->number != sealed->number ||
        memcmp(clear->id, id, ENV_NAMED_ID_LEN) != 0 ||
        clear->stand_in_count != sealed->stand_in_count)
        return ENV_FAIL(ENV_R_KEY_FILE_BAD);
    for (size_t i = 0; i < clear->stand_in_count; i++) {
        if (memcmp(clear->stand_ins[i].hint, sealed->hashes[i], ENV_STAND_IN_HINT_LEN) != 0)
            return ENV_FAIL(ENV_R_KEY_FILE_BAD);
    }
    return ENV_OK;
}
