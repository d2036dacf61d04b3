/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known-answer tests of a token's padded key wrap. CKM_AES_KEY_WRAP_PAD is RFC 5649 in some tokens
 * and PKCS#7 padding in others; some do it right for whole blocks and pad everything else with
 * zeros, without an error. So each mechanism has to give known answers with a session key of known
 * value, once for each kind of length.
 */
#ifndef ENVELOPE_KEY_WRAP_KNOWN_ANSWERS_H
#define ENVELOPE_KEY_WRAP_KNOWN_ANSWERS_H

#include "keymgmt/wrap/aes_mechanisms.h"

/*
 * The kinds of lengths (key_wrap_lengths.h) that the token was shown to do right by this mechanism
 * in this way. A token that lets no key of known value in can show nothing: then
 * CKM_AES_KEY_WRAP_KWP, which no standard describes otherwise, is taken at its word, and
 * CKM_AES_KEY_WRAP_PAD is not. Fails only when something is lost, to be tried again.
 */
ENV_RESULT env_key_wrap_known_answers(struct env_key_use *use, struct env_aes_method method,
                                      unsigned *kinds);

#endif
