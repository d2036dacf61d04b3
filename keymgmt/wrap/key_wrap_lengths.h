/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of lengths that a token may treat differently in key wrap (RFC 5649), as bits. */
#ifndef ENVELOPE_KEY_WRAP_LENGTHS_H
#define ENVELOPE_KEY_WRAP_LENGTHS_H

#include <stddef.h>

#define ENV_KEY_WRAP_BLOCKS 1u    /* a multiple of 8, above 8 */
#define ENV_KEY_WRAP_ONE_BLOCK 2u /* 8: wrapped differently from longer ones */
#define ENV_KEY_WRAP_RAGGED 4u    /* above 8 and not a multiple of 8 */
#define ENV_KEY_WRAP_SHORT 8u     /* below 8 */
#define ENV_KEY_WRAP_ALL_LENGTHS 15u

unsigned env_key_wrap_kind_of(size_t len);

/* The kinds of lengths that a wrapped key of this length can contain. */
unsigned env_key_wrap_kinds_within(size_t wrapped_len);

#endif
