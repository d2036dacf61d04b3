/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in the configuration: words separated by spaces, in which %20 stands for a space. */
#ifndef ENVELOPE_WORDS_H
#define ENVELOPE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env_word {
    const char *text; /* not terminated */
    size_t len;
};

/* Reads the word at *at, which then points after it; false at the end. */
bool env_word_next(const char **at, struct env_word *word);

/* Whether the word is in the list (NULL: an empty one), in exactly this spelling. */
bool env_word_in(const char *list, const struct env_word *word);

/*
 * Writes the word to out, which must have room for its length and a NUL, and decodes every %XX.
 * False if a % is not followed by two hex digits, or stands for a NUL.
 */
bool env_word_decode(const struct env_word *word, char *out);

/*
 * Reads hex digits, with or without colons between the bytes; false if it is something else or too
 * long.
 */
bool env_word_hex(const struct env_word *word, uint8_t *out, size_t size, size_t *len);

/* The same for an id, which may begin with "id:" to exclude any other meaning. */
bool env_word_id(const struct env_word *word, uint8_t *out, size_t size, size_t *len);

#endif
