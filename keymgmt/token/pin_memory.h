/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin-failure-memory: a folder in which processes remember the PINs that tokens refused, so that a
 * service that is restarted again and again with a wrong PIN does not lock the token. Each token
 * has a file with a salt and slow hashes of the PINs, which is replaced atomically. Processes take
 * turns at logging in, so that several that start together do not all try the same wrong PIN. An
 * unusable folder does not keep a correct PIN from working.
 */
#ifndef ENVELOPE_PIN_MEMORY_H
#define ENVELOPE_PIN_MEMORY_H

#include "keymgmt/token/pin_hash.h"

#define ENV_PIN_MEMORY_MAX 16u    /* PINs per token: the oldest are dropped */
#define ENV_PIN_MEMORY_FILE 2048u /* larger than any valid file */

/* The contents of a file. */
struct env_pin_failures {
    uint8_t salt[ENV_PIN_SALT];
    size_t count;
    uint8_t hashes[ENV_PIN_MEMORY_MAX][ENV_PIN_HASH]; /* newest last */
};

/* The state of one login attempt. */
struct env_pin_memory {
    const struct env_pin_sources *sources;
    const struct env_token *token;
    int folder;      /* locked; -1: none, or it cannot be used */
    const char *why; /* why it cannot be used */
    char name[48];   /* the token's file name */
    struct env_pin_failures failures;
    bool hashed; /* hash is set */
    uint8_t hash[ENV_PIN_HASH];
};

/*
 * Waits for its turn, with a time limit. Without pin-failure-memory this and the functions below do
 * nothing.
 */
void env_pin_memory_begin(struct env_pin_memory *memory, const struct env_pin_sources *sources,
                          const struct env_token *token);

/* Fails with PIN_REMEMBERED if the token refused this PIN before. */
ENV_RESULT env_pin_memory_check(struct env_pin_memory *memory, const struct env_pin *pin,
                                struct env_error_detail *detail);

/*
 * Records that the token refused the PIN, as detail says. Adds to the detail if it could not be
 * recorded.
 */
void env_pin_memory_add(struct env_pin_memory *memory, const struct env_pin *pin,
                        struct env_error_detail *detail);

void env_pin_memory_end(struct env_pin_memory *memory);

/* Parses a file's text. False: it is not a valid file. */
bool env_pin_failures_read(const char *text, size_t len, struct env_pin_failures *out);
/* Writes up to ENV_PIN_MEMORY_FILE bytes and returns the length. */
size_t env_pin_failures_write(const struct env_pin_failures *failures, char *text);

#endif
