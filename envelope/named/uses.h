/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a named key may be used for: algorithms, each with its number, and sets of them that are
 * named for the programs that need them. A key has one mode: one that reveals the hash key of GCM
 * is combined with GCM only on request (mixed).
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
    const char *name; /* OpenSSL's, or ours */
    enum env_use_kind kind;
    size_t key_len; /* of a KDF: the longest */
};

/* A set: the bit of each algorithm's number. */
typedef uint64_t env_uses;

#define ENV_USE_BIT(number) ((env_uses)1 << (number))
#define ENV_USE_UNKNOWN UINT_MAX

/* The number of an algorithm, in whatever case it is written; ENV_USE_UNKNOWN. */
unsigned env_use_number(const char *name);
/* NULL behind the last. */
const struct env_use *env_use(unsigned number);

/* The i-th of the named sets, "" behind the last; for usage texts. */
const char *env_use_set_name(size_t i);

/*
 * What stands behind --for: an algorithm or a set; several, with spaces or commas between, only if
 * mixed. key_len chooses between the algorithms of a set that takes keys of several lengths
 * (pgcrypto); 0: the longest. KEY_USES, raised.
 */
ENV_RESULT env_uses_for(const struct env_errors *errors, const char *words, size_t key_len,
                        bool mixed, env_uses *out);

/* The length of a key that is made for it. */
size_t env_uses_key_len(env_uses uses);

/*
 * Whether a key of that length and origin may have these uses: a generated one is as long as its
 * algorithm says, one that a program had may be shorter (PHP pads it with zeros, and so do we), and
 * keys for fields are always generated. KEY_USES, raised.
 */
ENV_RESULT env_uses_fit(const struct env_errors *errors, env_uses uses, size_t key_len,
                        enum env_named_origin origin, bool mixed);

/*
 * To and from the parameters of a key file. Uses that this version does not know are not granted.
 */
void env_uses_to_clear(env_uses uses, struct env_named_clear *clear);
env_uses env_uses_of(const struct env_named_clear *clear);

/* Whether it is for fields or tenant keys: a stand-in stands for all versions of the name then. */
bool env_uses_are_fields(env_uses uses);

#endif
