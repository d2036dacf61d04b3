/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK on one token: everything known about it, and where its key is. */
#ifndef ENVELOPE_TOKEN_KEK_H
#define ENVELOPE_TOKEN_KEK_H

#include <pthread.h>

#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/aes_mechanisms.h"
#include "keymgmt/wrap/gcm_iv.h"

/* Where the key is. Valid while the token's epoch stays the same. */
struct env_place {
    uint64_t epoch;
    CK_OBJECT_HANDLE handle;
    unsigned uses;
    bool always; /* the key requires a login for every use */
};

/* A random value and its wrapped form. Another key that opens it is the same key. */
struct env_sample {
    uint8_t secret[ENV_DEK_LEN]; /* protects nothing */
    struct env_wrapped wrapped;
    unsigned found; /* the KEK's `found` when the sample was made */
};

struct env_token_kek {
    struct env_kek_head head;
    struct env_token_name token;
    size_t module; /* the module's index in the list of modules */
    struct env_kek_id id;
    struct env_key_attributes attributes; /* as they were when the key was first found */
    unsigned first_uses; /* what it could be used for then; see aes_mechanisms.h, wrap_rsa.h */
    /* The findings of may_open.h. */
    _Atomic int refusal;     /* an enum env_reason: why it may not open, or NONE */
    _Atomic bool unless_aes; /* an AES KEK may have the same name: env_may_open_settle */
    bool file_unread;        /* a file that may name it could not be read */
    bool opens_only;
    struct env_dates dates;    /* with place_lock: its own dates, and those of its copies */
    _Atomic uint64_t taken_in; /* the state by which taken_away.h judged it; 0: none yet */
    _Atomic int taken;         /* and the result */
    char where[ENV_ERROR_DETAIL_TEXT / 2]; /* the key and its token, for messages */
    pthread_mutex_t place_lock;
    struct env_place place;
    _Atomic unsigned found; /* how often the key was looked up and found */
    pthread_mutex_t prepare_lock;
    _Atomic bool has_sample;
    struct env_sample sample; /* valid once has_sample is set */
    struct env_token_ivs ivs; /* that the token generated for AES-GCM */
    _Atomic bool prepared;
    struct env_aes_method sealing; /* once prepared */
    enum env_iv_place iv_place;    /* the same */
    char chosen[ENV_KEK_CHOSEN];   /* the same as text, with the methods that failed before it */
    /* Of an RSA KEK, once prepared; see rsa_kek.h. */
    struct env_rsa_public *public_half;
    enum env_wrap_alg rsa_alg;
    /* By enum env_key_wrap_kind: the greatest length that it was shown to unwrap again. */
    _Atomic size_t key_wrap_shown[2];
};

static inline struct env_kek *env_token_kek_base(struct env_token_kek *kek)
{
    return &kek->head.base;
}

/*
 * What the token and the key can do together: the bits of aes_mechanisms.h or wrap_rsa.h. Fails
 * with TOKEN_FAILED.
 */
ENV_RESULT env_kek_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail);

struct env_place env_kek_place(struct env_token_kek *kek);

/* Records where the key was found. */
void env_kek_set_place(struct env_token_kek *kek, const struct env_place *place);

/* The dates between which it may seal. They may be those of a copy. */
struct env_dates env_kek_dates(struct env_token_kek *kek);
void env_kek_narrow_dates(struct env_token_kek *kek, const struct env_dates *dates);

/* Makes the next operation look the key up again. */
void env_kek_forget_place(struct env_token_kek *kek);

#endif
