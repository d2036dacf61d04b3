/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key bytes that are not a key. Bytes in the form of a named key's stand-in, or of a KEK's
 * selector, never reach a cipher of stock OpenSSL. A random key of 16 bytes has that form once in
 * 2^49.
 */
#ifndef ENVELOPE_STOCK_STAND_IN_H
#define ENVELOPE_STOCK_STAND_IN_H

#include "provider/common/provctx.h"

enum env_mark {
    ENV_MARK_NONE,     /* a key */
    ENV_MARK_STAND_IN, /* "key:", 12 or more characters of base64url, NULs */
    ENV_MARK_SELECTOR, /* "kek:", a label in well-formed UTF-8 without control characters, NULs */
    ENV_MARK_BLANKS,   /* a stand-in followed by line ends or blanks */
};

/* Whether a closer look is needed. Runs in every init, so it takes only a few instructions. */
static inline bool env_mark_is_likely(const unsigned char *bytes, size_t len)
{
    return len >= 16 && bytes[0] == 'k' && bytes[1] == 'e' && bytes[3] == ':';
}

/* What key bytes of this length are. */
enum env_mark env_mark_of(const unsigned char *bytes, size_t len);

/* A password is a stand-in only if it has 32 bytes, all of which belong to the stand-in. */
enum env_mark env_mark_of_password(const unsigned char *bytes, size_t len);

/* What the key is for. */
struct env_real_use {
    const char *algorithm;
    bool seals;
    size_t padded; /* to this many bytes; 0: not padded */
};

/*
 * The key in place of a stand-in: exactly `padded` bytes, with NULs after a shorter key, as the
 * program padded its stand-in; or its own length if padded is 0. In secret memory, freed with
 * env_real_key_clear. Fails with NAMED_KEY_LENGTH, or as env_provctx_named_keys and the named keys
 * do.
 */
struct env_real_key {
    unsigned char *bytes;
    size_t len;
};

ENV_RESULT env_real_key_find(struct env_provctx *provctx, struct env_span stand_in,
                             const struct env_real_use *use, struct env_real_key *key);
void env_real_key_clear(struct env_real_key *key);

#endif
