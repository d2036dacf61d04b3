/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin-failure-memory: a folder in which processes remember which PINs tokens refused, so that a
 * service that is started again and again with a wrong one does not lock the token. A file for each
 * token has a salt and slow hashes of the PINs; it is replaced at once, and processes take turns at
 * logging in, so that several that start together do not try one wrong PIN together. A folder that
 * cannot be used keeps no right PIN from working.
 */
#ifndef ENVELOPE_PIN_MEMORY_H
#define ENVELOPE_PIN_MEMORY_H

#include "keymgmt/token/pin_hash.h"

#define ENV_PIN_MEMORY_MAX 16u    /* PINs of one token: the oldest are forgotten */
#define ENV_PIN_MEMORY_FILE 2048u /* more than a file has */

/* What a file says. */
struct env_pin_failures {
    uint8_t salt[ENV_PIN_SALT];
    size_t count;
    uint8_t hashes[ENV_PIN_MEMORY_MAX][ENV_PIN_HASH]; /* the newest last */
};

/* One login's turn. */
struct env_pin_memory {
    const struct env_pin_sources *sources;
    const struct env_token *token;
    int folder;      /* locked; -1: there is none, or it cannot be used */
    const char *why; /* it cannot: words */
    char name[48];   /* of the token's file */
    struct env_pin_failures failures;
    bool hashed; /* hash is the PIN's */
    uint8_t hash[ENV_PIN_HASH];
};

/* Waits for its turn, but not for long. Without pin-failure-memory nothing is done here and below.
 */
void env_pin_memory_begin(struct env_pin_memory *memory, const struct env_pin_sources *sources,
                          const struct env_token *token);

/* PIN_REMEMBERED: the token refused it before. */
ENV_RESULT env_pin_memory_check(struct env_pin_memory *memory, const struct env_pin *pin,
                                struct env_error_detail *detail);

/* The token refused it now; detail has that, and gets more words where it could not be kept. */
void env_pin_memory_add(struct env_pin_memory *memory, const struct env_pin *pin,
                        struct env_error_detail *detail);

void env_pin_memory_end(struct env_pin_memory *memory);

/* The text of a file. False: it is none. */
bool env_pin_failures_read(const char *text, size_t len, struct env_pin_failures *out);
/* Into ENV_PIN_MEMORY_FILE bytes; how long it is. */
size_t env_pin_failures_write(const struct env_pin_failures *failures, char *text);

#endif
