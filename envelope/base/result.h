/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only result type inside the module. It is a struct so that it cannot be confused with
 * OpenSSL's 1 for success or PKCS#11's 0 for success: `if (f())` does not compile. Only the
 * callbacks that libcrypto calls convert it to OpenSSL's ints.
 */
#ifndef ENVELOPE_RESULT_H
#define ENVELOPE_RESULT_H

#include <stdbool.h>

#include "envelope/base/reasons.h"

/*
 * A result must be checked, or dropped explicitly with (void). gcc accepts the standard's attribute
 * on types, clang in C11 mode only its own.
 */
#if defined(__clang__)
#define ENV_MUST_CHECK __attribute__((warn_unused_result))
#else
#define ENV_MUST_CHECK [[nodiscard]]
#endif

struct ENV_MUST_CHECK env_result {
    enum env_reason reason; /* ENV_R_NONE on success */
    bool raised;            /* an entry with details is already on the error stack */
    unsigned long ckr;      /* the code of a PKCS#11 function; 0: none failed */
};

typedef struct env_result ENV_RESULT;

#define ENV_OK ((ENV_RESULT){ENV_R_NONE, false, 0})
/* A failure that the caller at the edge must still put on the error stack. */
#define ENV_FAIL(why) ((ENV_RESULT){(why), false, 0})

static inline bool env_ok(ENV_RESULT r)
{
    return r.reason == ENV_R_NONE;
}

/* Returns from the calling function if `call` failed; for functions with nothing to clean up. */
#define ENV_TRY(call)                                                                              \
    do {                                                                                           \
        ENV_RESULT env_try_result_ = (call);                                                       \
        if (!env_ok(env_try_result_))                                                              \
            return env_try_result_;                                                                \
    } while (0)

#endif
