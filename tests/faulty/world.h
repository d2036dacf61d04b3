/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's surroundings: libcrypto with our provider on faulty_p11.so, and a second view of the
 * token, past the faults.
 */
#ifndef FAULTY_WORLD_H
#define FAULTY_WORLD_H

#include <openssl/crypto.h>
#include <stddef.h>

#include "faulty_p11.h"

/* Once: the module's path and its control block. Ends the program when something is missing. */
struct faulty_control *world_begin(const char *module);

/* A library context that the file configures. */
OSSL_LIB_CTX *world_new(const char *cnf);

/* Says why and ends the program. */
_Noreturn void world_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Empties the error stack: the reason of the newest entry of the provider, or 0. */
int world_reason(void);

/* On a clock that only goes forward. */
double world_seconds(void);

/* The token that faults are about: the only one there is ("kek"), or the one that is said here,
 * which has faults alone then. */
void world_choose_token(const char *label);
const char *world_token(void);

/* How many there are. */
unsigned world_tokens(void);

/* Of all tokens: session objects, and keys that stay whose label begins so. */
size_t world_session_objects(void);
size_t world_keys(const char *label);
void world_destroy_keys(const char *label);

#endif
