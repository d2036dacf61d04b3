/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/printable.h"

#include <stdio.h>
#include <string.h>

#include "envelope/base/utf8.h"

bool env_char_is_shown(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;

    if (n == 1)
        return p[0] >= 0x20 && p[0] != 0x7F;
    if (n == 2)
        return !(p[0] == 0xC2 && p[1] < 0xA0) && /* C1 */
               !(p[0] == 0xD8 && p[1] == 0x9C);  /* U+061C */
    if (n != 3 || p[0] != 0xE2)
        return true;
    if (p[1] == 0x80) /* U+200E, U+200F; U+2028 to U+202E */
        return !(p[2] == 0x8E || p[2] == 0x8F || (p[2] >= 0xA8 && p[2] <= 0xAE));
    return !(p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9); /* U+2066 to U+2069 */
}

void env_printable(char *out, size_t size, const void *text, size_t len)
{
    const char *from = text;
    size_t made = 0;

    while (len > 0) {
        size_t n = env_utf8_char(from, len);
        bool shown = n > 0 && env_char_is_shown(from, n);

        if (size - made <= (shown ? n : 1)) /* never write part of a character */
            break;
        if (shown)
            memmove(out + made, from, n);
        else
            out[made] = '?';
        made += shown ? n : 1;
        n = n > 0 ? n : 1;
        from += n;
        len -= n;
    }
    out[made] = '\0';
}

void env_hex(char *out, size_t size, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t room = (size - sizeof(" and 18446744073709551615 more")) / 2;
    size_t shown = len < room ? len : room;

    for (size_t i = 0; i < shown; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * shown] = '\0';
    if (shown < len)
        (void)snprintf(out + 2 * shown, size - 2 * shown, " and %zu more", len - shown);
}
