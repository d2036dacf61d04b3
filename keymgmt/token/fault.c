/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/fault.h"

#include <stdio.h>

ENV_RESULT env_fault(struct env_fault *fault, enum env_reason reason, const char *fmt, ...)
{
    va_list ap;

    fault->reason = reason;
    fault->loss = ENV_LOSS_NONE;
    fault->rv = CKR_OK;
    fault->held_back = false;
    va_start(ap, fmt);
    /* clang-tidy 14 loses sight of va_start when it is given more than one file */
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
    va_end(ap);
    return ENV_FAIL(reason);
}

ENV_RESULT env_fault_ckr(struct env_fault *fault, enum env_reason reason, const char *function,
                         CK_RV rv, const char *where)
{
    ENV_RESULT result = env_fault(fault, reason, "%s: %s (0x%lx), %s", function, env_ckr_name(rv),
                                  (unsigned long)rv, where);

    fault->rv = rv;
    fault->loss = env_ckr_ambiguous(rv) ? ENV_LOSS_MODULE : env_ckr_loss(rv);
    return result;
}

ENV_RESULT env_fault_raise(const struct env_errors *errors, const struct env_fault *fault)
{
    ENV_RESULT result = ENV_RAISE(errors, fault->reason, "%s", fault->text);

    result.ckr = fault->rv;
    return result;
}

void env_printable(char *out, size_t size, const void *text, size_t len)
{
    const unsigned char *from = text;
    size_t n = len < size ? len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = from[i] < 0x20 || from[i] == 0x7f ? '?' : (char)from[i];
    out[n] = '\0';
}

void env_hex(char *out, size_t size, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t room = (size - sizeof(" and 18446744073709551615 more")) / 2;
    size_t shown = len < room ? len : room;

    for (size_t i = 0; i < shown; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * shown] = '\0';
    if (shown < len)
        (void)snprintf(out + 2 * shown, size - 2 * shown, " and %zu more", len - shown);
}
