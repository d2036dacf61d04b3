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
    unsigned index; /* in env_token.mechanisms */
    enum env_wrap_choice choice;
};

const struct env_aes_family_info *env_aes_family_info(enum env_aes_family family);

/* The choice in the configuration that demands what alg, one of AES, was wrapped by. */
enum env_wrap_choice env_aes_choice_of(enum env_wrap_alg alg);

/* What the token calls the family's mechanism: as env_aes_uses found out. */
CK_MECHANISM_TYPE env_aes_type(const struct env_token *token, enum env_aes_family family);

/*
 * What token and key can do together, as a set of bits (with what the token would do with a key
 * that has all uses); KEK_USAGE is for the caller to say. Asks the token for its mechanisms once.
 * TOKEN_FAILED.
 */
ENV_RESULT env_aes_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail);

bool env_aes_can(unsigned uses, enum env_aes_family family, enum env_wrap_way way);

/* "C_Encrypt" */
const char *env_way_name(enum env_wrap_way way);

/* "AES-GCM"; NULL for ENV_AES_PAD. */
const char *env_aes_family_name(enum env_aes_family family);

/* True when the key can also open what it seals so. */
bool env_aes_can_open(unsigned uses, enum env_aes_family family);

/* The most ways to seal that a key can have. */
#define ENV_AES_METHODS_MAX 6u

/* The ways to seal, best first: those that the key can also open come before the others. */
size_t env_aes_sealing_methods(unsigned uses, enum env_wrap_choice choice,
                               struct env_aes_method out[ENV_AES_METHODS_MAX]);

/* The mechanisms that `choice` can do with, in words. */
const char *env_aes_mechanism_wanted(enum env_wrap_choice choice);

/*
 * Says what is missing for `choice`, and what the token would do with a key that has other uses.
 * KEK_USAGE.
 */
ENV_RESULT env_aes_usage_refused(unsigned uses, enum env_wrap_choice choice,
                                 const struct env_key_attributes *key, const char *where,
                                 struct env_error_detail *detail);

/* The same of opening what was wrapped by the family. KEK_USAGE. */
ENV_RESULT env_aes_opening_refused(unsigned uses, enum env_aes_family family, const char *where,
                                   struct env_error_detail *detail);

#endif
