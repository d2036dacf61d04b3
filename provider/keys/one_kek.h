/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring of a single KEK, for operations with one EVP_PKEY: what is sealed is for that KEK, and
 * what is opened has to be for it. The policy is asked at each use, since a key may have been
 * loaded to be looked at.
 */
#ifndef ENVELOPE_ONE_KEK_H
#define ENVELOPE_ONE_KEK_H

#include "envelope/message/stream.h"
#include "provider/keys/kek_key.h"

struct env_one_kek {
    struct env_keyring base;
    const struct env_key *key;
    struct env_dek_context dek; /* of the provider, but for the keyring */
};

/* Refers to key, which has to stay; nothing is to be freed. */
void env_one_kek_init(struct env_one_kek *one, const struct env_key *key);

/*
 * After a failure to open: "not on the configured tokens" becomes OTHER_KEK, raised. It has to
 * stand between env_errors_mark and this call, which forgets the mark.
 */
ENV_RESULT env_one_kek_result(const struct env_one_kek *one, ENV_RESULT r);

#endif
