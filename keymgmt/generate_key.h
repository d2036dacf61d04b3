/* SPDX-License-Identifier: Apache-2.0 */
/* Making one key in a token, with the attributes of a KEK. */
#ifndef ENVELOPE_GENERATE_KEY_H
#define ENVELOPE_GENERATE_KEY_H

#include "keymgmt/token/find_key.h"

/* The one pair of uses that a KEK of ours has: wrap with decrypt would let others' keys out. */
enum env_use_pair {
    ENV_PAIR_NONE,
    ENV_PAIR_WRAP,    /* CKA_WRAP and CKA_UNWRAP */
    ENV_PAIR_ENCRYPT, /* CKA_ENCRYPT and CKA_DECRYPT */
};

/* How much is asked of the token, most first: not every token knows every attribute. */
enum env_template_kind {
    ENV_TEMPLATE_FULL,    /* with CKA_ALLOWED_MECHANISMS and CKA_UNWRAP_TEMPLATE */
    ENV_TEMPLATE_ALLOWED, /* with CKA_ALLOWED_MECHANISMS */
    ENV_TEMPLATE_PLAIN,
    ENV_TEMPLATE_LEAST, /* whether it signs and verifies is up to the token: a TPM's RSA keys do */
    ENV_TEMPLATE_NO_ID, /* ... and its id: a YubiHSM 2's have two bytes */
    ENV_TEMPLATE_BARE,  /* label and length: what the token makes of them is judged as any key is */
    ENV_TEMPLATES
};

struct env_key_plan {
    const struct env_kek_request *request;
    const struct env_kek_id *id;
    CK_OBJECT_HANDLE source; /* what is copied; CK_INVALID_HANDLE: it is generated */
    bool source_is_sensitive;
    bool source_is_extractable;
    enum env_use_pair pair;
    unsigned tried;  /* the pairs that did not work, as a set of 1 << pair */
    bool other_pair; /* there is another one to try */
    bool any_id;     /* nobody asked for one */
    CK_MECHANISM_TYPE allowed[4];
    CK_ULONG allowed_count;
};

/*
 * Chooses the pair of uses, of those that were not tried, and the mechanisms that go with it:
 * those of the way to wrap that sealing will choose. KEK_USAGE when the token has none.
 */
ENV_RESULT env_plan_key(struct env_token *token, enum env_wrap_choice choice,
                        struct env_key_plan *plan, struct env_error_detail *detail);

struct env_generated {
    CK_OBJECT_HANDLE key;        /* the secret or private key */
    CK_OBJECT_HANDLE public_key; /* of RSA */
};

/* The next plainer kind that differs, or ENV_TEMPLATES. */
enum env_template_kind env_template_after(const struct env_key_plan *plan,
                                          enum env_template_kind kind);

/*
 * session is a read-write one. *refused: the token does not take this kind of template.
 * KEK_NOT_MADE, TOKEN_READ_ONLY, COPY_NOT_LOCKED.
 */
ENV_RESULT env_generate_key(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_key_plan *plan, enum env_template_kind kind,
                            struct env_generated *key, bool *refused,
                            struct env_error_detail *detail);

/*
 * Destroys what came of it, where it can be told from everything else: the one key, or pair, of its
 * class, id and label.
 */
ENV_RESULT env_destroy_made(const struct env_token *token, const struct env_session *session,
                            const struct env_key_plan *plan, struct env_error_detail *detail);

#endif
