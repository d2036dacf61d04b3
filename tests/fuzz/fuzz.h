/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by all fuzz targets. */
#ifndef ENVELOPE_TESTS_FUZZ_H
#define ENVELOPE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "envelope/base/error.h"

/* What libFuzzer calls, and what it lends. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* An assertion that libFuzzer sees; the input that broke it is kept. */
#define FUZZ_DEMAND(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* For env_errors.raise where nobody looks at them. */
static inline void fuzz_ignore_error(void *arg, const char *file, int line, const char *func,
                                     enum env_reason reason, const char *fmt, va_list ap)
{
    (void)arg;
    (void)file;
    (void)line;
    (void)func;
    (void)reason;
    (void)fmt;
    (void)ap;
}

/* Takes numbers off the front of an input; 0 when there is nothing left. */
struct fuzz_input {
    const uint8_t *data;
    size_t len;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->data++;
}

#endif
