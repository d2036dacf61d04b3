/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of their own that vendors gave to mechanisms of AES: what they do is what the standard's
 * do. One is used with the module of its vendor alone (to another one it would mean something
 * else), and only where that does not have the standard's.
 */
#ifndef ENVELOPE_VENDOR_MECHANISMS_H
#define ENVELOPE_VENDOR_MECHANISMS_H

#include "keymgmt/token/tokens.h"
#include "keymgmt/wrap/aes_family.h"

enum env_vendor {
    ENV_VENDOR_UNKNOWN, /* it was not asked */
    ENV_VENDOR_OTHER,
    ENV_VENDOR_AWS, /* and others whose devices are made by Cavium, later Marvell */
    ENV_VENDOR_LUNA,
    ENV_VENDOR_GOOGLE,
};

/* By what a module says of itself. */
enum env_vendor env_vendor_of(const CK_INFO *module);

/* Whose module the token's is: it is asked once, and again when what it said is to be forgotten. */
CK_RV env_token_vendor(struct env_token *token, enum env_vendor *out);

/* The vendor's number for the family; 0: there is none. */
CK_MECHANISM_TYPE env_vendor_mechanism(enum env_vendor vendor, enum env_aes_family family);

/*
 * The vendor's number of an AES-GCM that puts the IV that it makes in front of the ciphertext, and
 * wants it there; 0: there is none, or it is not known.
 */
CK_MECHANISM_TYPE env_vendor_gcm_in_front(struct env_token *token);

#endif
