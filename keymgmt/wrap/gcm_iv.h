/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the IV of AES-GCM comes from when a DEK is wrapped: from us, or from a token that takes
 * none of ours. Two wraps under one IV would give the key's hash key away, so what a token makes is
 * looked at each time.
 */
#ifndef ENVELOPE_GCM_IV_H
#define ENVELOPE_GCM_IV_H

#include <pthread.h>

#include "envelope/format/wrapped.h"
#include "keymgmt/wrap/key_use.h"

/* What is remembered of a token, in env_token.gcm_iv. In the order in which they are tried. */
enum env_gcm_iv_way {
    ENV_IV_UNKNOWN,
    ENV_IV_OURS,
    ENV_IV_ZEROED,   /* a buffer of zeros, which the token fills */
    ENV_IV_ABSENT,   /* a length of 0: the token appends its own to the ciphertext */
    ENV_IV_IN_FRONT, /* the same in front of it, by a mechanism of the vendor's */
};

/*
 * Where the IV was when a wrap was done. It stays there for as long as a key is used: a token that
 * changes over may use an IV that it does not tell, and nobody could open what it wrapped.
 */
enum env_iv_place {
    ENV_IV_NOT_LEARNT,
    ENV_IV_AS_GIVEN,   /* ours, as it was given */
    ENV_IV_IN_BUFFER,  /* the token's, in the mechanism's parameter */
    ENV_IV_BEHIND,     /* the token's, of 12 bytes, behind the ciphertext */
    ENV_IV_BEHIND_16,  /* the same, of 16 */
    ENV_IV_BEFORE_ALL, /* the token's, in front of the ciphertext */
};

/* "IV made by the token, in the buffer" */
const char *env_gcm_iv_words(enum env_gcm_iv_way way);

/* The IVs that tokens made for one key. */
struct env_token_ivs {
    pthread_mutex_t lock;
    _Atomic bool made; /* at least one */
    size_t len;
    uint8_t last[ENV_GCM_NONCE_MAX];
};

void env_token_ivs_init(struct env_token_ivs *ivs);
void env_token_ivs_clear(struct env_token_ivs *ivs);

/* AES-GCM with its parameters, which point into it. */
struct env_gcm {
    CK_MECHANISM m;
    CK_GCM_PARAMS params;
    uint8_t iv[ENV_GCM_NONCE_MAX]; /* as it was given, until the token changes it */
};

/* For wrapping: with a new IV of ours, or with what asks the token for one. RANDOM_FAILED. */
ENV_RESULT env_gcm_to_wrap(const struct env_key_use *use, enum env_gcm_iv_way way,
                           struct env_gcm *gcm, struct env_wrapped *out);

/*
 * After the wrap: takes the IV out of where the token put it, so that out has it and the ciphertext
 * with its tag, `expected` bytes. *place is learnt, or says where it has to be: TOKEN_IV_MOVED.
 * TOKEN_IV: it is none that a second wrap would not have as well. WRAP_FAILED for another length.
 */
ENV_RESULT env_gcm_take_iv(const struct env_key_use *use, enum env_gcm_iv_way way,
                           const struct env_gcm *gcm, struct env_token_ivs *ivs,
                           enum env_iv_place *place, size_t expected, struct env_wrapped *out);

/* Whether a failure is about an IV that the token made. */
static inline bool env_gcm_iv_bad(enum env_reason reason)
{
    return reason == ENV_R_TOKEN_IV || reason == ENV_R_TOKEN_IV_MOVED;
}

/* For unwrapping what was wrapped under this IV. */
void env_gcm_to_unwrap(CK_MECHANISM_TYPE type, const struct env_wrapped *wrapped,
                       struct env_gcm *gcm);

/* Whether the code says that the token does not take such an IV: then it is asked in another way.
 */
bool env_gcm_iv_refused(CK_RV rv);

#endif
