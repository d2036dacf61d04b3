/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): the shortest form alone, no surrogates, nothing above U+10FFFF. */
#ifndef ENVELOPE_UTF8_H
#define ENVELOPE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes of the UTF-8 character text begins with; 0 when it begins with none (or len 0). */
size_t env_utf8_char(const char *text, size_t len);

/* The number of the character that these n bytes are, as env_utf8_char counted them. */
uint32_t env_utf8_code(const char *text, size_t n);

bool env_utf8_is(const char *text, size_t len);

#endif
