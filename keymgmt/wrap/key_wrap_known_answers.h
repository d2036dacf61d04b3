/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known-answer tests of a token's padded key wrap. CKM_AES_KEY_WRAP_PAD is RFC 5649 in some tokens
 * and PKCS#7 padding in others. Some tokens are correct for whole blocks but silently pad
 * everything else with zeros. So each mechanism must give known answers with a session key of known
 * value, once for each kind of length.
 */
#ifndef ENVELOPE_KEY_WRAP_KNOWN_ANSWERS_H
#define ENVELOPE_KEY_WRAP_KNOWN_ANSWERS_H

#include "keymgmt/wrap/aes_mechanisms.h"

/*
 * The kinds of lengths (key_wrap_lengths.h) for which the token was proven correct, with this
 * mechanism in this way. A token that does not let us import a key cannot be tested. Its
 * CKM_AES_KEY_WRAP_KWP is then trusted, because no standard gives it another meaning; its
 * CKM_AES_KEY_WRAP_PAD is not. Fails only if something is lost, so that it can be tried again.
 */
ENV_RESULT env_key_wrap_known_answers(struct env_key_use *use, struct env_aes_method method,
                                      unsigned *kinds);

#endif
