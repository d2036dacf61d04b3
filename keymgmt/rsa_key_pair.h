/* SPDX-License-Identifier: Apache-2.0 */
/* Names a key pair that was just made on a token. */
#ifndef ENVELOPE_RSA_KEY_PAIR_H
#define ENVELOPE_RSA_KEY_PAIR_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/rsa_public.h"

struct env_rsa_key_pair {
    CK_OBJECT_HANDLE private_key;
    CK_OBJECT_HANDLE public_key;
};

/*
 * Sets the CKA_ID of both keys to the reference that anyone can derive from the public half
 * (rsa_public.h). It is in *given before either key may have it. If the token does not allow an id
 * to be changed, both keep theirs. session must be read-write.
 */
void env_rsa_pair_name(const struct env_rsa_source *source, const struct env_token *token,
                       CK_SESSION_HANDLE session, const struct env_rsa_key_pair *pair,
                       const struct env_kek_id *id, struct env_kek_id *given);

#endif
