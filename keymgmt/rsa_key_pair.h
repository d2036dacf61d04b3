/* SPDX-License-Identifier: Apache-2.0 */
/* A key pair that was just made in a token: its name. */
#ifndef ENVELOPE_RSA_KEY_PAIR_H
#define ENVELOPE_RSA_KEY_PAIR_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/rsa_public.h"

struct env_rsa_key_pair {
    CK_OBJECT_HANDLE private_key;
    CK_OBJECT_HANDLE public_key;
};

/*
 * Gives both the reference as CKA_ID that whoever has only the public half works out
 * (rsa_public.h), which is in *given before either may have it. Where the token does not let an id
 * be changed, both keep the one they have. session is a read-write one.
 */
void env_rsa_pair_name(const struct env_rsa_source *source, const struct env_token *token,
                       CK_SESSION_HANDLE session, const struct env_rsa_key_pair *pair,
                       const struct env_kek_id *id, struct env_kek_id *given);

#endif
