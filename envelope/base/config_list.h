/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in the configuration: words with spaces between, in which %20 is a space. */
#ifndef ENVELOPE_WORDS_H
#define ENVELOPE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env_word {
    const char *text; /* not terminated */
    size_t len;
};

/* The word at *at, which moves behind it; false at the end. */
bool env_word_next(const char **at, struct env_word *word);

/* Whether the word stands in the list (NULL: an empty one), written in the same way. */
bool env_word_in(const char *list, const struct env_word *word);

/*
 * Writes the word to out, which has room for its length and a NUL, with every %XX decoded. False
 * when a % is not followed by two hex digits, or stands for a NUL.
 */
bool env_word_decode(const struct env_word *word, char *out);

/* Hex digits, perhaps with colons between the bytes; false when it is something else or too long.
 */
bool env_word_hex(const struct env_word *word, uint8_t *out, size_t size, size_t *len);

/* The same of an id, before which "id:" may stand: then it is nothing else. */
bool env_word_id(const struct env_word *word, uint8_t *out, size_t size, size_t *len);

#endif
