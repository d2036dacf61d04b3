/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/selector_key.h"

#include <string.h>

/* The length of the well-formed UTF-8 character at p (RFC 3629), or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        len = 2;
    else if (p[0] >= 0xE0 && p[0] <= 0xEF)
        len = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4)
        len = 4;
    else
        return 0;
    if (left < len)
        return 0;
    /* no overlong form, no surrogate, nothing above U+10FFFF, no control (U+0080 to U+009F) */
    if (p[0] == 0xC2 || p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    }
    return len;
}

bool env_selector_is_label(const uint8_t *bytes, size_t size, size_t *len)
{
    *len = 0;
    while (*len < size && bytes[*len] != 0) {
        size_t n = utf8_length(bytes + *len, size - *len);

        if (n == 0 || bytes[*len] < 0x20 || bytes[*len] == 0x7F)
            return false;
        *len += n;
    }
    for (size_t i = *len; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

ENV_RESULT env_selector_from_bytes(const uint8_t *bytes, size_t size,
                                   char label[ENV_SELECTOR_KEY_LEN + 1])
{
    size_t len;

    memset(label, 0, ENV_SELECTOR_KEY_LEN + 1);
    if (size > ENV_SELECTOR_KEY_LEN)
        return ENV_FAIL(ENV_R_BAD_KEY_LENGTH);
    if (!env_selector_is_label(bytes, size, &len))
        return ENV_FAIL(ENV_R_KEY_IS_NO_SELECTOR);
    memcpy(label, bytes, len);
    return ENV_OK;
}

ENV_RESULT env_selector_from_key(const uint8_t *key, size_t key_len,
                                 char label[ENV_SELECTOR_KEY_LEN + 1])
{
    memset(label, 0, ENV_SELECTOR_KEY_LEN + 1);
    if (key_len != ENV_SELECTOR_KEY_LEN)
        return ENV_FAIL(ENV_R_BAD_KEY_LENGTH);
    return env_selector_from_bytes(key, key_len, label);
}
