/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes one token's file in pin-failure-memory: a line with the salt, and one for each
 * PIN.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "keymgmt/token/pin_memory.h"

/* A different number of rounds is a different version of the file. */
#define HEAD "envelope refused PINs 1 " ENV_PIN_HASH_WORDS " "

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads this many bytes in hexadecimal, and a newline. */
static bool take_hex(const char **at, const char *end, uint8_t *out, size_t len)
{
    if ((size_t)(end - *at) < 2 * len + 1)
        return false;
    for (size_t i = 0; i < len; i++, *at += 2) {
        int high = digit_of((*at)[0]);
        int low = digit_of((*at)[1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return *(*at)++ == '\n';
}

bool env_pin_failures_read(const char *text, size_t len, struct env_pin_failures *out)
{
    const char *at = text;
    const char *end = text + len;

    memset(out, 0, sizeof(*out));
    if (len < sizeof(HEAD) - 1 || memcmp(text, HEAD, sizeof(HEAD) - 1) != 0)
        return false;
    at += sizeof(HEAD) - 1;
    if (!take_hex(&at, end, out->salt, sizeof(out->salt)))
        return false;
    while (at < end && out->count < ENV_PIN_MEMORY_MAX) {
        if (!take_hex(&at, end, out->hashes[out->count], sizeof(out->hashes[0])))
            return false;
        out->count++;
    }
    return at == end;
}

static size_t put_hex(char *text, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 0xF];
    }
    text[2 * len] = '\n';
    return 2 * len + 1;
}

size_t env_pin_failures_write(const struct env_pin_failures *failures, char *text)
{
    size_t len = sizeof(HEAD) - 1;

    memcpy(text, HEAD, len);
    len += put_hex(text + len, failures->salt, sizeof(failures->salt));
    for (size_t i = 0; i < failures->count; i++)
        len += put_hex(text + len, failures->hashes[i], sizeof(failures->hashes[i]));
    return len;
}
