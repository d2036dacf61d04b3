/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap that never hands memory out twice, for the tests that look for secrets: what was freed
 * without being wiped stays to be found. In it is what OPENSSL_malloc gives, and the malloc of our
 * own objects (the linker's --wrap); a PKCS#11 module's malloc is the C library's.
 */
#ifndef ENVELOPE_TESTS_ARENA_H
#define ENVELOPE_TESTS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
    char *start;
    size_t used;
};

extern struct arena arena;

/* First of all in main: before libcrypto has allocated anything. */
void arena_install(void);

#endif
