/* SPDX-License-Identifier: Apache-2.0 */
/* One use of a key in one session: the context of an operation with the key. */
#ifndef ENVELOPE_KEY_USE_H
#define ENVELOPE_KEY_USE_H

#include "keymgmt/token/pin.h"

struct env_key_use {
    struct env_token *token;
    const struct env_session *session;
    CK_OBJECT_HANDLE key;
    size_t bits;                    /* of an AES key */
    unsigned uses;                  /* see aes_mechanisms.h, wrap_rsa.h */
    struct env_pin_sources *always; /* for a key that requires a login for every use; else NULL */
    const char *where;              /* the key and its token, for messages */
    bool session_spoiled;           /* set by the operation: close the session */
    struct env_error_detail *detail;
};

/* An operation with the key, in a session that is logged in. */
typedef ENV_RESULT env_key_use_fn(struct env_key_use *use, void *arg);

/* Fills in the detail of a failed call to the module. */
ENV_RESULT env_key_use_failed(const struct env_key_use *use, enum env_reason reason,
                              const char *function, CK_RV rv);

#endif
