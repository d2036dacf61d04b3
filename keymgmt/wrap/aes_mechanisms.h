/* SPDX-License-Identifier: Apache-2.0 */
/* The AES mechanisms that wrap, and which of them a token and a key can do together. */
#ifndef ENVELOPE_AES_MECHANISMS_H
#define ENVELOPE_AES_MECHANISMS_H

#include "envelope/base/config.h"
#include "envelope/format/wrap_algorithm.h"
#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/aes_family.h"
#include "keymgmt/wrap/wrap_ways.h"

struct env_aes_method {
    enum env_aes_family family;
    enum env_wrap_way way;
};

struct env_aes_family_info {
    CK_MECHANISM_TYPE type;
    const char *name;
    unsigned index; /* index in env_token.mechanisms */
    enum env_wrap_choice choice;
};

const struct env_aes_family_info *env_aes_family_info(enum env_aes_family family);

/* The configuration's choice that requires what alg, an AES algorithm, was wrapped by. */
enum env_wrap_choice env_aes_choice_of(enum env_wrap_alg alg);

/* The number of the family's mechanism on this token, as env_aes_uses found it. */
CK_MECHANISM_TYPE env_aes_type(const struct env_token *token, enum env_aes_family family);

/*
 * What the token and the key can do together, as a set of bits; it also has what the token supports
 * for a key with all uses. An unusable key is left to the caller, to report as KEK_USAGE. Asks the
 * token for its mechanisms once. Fails with TOKEN_FAILED.
 */
ENV_RESULT env_aes_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail);

bool env_aes_can(unsigned uses, enum env_aes_family family, enum env_wrap_way way);

/* "C_Encrypt" */
const char *env_way_name(enum env_wrap_way way);

/* "AES-GCM"; NULL for ENV_AES_PAD. */
const char *env_aes_family_name(enum env_aes_family family);

/* True if the key can also open what it seals in this way. */
bool env_aes_can_open(unsigned uses, enum env_aes_family family);

/* The greatest number of ways in which a key can seal. */
#define ENV_AES_METHODS_MAX 6u

/* The ways to seal, best first. Those that the key can also open come before the others. */
size_t env_aes_sealing_methods(unsigned uses, enum env_wrap_choice choice,
                               struct env_aes_method out[ENV_AES_METHODS_MAX]);

/* The mechanisms that satisfy `choice`, as text. */
const char *env_aes_mechanism_wanted(enum env_wrap_choice choice);

/*
 * Reports what is missing for `choice`, and what the token supports for a key with other uses.
 * Fails with KEK_USAGE.
 */
ENV_RESULT env_aes_usage_refused(unsigned uses, enum env_wrap_choice choice,
                                 const struct env_key_attributes *key, const char *where,
                                 struct env_error_detail *detail);

/* The same for opening what the family wrapped. Fails with KEK_USAGE. */
ENV_RESULT env_aes_opening_refused(unsigned uses, enum env_aes_family family, const char *where,
                                   struct env_error_detail *detail);

#endif
