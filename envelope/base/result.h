/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one result type inside the module. It is a struct so that it cannot be mixed up with
 * OpenSSL's 1-is-success or PKCS#11's 0-is-success: `if (f())` does not compile. It is converted to
 * OpenSSL's ints only in the callbacks that libcrypto calls.
 */
#ifndef ENVELOPE_RESULT_H
#define ENVELOPE_RESULT_H

#include <stdbool.h>

#include "envelope/base/reasons.h"

/*
 * A result is checked, or dropped explicitly with (void). gcc knows the standard's attribute of
 * types, clang in C11 only its own.
 */
#if defined(__clang__)
#define ENV_MUST_CHECK __attribute__((warn_unused_result))
#else
#define ENV_MUST_CHECK [[nodiscard]]
#endif

struct ENV_MUST_CHECK env_result {
    enum env_reason reason; /* ENV_R_NONE on success */
    bool raised;            /* an entry with details is already on the error stack */
    unsigned long ckr;      /* what a PKCS#11 function returned, 0 when none failed */
};

typedef struct env_result ENV_RESULT;

#define ENV_OK ((ENV_RESULT){ENV_R_NONE, false, 0})
/* A failure that the caller at the edge still has to put on the error stack. */
#define ENV_FAIL(why) ((ENV_RESULT){(why), false, 0})

static inline bool env_ok(ENV_RESULT r)
{
    return r.reason == ENV_R_NONE;
}

/* Returns from the calling function when `call` failed; for functions with nothing to clean up. */
#define ENV_TRY(call)                                                                              \
    do {                                                                                           \
        ENV_RESULT env_try_result_ = (call);                                                       \
        if (!env_ok(env_try_result_))                                                              \
            return env_try_result_;                                                                \
    } while (0)

#endif
