/* SPDX-License-Identifier: Apache-2.0 */
/* Text and bytes from outside, made fit to be shown. */
#ifndef ENVELOPE_PRINTABLE_H
#define ENVELOPE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENV_HEX_TEXT 160u /* an id of 64 bytes, and how many more there are */

/*
 * Whether a character, of n bytes in UTF-8, is one that a terminal shows. It obeys control
 * characters, the C1 ones (U+0080 to U+009F) as well; the marks, overrides and isolates of
 * bidirectional text make it show other text than there is; separators of lines begin a new one.
 */
bool env_char_is_shown(const char *text, size_t n);

/*
 * Text from outside, made fit for an error message: a question mark for each character that is not
 * shown and for each byte that is not UTF-8. It never gets longer; out may be text.
 */
void env_printable(char *out, size_t size, const void *text, size_t len);

/* Bytes in hex; what does not fit is only counted. */
void env_hex(char *out, size_t size, const uint8_t *bytes, size_t len);

#endif
