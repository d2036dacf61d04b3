/* SPDX-License-Identifier: Apache-2.0 */
/* Generates one key on a token, with the attributes of a KEK. */
#ifndef ENVELOPE_GENERATE_KEY_H
#define ENVELOPE_GENERATE_KEY_H

#include "keymgmt/token/find_key.h"

/*
 * The one pair of uses that a KEK of ours has. CKA_WRAP together with CKA_DECRYPT would let other
 * keys be exported.
 */
enum env_use_pair {
    ENV_PAIR_NONE,
    ENV_PAIR_WRAP,    /* CKA_WRAP and CKA_UNWRAP */
    ENV_PAIR_ENCRYPT, /* CKA_ENCRYPT and CKA_DECRYPT */
};

/* How much we ask of the token, most first: not every token supports every attribute. */
enum env_template_kind {
    ENV_TEMPLATE_FULL,    /* with CKA_ALLOWED_MECHANISMS and CKA_UNWRAP_TEMPLATE */
    ENV_TEMPLATE_ALLOWED, /* with CKA_ALLOWED_MECHANISMS */
    ENV_TEMPLATE_PLAIN,
    ENV_TEMPLATE_LEAST, /* signing is left to the token's defaults: a TPM's RSA keys have it */
    ENV_TEMPLATE_NO_ID, /* leaves the id to the token too: a YubiHSM 2 has ids of two bytes */
    ENV_TEMPLATE_BARE,  /* label and length only: the resulting key is judged like any other */
    ENV_TEMPLATES
};

struct env_key_plan {
    const struct env_kek_request *request;
    const struct env_kek_id *id;
    CK_OBJECT_HANDLE source; /* the key to copy; CK_INVALID_HANDLE: generate one */
    bool source_is_sensitive;
    bool source_is_extractable;
    enum env_use_pair pair;
    unsigned tried;  /* the pairs that did not work, as a set of 1 << pair */
    bool other_pair; /* another pair is left to try */
    bool any_id;     /* the caller did not ask for an id */
    CK_MECHANISM_TYPE allowed[4];
    CK_ULONG allowed_count;
};

/*
 * Chooses a pair of uses that was not tried yet, and its mechanisms: those of the wrapping method
 * that sealing will choose. Fails with KEK_USAGE when the token has none.
 */
ENV_RESULT env_plan_key(struct env_token *token, enum env_wrap_choice choice,
                        struct env_key_plan *plan, struct env_error_detail *detail);

struct env_generated {
    CK_OBJECT_HANDLE key;        /* the secret or private key */
    CK_OBJECT_HANDLE public_key; /* of RSA */
};

/* The next plainer kind that differs from this one, or ENV_TEMPLATES. */
enum env_template_kind env_template_after(const struct env_key_plan *plan,
                                          enum env_template_kind kind);

/*
 * session must be read-write. *refused: the token does not accept this kind of template. Fails with
 * KEK_NOT_MADE, TOKEN_READ_ONLY or COPY_NOT_LOCKED.
 */
ENV_RESULT env_generate_key(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_key_plan *plan, enum env_template_kind kind,
                            struct env_generated *key, bool *refused,
                            struct env_error_detail *detail);

/*
 * Destroys what the attempt left, if it can be identified with certainty: the only key, or pair, of
 * its class, id and label.
 */
ENV_RESULT env_destroy_made(const struct env_token *token, const struct env_session *session,
                            const struct env_key_plan *plan, struct env_error_detail *detail);

#endif
