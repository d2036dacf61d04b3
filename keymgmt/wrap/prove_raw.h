/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token's padded key wrap really is. CKM_AES_KEY_WRAP_PAD is RFC 5649 in some tokens, PKCS#7
 * padding in others, and some that have it right for whole blocks pad everything else with zeros in
 * silence. So each mechanism has to give known answers, with a session key of known value, once for
 * each kind of length.
 */
#ifndef ENVELOPE_PROVE_RAW_H
#define ENVELOPE_PROVE_RAW_H

#include "keymgmt/wrap/wrap_aes.h"

/* Kinds of lengths that a token may do differently, as bits. */
#define ENV_RAW_BLOCKS 1u    /* a multiple of 8 above 8 */
#define ENV_RAW_ONE_BLOCK 2u /* 8: wrapped otherwise than longer ones */
#define ENV_RAW_RAGGED 4u    /* above 8 and no multiple of it */
#define ENV_RAW_SHORT 8u     /* below 8 */
#define ENV_RAW_ALL_KINDS 15u

unsigned env_raw_kind_of(size_t len);

/* The kinds that may come out of a wrapped key of that length. */
unsigned env_raw_kinds_within(size_t wrapped_len);

/*
 * The kinds that the token was shown to do right by this mechanism in this way. A token that lets
 * no key of known value in can show nothing: then CKM_AES_KEY_WRAP_KWP, which no standard describes
 * otherwise, is taken at its word, and CKM_AES_KEY_WRAP_PAD is not. Fails only when something is
 * lost, to be tried again.
 */
ENV_RESULT env_raw_proven(struct env_key_use *use, struct env_aes_method method, unsigned *kinds);

#endif
