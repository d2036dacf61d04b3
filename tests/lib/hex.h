/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits, as files of vectors have them. */
#ifndef ENVELOPE_TESTS_HEX_H
#define ENVELOPE_TESTS_HEX_H

#include <stdio.h>

#include "caller.h"

/* "-" is nothing. */
struct bytes hex_read(const char *hex);

/* A file below tests/vectors. */
FILE *vectors_open(const char *path);

#endif
