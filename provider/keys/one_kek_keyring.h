/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring with a single KEK, for operations with one EVP_PKEY. Messages are sealed for that KEK,
 * and only messages for it can be opened. Each use is checked against the policy, because a key may
 * have been loaded only to be inspected.
 */
#ifndef ENVELOPE_ONE_KEK_KEYRING_H
#define ENVELOPE_ONE_KEK_KEYRING_H

#include "envelope/message/stream.h"
#include "provider/keys/kek_key.h"

struct env_one_kek {
    struct env_keyring base;
    const struct env_key *key;
    struct env_dek_context dek; /* the provider's, but with this keyring */
    char wanted[256];           /* which KEKs the input is for, if not for this one */
};

/*
 * For one operation with the key, which must outlive it. Nothing has to be freed, but the
 * operation's result must go through env_one_kek_end.
 */
void env_one_kek_begin(struct env_one_kek *one, const struct env_key *key);

/* Turns "not on the configured tokens" into OTHER_KEK, raised: only one key was tried. */
ENV_RESULT env_one_kek_end(const struct env_one_kek *one, ENV_RESULT r);

#endif
