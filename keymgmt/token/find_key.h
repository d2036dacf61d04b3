/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for keys on one token, and reading what it says of them. */
#ifndef ENVELOPE_FIND_KEY_H
#define ENVELOPE_FIND_KEY_H

#include "envelope/base/dates.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/tokens.h"

#define ENV_FOUND_MAX 16u /* more are found than can be used anyway */
#define ENV_ALLOWED_MECHANISMS_MAX 64u
#define ENV_RSA_MAX 1024u /* bytes of the longest modulus */

/* An attribute that the token does not give counts as the less safe of the two. */
struct env_key_attributes {
    CK_OBJECT_HANDLE handle;
    /* What messages call it: its CKA_ID, or else key_reference.h's; its length may be 0, or more
     * than fits. */
    struct env_kek_id id;
    bool id_is_made;   /* it is not its CKA_ID ... */
    size_t cka_id_len; /* ... which is this, where it is a longer one */
    uint8_t cka_id[ENV_CKA_ID_MAX];
    size_t label_len;
    char label[ENV_LABEL_MAX + 1]; /* empty when it does not fit */
    size_t bits;
    bool extractable;
    bool sensitive;
    bool private_object;
    bool always_sensitive;
    bool never_extractable;
    bool encrypt;
    bool decrypt;
    bool wrap;
    bool unwrap;
    bool restricted; /* CKA_ALLOWED_MECHANISMS lists what it may be used with */
    size_t allowed_count;
    CK_MECHANISM_TYPE allowed[ENV_ALLOWED_MECHANISMS_MAX];
    struct env_dates dates;   /* on which it may seal */
    bool local;               /* the token made it */
    bool always_authenticate; /* it wants a login of its own for every use */
    bool rsa;                 /* a private RSA key, with its public half: */
    size_t modulus_len;
    uint8_t modulus[ENV_RSA_MAX];
    size_t exponent_len;
    uint8_t exponent[8];
};

struct env_found {
    size_t count; /* at most ENV_FOUND_MAX */
    struct env_key_attributes keys[ENV_FOUND_MAX];
};

/* TOKEN_FAILED. Finding nothing is success. */
ENV_RESULT env_find_keys(const struct env_token *token, const struct env_session *session,
                         const struct env_query *query, struct env_found *found,
                         struct env_error_detail *detail);

/*
 * The same for any number of keys: hands each to `take`, which may fail and so end it. The key is
 * good for that call alone.
 */
typedef ENV_RESULT env_take_key_fn(void *arg, const struct env_key_attributes *key);

ENV_RESULT env_find_all_keys(const struct env_token *token, const struct env_session *session,
                             const struct env_query *query, env_take_key_fn *take, void *arg,
                             struct env_error_detail *detail);

/* Reads what the token says of one key, whose handle is given. CKR_OK or what failed. */
CK_RV env_read_key(const struct env_token *token, const struct env_session *session,
                   CK_OBJECT_HANDLE handle, struct env_key_attributes *key);

/*
 * Of a key whose CKA_ID was read, with its public half: where that cannot be the reference, key->id
 * becomes one (key_reference.h), as far as there is one, and the CKA_ID is in key->cka_id.
 */
CK_RV env_key_settle_id(const struct env_token *token, const struct env_session *session,
                        struct env_key_attributes *key);

/* Whether a message's header would take the one for the other. */
bool env_key_same_reference(const struct env_key_attributes *a, const struct env_key_attributes *b);

/* Whether two RSA keys have the same public half. */
bool env_key_same_public(const struct env_key_attributes *a, const struct env_key_attributes *b);

/* What it is called, for the log. */
void env_key_refused(struct env_refused_kek *out, const struct env_key_attributes *key,
                     const struct env_token_name *token);

/* "key 'orders' (id 01ab) of token 'kek'" */
void env_key_described(char *out, size_t size, const struct env_key_attributes *key,
                       const struct env_token *token);

#endif
