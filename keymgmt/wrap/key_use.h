/* SPDX-License-Identifier: Apache-2.0 */
/* One use of a key in one session: what an operation on it is given. */
#ifndef ENVELOPE_KEY_USE_H
#define ENVELOPE_KEY_USE_H

#include "keymgmt/token/tokens.h"

struct env_key_use {
    struct env_token *token;
    const struct env_session *session;
    CK_OBJECT_HANDLE key;
    size_t bits;          /* of an AES key */
    unsigned uses;        /* see wrap_aes.h */
    const char *where;    /* the key and its token, for messages */
    bool session_spoiled; /* set by the operation: close the session, something was left in it */
    bool token_nonce;     /* set by wrapping: the token took a nonce of its own */
    struct env_fault *fault;
};

#endif
