/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where errors go. In the module that is OpenSSL's error stack, reached through the core's upcalls
 * (so that our own reason strings are found); in unit tests it is whatever the test puts there.
 * Never pass a secret: not a PIN, a key, a plaintext, nor the key bytes of EVP_CipherInit.
 */
#ifndef ENVELOPE_ERROR_H
#define ENVELOPE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#include "envelope/base/result.h"

struct env_errors {
    void *arg;
    void (*raise)(void *arg, const char *file, int line, const char *func, enum env_reason reason,
                  const char *fmt, va_list ap);
    /*
     * Both may be NULL. mark remembers the top of the stack. unmark forgets that mark and, if drop
     * is true, every entry above it, for a failure that turned out not to matter.
     */
    void (*mark)(void *arg);
    void (*unmark)(void *arg, bool drop);
};

static inline void env_errors_mark(const struct env_errors *errors)
{
    if (errors->mark != NULL)
        errors->mark(errors->arg);
}

static inline void env_errors_unmark(const struct env_errors *errors, bool drop)
{
    if (errors->unmark != NULL)
        errors->unmark(errors->arg, drop);
}

/* Puts one entry on the error stack and returns the failure. fmt may be "". */
ENV_RESULT env_raise_at(const struct env_errors *errors, const char *file, int line,
                        const char *func, enum env_reason reason, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

#define ENV_RAISE(errors, reason, ...)                                                             \
    env_raise_at((errors), __FILE__, __LINE__, __func__, (reason), __VA_ARGS__)

/* The text of a reason, or "unknown reason". */
const char *env_reason_text(enum env_reason reason);

#endif
