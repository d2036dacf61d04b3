/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for AES keys on one token, and reading what it says of them. */
#ifndef ENVELOPE_FIND_KEY_H
#define ENVELOPE_FIND_KEY_H

#include "selector.h"
#include "tokens.h"

#define ENV_FOUND_MAX 16u /* more are found than can be used anyway */
#define ENV_ALLOWED_MECHANISMS_MAX 64u

/* An attribute that the token does not give counts as the less safe of the two. */
struct env_key_facts {
    CK_OBJECT_HANDLE handle;
    size_t id_len; /* may be 0, or more than fits */
    uint8_t id[ENV_KEK_ID_MAX];
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
};

struct env_found {
    size_t count; /* at most ENV_FOUND_MAX */
    struct env_key_facts keys[ENV_FOUND_MAX];
};

/* TOKEN_FAILED. Finding nothing is success. */
ENV_RESULT env_find_keys(const struct env_token *token, const struct env_session *session,
                         const struct env_query *query, struct env_found *found,
                         struct env_fault *fault);

/* "key 'orders' (id 01ab) of token 'kek'" */
void env_key_described(char *out, size_t size, const struct env_key_facts *key,
                       const struct env_token *token);

#endif
