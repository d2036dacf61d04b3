/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrapping with an AES KEK: AES-KW, AES-KWP and AES-GCM, each either by C_Encrypt and C_Decrypt, or
 * by C_WrapKey and C_UnwrapKey on a session object.
 */
#ifndef ENVELOPE_WRAP_AES_H
#define ENVELOPE_WRAP_AES_H

#include "envelope/base/config.h"
#include "envelope/message/kek.h"
#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/unwrap_dek.h"

/* The last is for raw key wrap alone (wrap_raw.h): what it is differs from token to token. */
enum env_aes_family { ENV_AES_KW, ENV_AES_KWP, ENV_AES_GCM, ENV_AES_PAD };

enum env_aes_way {
    ENV_AES_ENCRYPT,    /* seals */
    ENV_AES_WRAP_KEY,   /* seals */
    ENV_AES_DECRYPT,    /* opens */
    ENV_AES_UNWRAP_KEY, /* opens */
};

struct env_aes_method {
    enum env_aes_family family;
    enum env_aes_way way;
};

/* The most ways to seal that a key can have. */
#define ENV_AES_METHODS_MAX 6u

/*
 * What token and key together can do, as a set of bits; KEK_USAGE is for the caller to say. Asks
 * the token for its mechanisms once.
 */
ENV_RESULT env_aes_uses(struct env_token *token, const struct env_key_facts *key, unsigned *uses,
                        struct env_fault *fault);

/* The ways to seal, best first: those that the key can also open come before the others. */
size_t env_aes_sealing_methods(unsigned uses, enum env_wrap_choice choice,
                               struct env_aes_method out[ENV_AES_METHODS_MAX]);

/* True when the key can also open what it seals so. */
bool env_aes_can_open(unsigned uses, enum env_aes_family family);

/* The length of the AES key that alg speaks of, or 0 when alg is none of AES. */
size_t env_aes_alg_bits(enum env_wrap_alg alg);

/* The choice that demands what alg, one of AES, was wrapped by. */
enum env_wrap_choice env_aes_choice_of(enum env_wrap_alg alg);

/* The mechanisms that `choice` can do with, in words. */
const char *env_aes_mechanism_wanted(enum env_wrap_choice choice);

/* Says what is missing for `choice`. KEK_USAGE. */
ENV_RESULT env_aes_usage_fault(enum env_wrap_choice choice, const struct env_key_facts *key,
                               const char *where, struct env_fault *fault);

/* WRAP_FAILED. */
ENV_RESULT env_aes_wrap(struct env_key_use *use, struct env_aes_method method,
                        const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out);

/* An operation; arg is an env_unwrapping. KEK_USAGE, and what env_unwrap_dek gives. */
ENV_RESULT env_aes_unwrap(struct env_key_use *use, void *arg);

#endif
