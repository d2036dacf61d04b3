/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK on one token: all that is known of it, and where its key is. */
#ifndef ENVELOPE_TOKEN_KEK_H
#define ENVELOPE_TOKEN_KEK_H

#include <pthread.h>

#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/aes_mechanisms.h"
#include "keymgmt/wrap/gcm_iv.h"

/* Where the key is: good for as long as the token's epoch is the same. */
struct env_place {
    uint64_t epoch;
    CK_OBJECT_HANDLE handle;
    unsigned uses;
    bool always; /* the key wants a login for every use */
};

/* A random value and what the KEK made of it: another key that opens it is the same key. */
struct env_sample {
    uint8_t secret[ENV_DEK_LEN]; /* protects nothing */
    struct env_wrapped wrapped;
    unsigned found; /* the KEK's, when the sample was begun */
};

struct env_token_kek {
    struct env_kek_head head;
    struct env_token_name token;
    size_t module; /* the token's place in the list of modules */
    struct env_kek_id id;
    struct env_key_attributes attributes; /* as they were when it was found first */
    unsigned first_uses; /* what could be done with it then; see aes_mechanisms.h, wrap_rsa.h */
    /* What may_open.h found out. */
    _Atomic int refusal;     /* an enum env_reason: why it may not open, or NONE */
    _Atomic bool unless_aes; /* only by a name that an AES KEK may have; see env_may_open_settle */
    bool file_unread;        /* a file that may name it */
    bool opens_only;
    struct env_dates dates;    /* with place_lock: its own, and those of its copies */
    _Atomic uint64_t taken_in; /* the state that taken_away.h judged it by, 0: none yet */
    _Atomic int taken;         /* and what it found */
    char where[ENV_ERROR_DETAIL_TEXT / 2]; /* the key and its token, for messages */
    pthread_mutex_t place_lock;
    struct env_place place;
    _Atomic unsigned found; /* how often the key was looked for and found */
    pthread_mutex_t prepare_lock;
    _Atomic bool has_sample;
    struct env_sample sample; /* once it has */
    struct env_token_ivs ivs; /* that the token made for AES-GCM itself */
    _Atomic bool prepared;
    struct env_aes_method sealing; /* once prepared */
    enum env_iv_place iv_place;    /* the same */
    char chosen[ENV_KEK_CHOSEN];   /* the same in words, with what did not work before it */
    /* Of an RSA KEK, once prepared; see rsa_kek.h. */
    struct env_rsa_public *public_half;
    enum env_wrap_alg rsa_alg;
    /* By enum env_key_wrap_kind: up to this length it was shown to unwrap what it wrapped. */
    _Atomic size_t key_wrap_shown[2];
};

static inline struct env_kek *env_token_kek_base(struct env_token_kek *kek)
{
    return &kek->head.base;
}

/* What token and key can do together: the bits of aes_mechanisms.h, or of wrap_rsa.h. TOKEN_FAILED.
 */
ENV_RESULT env_kek_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail);

struct env_place env_kek_place(struct env_token_kek *kek);

/* The key was found there. */
void env_kek_set_place(struct env_token_kek *kek, const struct env_place *place);

/* The days on which it may seal, and that a copy of it may on these alone. */
struct env_dates env_kek_dates(struct env_token_kek *kek);
void env_kek_narrow_dates(struct env_token_kek *kek, const struct env_dates *dates);

/* The next operation finds it anew. */
void env_kek_forget_place(struct env_token_kek *kek);

#endif
