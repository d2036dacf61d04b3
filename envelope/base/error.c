/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/error.h"

ENV_RESULT env_raise_at(const struct env_errors *errors, const char *file, int line,
                        const char *func, enum env_reason reason, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    errors->raise(errors->arg, file, line, func, reason, fmt, ap);
    va_end(ap);
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
