/* SPDX-License-Identifier: Apache-2.0 */
/* Searching one token for keys, and reading their attributes. */
#ifndef ENVELOPE_FIND_KEY_H
#define ENVELOPE_FIND_KEY_H

#include "envelope/base/dates.h"
#include "keymgmt/token/query.h"
#include "keymgmt/token/tokens.h"

#define ENV_FOUND_MAX 16u /* enough: more matches could not be used anyway */
#define ENV_ALLOWED_MECHANISMS_MAX 64u
#define ENV_RSA_MAX 1024u /* bytes of the longest supported modulus */

/* What the token says about a key. A missing attribute counts as its less safe value. */
struct env_key_attributes {
    CK_OBJECT_HANDLE handle;
    /*
     * The key's reference in messages: its CKA_ID, or one from key_reference.h. Its length may be
     * 0, or more than fits.
     */
    struct env_kek_id id;
    bool id_is_made;   /* id is not the CKA_ID ... */
    size_t cka_id_len; /* ... which is this one, if it is too long */
    uint8_t cka_id[ENV_CKA_ID_MAX];
    size_t label_len;
    char label[ENV_LABEL_MAX + 1]; /* empty if it does not fit */
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
    struct env_dates dates;   /* when it may seal */
    bool local;               /* the token generated it */
    bool always_authenticate; /* it requires a login for every use */
    bool rsa;                 /* for a private RSA key, its public half: */
    size_t modulus_len;
    uint8_t modulus[ENV_RSA_MAX];
    size_t exponent_len;
    uint8_t exponent[8];
};

struct env_found {
    size_t count; /* at most ENV_FOUND_MAX */
    struct env_key_attributes keys[ENV_FOUND_MAX];
};

/* Fails with TOKEN_FAILED. Finding nothing is success. */
ENV_RESULT env_find_keys(const struct env_token *token, const struct env_session *session,
                         const struct env_query *query, struct env_found *found,
                         struct env_error_detail *detail);

/*
 * The same for any number of keys. Passes each to `take`, which ends the search by failing. The key
 * is valid only during that call.
 */
typedef ENV_RESULT env_take_key_fn(void *arg, const struct env_key_attributes *key);

ENV_RESULT env_find_all_keys(const struct env_token *token, const struct env_session *session,
                             const struct env_query *query, env_take_key_fn *take, void *arg,
                             struct env_error_detail *detail);

/* Reads the attributes of the key with this handle. Returns CKR_OK or the code of what failed. */
CK_RV env_read_key(const struct env_token *token, const struct env_session *session,
                   CK_OBJECT_HANDLE handle, struct env_key_attributes *key);

/*
 * key must have its CKA_ID and public half. If the CKA_ID cannot be a reference, key->id is set to
 * one that can (key_reference.h), if there is one, and key->cka_id to the CKA_ID.
 */
CK_RV env_key_settle_id(const struct env_token *token, const struct env_session *session,
                        struct env_key_attributes *key);

/* Whether a message's header could not tell the two keys apart. */
bool env_key_same_reference(const struct env_key_attributes *a, const struct env_key_attributes *b);

/* Whether two RSA keys have the same public half. */
bool env_key_same_public(const struct env_key_attributes *a, const struct env_key_attributes *b);

/* The key's name, for the log. */
void env_key_refused(struct env_refused_kek *out, const struct env_key_attributes *key,
                     const struct env_token_name *token);

/* "key 'orders' (id 01ab) of token 'kek'" */
void env_key_described(char *out, size_t size, const struct env_key_attributes *key,
                       const struct env_token *token);

#endif
