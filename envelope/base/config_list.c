/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/config_list.h"

#include <string.h>

#define SPACES " \t"

bool env_word_next(const char **at, struct env_word *word)
{
    word->text = *at + strspn(*at, SPACES);
    word->len = strcspn(word->text, SPACES);
    *at = word->text + word->len;
    return word->len > 0;
}

bool env_word_in(const char *list, const struct env_word *word)
{
    struct env_word other;

    while (list != NULL && env_word_next(&list, &other)) {
        if (other.len == word->len && memcmp(other.text, word->text, word->len) == 0)
            return true;
    }
    return false;
}

/* The value of a hex digit, or -1. */
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The value of a byte in two hex digits, or -1. */
static int byte_at(const char *text, size_t left)
{
    if (left < 2 || digit(text[0]) < 0 || digit(text[1]) < 0)
        return -1;
    return digit(text[0]) * 16 + digit(text[1]);
}

bool env_word_decode(const struct env_word *word, char *out)
{
    for (size_t i = 0; i < word->len; i++) {
        int byte = (unsigned char)word->text[i];

        if (byte == '%') {
            byte = byte_at(word->text + i + 1, word->len - i - 1);
            if (byte <= 0)
                return false;
            i += 2;
        }
        *out++ = (char)byte;
    }
    *out = '\0';
    return true;
}

bool env_word_hex(const struct env_word *word, uint8_t *out, size_t size, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < word->len; i += 2) {
        int byte;

        if (n > 0 && word->text[i] == ':')
            i++;
        byte = byte_at(word->text + i, word->len - i);
        if (byte < 0 || n == size)
            return false;
        out[n++] = (uint8_t)byte;
    }
    *len = n;
    return n > 0;
}

bool env_word_id(const struct env_word *word, uint8_t *out, size_t size, size_t *len)
{
    struct env_word hex = *word;

    if (hex.len > 3 && memcmp(hex.text, "id:", 3) == 0)
        hex = (struct env_word){word->text + 3, word->len - 3};
    return env_word_hex(&hex, out, size, len);
}
