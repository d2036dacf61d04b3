/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a named key may be used for: algorithms, each with its number, and sets of them, named after
 * the programs that need them. All uses of a key have one mode; a mode that reveals the hash key of
 * GCM is combined with GCM only on request (mixed).
 */
#ifndef ENVELOPE_USES_H
#define ENVELOPE_USES_H

#include "envelope/base/error.h"
#include "envelope/format/named_key.h"

enum env_use_kind {
    ENV_USE_CIPHER,        /* ECB, CBC, CTR and the like */
    ENV_USE_AUTHENTICATED, /* GCM, CCM, OCB, ChaCha20-Poly1305 */
    ENV_USE_KDF,
    ENV_USE_FIELD, /* fields and tenant keys */
};

struct env_use {
    const char *name; /* OpenSSL's name, or ours */
    enum env_use_kind kind;
    size_t key_len; /* for a KDF: the longest */
};

/* A set: one bit for each algorithm's number. */
typedef uint64_t env_uses;

#define ENV_USE_BIT(number) ((env_uses)1 << (number))
#define ENV_USE_UNKNOWN UINT_MAX

/* The number of an algorithm, in upper or lower case; or ENV_USE_UNKNOWN. */
unsigned env_use_number(const char *name);
/* NULL after the last. */
const struct env_use *env_use(unsigned number);

/* The i-th of the named sets, "" after the last; for usage texts. */
const char *env_use_set_name(size_t i);

/*
 * Reads the argument of --for: an algorithm or a set; or, only if mixed, several, separated by
 * spaces or commas. key_len selects among the algorithms of a set that takes keys of several
 * lengths (pgcrypto); 0: the longest. Raises KEY_USES.
 */
ENV_RESULT env_uses_for(const struct env_errors *errors, const char *words, size_t key_len,
                        bool mixed, env_uses *out);

/* The length of a new key for these uses. */
size_t env_uses_key_len(env_uses uses);

/*
 * Whether a key of this length and origin may have these uses. A generated key has the length that
 * its algorithm requires. A key that a program already had may be shorter (PHP pads it with zeros,
 * and so do we). Keys for fields are always generated. Raises KEY_USES.
 */
ENV_RESULT env_uses_fit(const struct env_errors *errors, env_uses uses, size_t key_len,
                        enum env_named_origin origin, bool mixed);

/*
 * To and from the parameters of a key file. Uses that this version does not know are not granted.
 */
void env_uses_to_clear(env_uses uses, struct env_named_clear *clear);
env_uses env_uses_of(const struct env_named_clear *clear);

/*
 * Whether they are for fields or tenant keys: a stand-in then stands for all versions of the name.
 */
bool env_uses_are_fields(env_uses uses);

#endif
