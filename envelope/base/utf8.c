/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/utf8.h"

uint32_t env_utf8_code(const char *text, size_t n)
{
    uint32_t code = (uint8_t)text[0] & (n == 1 ? 0x7Fu : 0xFFu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((uint8_t)text[i] & 0x3Fu);
    return code;
}

size_t env_utf8_char(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n;
    uint32_t code;

    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    code = env_utf8_code(text, n);
    /* only the shortest form, no surrogates, nothing above U+10FFFF */
    if ((n == 3 && code < 0x800) || (n == 4 && (code < 0x10000 || code > 0x10FFFF)) ||
        (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return n;
}

bool env_utf8_is(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = env_utf8_char(text, len);

        if (n == 0)
            return false;
        text += n;
        len -= n;
    }
    return true;
}
