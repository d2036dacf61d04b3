/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vendors' own numbers for AES mechanisms that work like the standard ones. A number is used only
 * with the vendor's module, because another module may give it another meaning, and only if the
 * module lacks the standard mechanism.
 */
#ifndef ENVELOPE_VENDOR_MECHANISMS_H
#define ENVELOPE_VENDOR_MECHANISMS_H

#include "keymgmt/token/tokens.h"
#include "keymgmt/wrap/aes_family.h"

enum env_vendor {
    ENV_VENDOR_UNKNOWN, /* not asked yet */
    ENV_VENDOR_OTHER,
    ENV_VENDOR_AWS, /* and others whose devices are made by Cavium, later Marvell */
    ENV_VENDOR_LUNA,
    ENV_VENDOR_GOOGLE,
};

/* The vendor, from the module's description of itself. */
enum env_vendor env_vendor_of(const CK_INFO *module);

/* The vendor of the token's module. Cached until the token's mechanisms are forgotten. */
CK_RV env_token_vendor(struct env_token *token, enum env_vendor *out);

/* The vendor's number for the family; 0: there is none. */
CK_MECHANISM_TYPE env_vendor_mechanism(enum env_vendor vendor, enum env_aes_family family);

/*
 * The vendor's number of an AES-GCM that generates the IV, and expects it in front of the
 * ciphertext; 0: there is none, or it is not known.
 */
CK_MECHANISM_TYPE env_vendor_gcm_in_front(struct env_token *token);

#endif
