/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/errors.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int library;

static void get_library(void)
{
    library = ERR_get_next_error_library();
}

static void raise_on_stack(void *arg, const char *file, int line, const char *func,
                           enum env_reason reason, const char *fmt, va_list ap)
    __attribute__((format(printf, 6, 0)));

static void raise_on_stack(void *arg, const char *file, int line, const char *func,
                           enum env_reason reason, const char *fmt, va_list ap)
{
    (void)arg;
    ERR_new();
    ERR_set_debug(file, line, func);
    ERR_set_error(library, (int)reason, NULL); /* provider/init.c says why */
    ERR_vset_error(library, (int)reason, fmt, ap);
}

static void mark_stack(void *arg)
{
    (void)arg;
    (void)ERR_set_mark();
}

static void unmark_stack(void *arg, bool drop)
{
    (void)arg;
    if (drop)
        (void)ERR_pop_to_mark();
    else
        (void)ERR_clear_last_mark();
}

struct env_errors tool_errors(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, get_library);
    return (struct env_errors){NULL, raise_on_stack, mark_stack, unmark_stack};
}

static void append(struct tool_failure *failure, const char *between, const char *words)
{
    size_t used = strlen(failure->text);

    (void)snprintf(failure->text + used, sizeof(failure->text) - used, "%s%s",
                   used > 0 ? between : "", words);
}

/* Several entries of ours mean that several KEKs failed: all are reported. */
void tool_failure_take(ENV_RESULT r, struct tool_failure *failure)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code;

    failure->reason = r.reason;
    failure->text[0] = '\0';
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        if (!r.raised || ERR_GET_LIB(code) != library)
            continue;
        append(failure, "; ", env_reason_text((enum env_reason)ERR_GET_REASON(code)));
        if ((flags & ERR_TXT_STRING) != 0 && data != NULL && *data != '\0')
            append(failure, ": ", data);
    }
    if (failure->text[0] == '\0')
        append(failure, "", env_reason_text(r.reason));
}

void tool_failure_set(struct tool_failure *failure, const char *fmt, ...)
{
    va_list ap;

    failure->reason = ENV_R_NONE;
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(failure->text, sizeof(failure->text), fmt, ap);
    va_end(ap);
}
