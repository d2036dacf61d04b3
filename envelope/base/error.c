/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/error.h"

#include <stdio.h>
#include <string.h>

#include "envelope/base/printable.h"

#define DETAIL 1024u /* libcrypto keeps no more */

static void raise(const struct env_errors *errors, const char *file, int line, const char *func,
                  enum env_reason reason, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

static void raise(const struct env_errors *errors, const char *file, int line, const char *func,
                  enum env_reason reason, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    errors->raise(errors->arg, file, line, func, reason, fmt, ap);
    va_end(ap);
}

/* Whatever a detail quotes (paths, labels, configuration values) must not control a terminal. */
ENV_RESULT env_raise_at(const struct env_errors *errors, const char *file, int line,
                        const char *func, enum env_reason reason, const char *fmt, ...)
{
    char text[DETAIL];
    va_list ap;

    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    env_printable(text, sizeof(text), text, strlen(text));
    raise(errors, file, line, func, reason, "%s", text);
    return (ENV_RESULT){reason, true, 0};
}

const char *env_reason_text(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_NONE:
        return "success";
#define ENV_REASON_CASE(name, number, text)                                                        \
    case ENV_R_##name:                                                                             \
        return (text);
        ENV_REASONS(ENV_REASON_CASE)
#undef ENV_REASON_CASE
    }
    return "unknown reason";
}
