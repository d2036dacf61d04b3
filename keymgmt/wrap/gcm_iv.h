/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the IV comes from when AES-GCM wraps a DEK: from us, or from a token that accepts none of
 * ours. Two wraps under one IV would reveal the key's hash key, so a token's IVs are checked every
 * time.
 */
#ifndef ENVELOPE_GCM_IV_H
#define ENVELOPE_GCM_IV_H

#include <pthread.h>

#include "envelope/format/wrapped.h"
#include "keymgmt/wrap/key_use.h"

/* What is remembered for a token, in env_token.gcm_iv. In the order in which they are tried. */
enum env_gcm_iv_way {
    ENV_IV_UNKNOWN,
    ENV_IV_OURS,
    ENV_IV_ZEROED,   /* a buffer of zeros, which the token fills in */
    ENV_IV_ABSENT,   /* length 0: the token appends its IV to the ciphertext */
    ENV_IV_IN_FRONT, /* the same, but the IV comes first, by a mechanism of the vendor's */
};

/*
 * Where the IV was after a wrap. It must stay there for as long as the key is used: a token that
 * changes its way may use an IV that it does not return, and nobody could open what it wrapped.
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

/* The IVs that the token made for one key. */
struct env_token_ivs {
    pthread_mutex_t lock;
    _Atomic bool made; /* there is at least one */
    size_t len;
    uint8_t last[ENV_GCM_NONCE_MAX];
};

void env_token_ivs_init(struct env_token_ivs *ivs);
void env_token_ivs_clear(struct env_token_ivs *ivs);

/* AES-GCM with its parameters, which point into this struct. */
struct env_gcm {
    CK_MECHANISM m;
    CK_GCM_PARAMS params;
    uint8_t iv[ENV_GCM_NONCE_MAX]; /* as we set it, until the token changes it */
};

/*
 * For wrapping, with a new IV of ours or with what asks the token for one. Fails with
 * RANDOM_FAILED.
 */
ENV_RESULT env_gcm_to_wrap(const struct env_key_use *use, enum env_gcm_iv_way way,
                           struct env_gcm *gcm, struct env_wrapped *out);

/*
 * To be called after the wrap. Takes the IV from where the token put it, so that out has the IV,
 * and the ciphertext with its tag, `expected` bytes long. The first call sets *place; if a later
 * one finds the IV elsewhere, it fails with TOKEN_IV_MOVED. Fails with TOKEN_IV if a second wrap
 * could have the same IV, and with WRAP_FAILED for another length.
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

/*
 * Whether the code means that the token does not accept such an IV, so that another way is tried.
 */
bool env_gcm_iv_refused(CK_RV rv);

#endif
