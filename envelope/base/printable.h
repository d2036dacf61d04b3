/* SPDX-License-Identifier: Apache-2.0 */
/* Makes text and bytes from outside safe to show. */
#ifndef ENVELOPE_PRINTABLE_H
#define ENVELOPE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENV_HEX_TEXT 160u /* an id of 64 bytes, and the number of further ones */

/*
 * Whether a terminal shows this UTF-8 character of n bytes as such. It obeys control characters,
 * including C1 (U+0080 to U+009F). Bidirectional marks, overrides and isolates make it show other
 * text than there is, and line separators begin a new line.
 */
bool env_char_is_shown(const char *text, size_t n);

/*
 * Text from outside for an error message: a question mark replaces each character that is not
 * shown, and each byte that is not UTF-8. It never gets longer; out may be text.
 */
void env_printable(char *out, size_t size, const void *text, size_t len);

/* Bytes in hex; those that do not fit are only counted. */
void env_hex(char *out, size_t size, const uint8_t *bytes, size_t len);

#endif
