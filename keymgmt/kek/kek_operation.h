/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation with a KEK on one or several tokens. What callers of kek.h ask for becomes such an
 * operation, which is passed down to the token that performs it.
 */
#ifndef ENVELOPE_KEK_OPERATION_H
#define ENVELOPE_KEK_OPERATION_H

#include "keymgmt/token/token_set.h"
#include "keymgmt/wrap/key_wrap.h"
#include "keymgmt/wrap/unwrap_dek.h"

/* How far to go to repair a loss. Stronger remedies help more often, but disturb other users. */
enum env_patience {
    ENV_PATIENCE_QUICK,    /* only what other users do not notice: another key may stand in */
    ENV_PATIENCE_IF_ALONE, /* everything if there is no other token, else as above */
    ENV_PATIENCE_ALL,      /* everything, including a restart of the module */
    ENV_PATIENCE_LAST,     /* the same, without the usual limit on how often */
};

/* What must be known of a key with replicas before it is used in this way. */
enum env_kek_purpose {
    ENV_KEK_OPENS,
    ENV_KEK_SEALS,     /* the key is proven */
    ENV_KEK_KEY_WRAPS, /* the same, whatever the wrapping method for data keys */
};

struct env_token_kek;
struct env_kek_operation;

/*
 * Performs it with the key on one token. Fails with NOT_AUTHENTIC if the ciphertext does not
 * verify.
 */
typedef ENV_RESULT env_kek_operation_fn(struct env_token_kek *kek,
                                        struct env_kek_operation *operation);

struct env_kek_operation {
    enum env_kek_purpose purpose;
    env_kek_operation_fn *run;
    union {
        struct {
            const uint8_t *dek;
            struct env_wrapped *out;
        } wrapping;
        struct env_unwrapping unwrapping;
        struct env_key_wrap_request key_wrap;
    };
    enum env_patience patience;
    struct env_error_detail *detail; /* set by any failure; not raised */
    bool does_not_fit; /* by what the token says of the key, the ciphertext cannot be for it */
};

/* The beginning of every KEK on tokens, so that kek_calls.h works on all of them. */
struct env_kek_head {
    struct env_kek base;
    _Atomic unsigned refs;
    struct env_token_set *token_set;
    bool seals_without_token; /* an RSA key, once it was shown to open */
    struct env_back_off back_off;
    ENV_RESULT (*perform)(struct env_kek_head *head, struct env_kek_operation *operation);
};

/*
 * Whether a failure means that what we know of the key or of its token's mechanisms is out of date.
 * It is then read again the next time, so that a fix takes effect.
 */
bool env_kek_is_outdated(ENV_RESULT r, const struct env_error_detail *detail);

#endif
