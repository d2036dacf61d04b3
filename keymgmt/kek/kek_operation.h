/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation with a KEK that is on a token, or on several: what kek.h's callers ask for becomes
 * one of these, which is handed down to whichever token does it.
 */
#ifndef ENVELOPE_KEK_OPERATION_H
#define ENVELOPE_KEK_OPERATION_H

#include "keymgmt/token/token_set.h"
#include "keymgmt/wrap/key_wrap.h"
#include "keymgmt/wrap/unwrap_dek.h"

/* What is done about a loss: more of it helps more often, and costs others more. */
enum env_patience {
    ENV_PATIENCE_QUICK,    /* nothing that other tokens would feel: another key may stand in */
    ENV_PATIENCE_IF_ALONE, /* all of it where there is no other token, else as above */
    ENV_PATIENCE_ALL,      /* down to a fresh start of the module */
    ENV_PATIENCE_LAST,     /* the same at once, where otherwise it is only done now and then */
};

/* What has to be known of a key before it is used so, where there are replicas of it. */
enum env_kek_purpose {
    ENV_KEK_OPENS,
    ENV_KEK_SEALS,     /* that it is proven */
    ENV_KEK_KEY_WRAPS, /* the same, whatever the way to wrap data keys is */
};

struct env_token_kek;
struct env_kek_operation;

/* Does it with the key on one token. NOT_AUTHENTIC for a ciphertext that does not verify. */
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
    struct env_error_detail *detail; /* filled by whatever fails, not raised */
    bool does_not_fit;               /* the ciphertext, what the token said of the key */
};

/* What KEKs on tokens begin with, so that kek_calls.h works on all of them. */
struct env_kek_head {
    struct env_kek base;
    _Atomic unsigned refs;
    struct env_token_set *token_set;
    bool seals_without_token; /* an RSA key, once it was shown to open */
    struct env_back_off back_off;
    ENV_RESULT (*perform)(struct env_kek_head *head, struct env_kek_operation *operation);
};

/*
 * Whether a failure says that what was found of the key and of its token's mechanisms is not so, or
 * not any more: it is to be found anew the next time, so that a cure is seen.
 */
bool env_kek_is_outdated(ENV_RESULT r, const struct env_error_detail *detail);

#endif
