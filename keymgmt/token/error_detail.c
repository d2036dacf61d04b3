/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/error_detail.h"

#include <stdio.h>
#include <string.h>

ENV_RESULT env_error_detail(struct env_error_detail *detail, enum env_reason reason,
                            const char *fmt, ...)
{
    va_list ap;

    detail->reason = reason;
    detail->loss = ENV_LOSS_NONE;
    detail->rv = 0;
    detail->held_back = false;
    detail->refused.known = false;
    va_start(ap, fmt);
    /* clang-tidy 14 loses track of va_start when it checks more than one file */
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(detail->text, sizeof(detail->text), fmt, ap);
    va_end(ap);
    return ENV_FAIL(reason);
}

ENV_RESULT env_error_detail_ckr(struct env_error_detail *detail, enum env_reason reason,
                                const char *function, unsigned long rv, const char *where)
{
    ENV_RESULT result = env_error_detail(detail, reason, "%s: %s (0x%lx), %s", function,
                                         env_ckr_name(rv), (unsigned long)rv, where);

    detail->rv = rv;
    detail->loss = env_ckr_ambiguous(rv) ? ENV_LOSS_MODULE : env_ckr_loss(rv);
    return result;
}

void env_error_detail_before(struct env_error_detail *detail, const char *words)
{
    size_t len = strlen(words);

    if (len >= sizeof(detail->text))
        return;
    memmove(detail->text + len, detail->text, sizeof(detail->text) - len);
    memcpy(detail->text, words, len);
    detail->text[sizeof(detail->text) - 1] = '\0';
}

void env_error_detail_behind(struct env_error_detail *detail, const char *words)
{
    size_t len = strlen(detail->text);

    (void)snprintf(detail->text + len, sizeof(detail->text) - len, "%s", words);
}

ENV_RESULT env_error_detail_raise(const struct env_errors *errors,
                                  const struct env_error_detail *detail)
{
    ENV_RESULT result = ENV_RAISE(errors, detail->reason, "%s", detail->text);

    result.ckr = detail->rv;
    return result;
}
