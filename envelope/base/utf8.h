/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): only the shortest form, no surrogates, nothing above U+10FFFF. */
#ifndef ENVELOPE_UTF8_H
#define ENVELOPE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the UTF-8 character at the beginning of text; 0 if there is none (or len is 0). */
size_t env_utf8_char(const char *text, size_t len);

/* The code point of these n bytes, as counted by env_utf8_char. */
uint32_t env_utf8_code(const char *text, size_t n);

bool env_utf8_is(const char *text, size_t len);

#endif
