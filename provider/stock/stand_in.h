/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key bytes that are not a key. Bytes that begin with a named key's stand-in, as it is or as text,
 * and those of a KEK's selector, never reach a cipher of stock OpenSSL; a random key does so once
 * in 2^56.
 */
#ifndef ENVELOPE_STOCK_STAND_IN_H
#define ENVELOPE_STOCK_STAND_IN_H

#include "provider/common/provctx.h"

enum env_mark {
    ENV_MARK_NONE,     /* a key */
    ENV_MARK_STAND_IN, /* "key:", 12 or more characters of base64url, NULs */
    ENV_MARK_SELECTOR, /* "kek:", a label in well-formed UTF-8 without controls, NULs */
    ENV_MARK_BLANKS,   /* a stand-in from a file whose line end, or a blank, was left behind it */
    ENV_MARK_LONGER,   /* a stand-in with something else behind it: another one, a filling */
    ENV_MARK_ENCODED,  /* the text of one, or the first bytes of it, in hexadecimal or base64 */
};

/* Whether it is worth a closer look: in every init, so in a few instructions. */
static inline bool env_mark_is_likely(const unsigned char *bytes, size_t len)
{
    if (len < 16)
        return false;
    switch (bytes[0]) {
    case 'k':
        return bytes[1] == 'e' && bytes[3] == ':';
    case '6': /* "key:" in hexadecimal */
        return (bytes[1] | 0x20) == 'b' && bytes[2] == '6' && bytes[3] == '5';
    case 'a': /* and in base64 */
        return bytes[1] == '2' && bytes[2] == 'V' && bytes[3] == '5';
    default:
        return false;
    }
}

/* What key bytes of this length are. */
enum env_mark env_mark_of(const unsigned char *bytes, size_t len);

/*
 * A password is a stand-in only with 32 bytes, all of them the stand-in's, and is one's text only
 * when that is whole. Others that begin so are passwords.
 */
enum env_mark env_mark_of_password(const unsigned char *bytes, size_t len);

/* What is wrong with key bytes that are marked, and stand for no key; NONE: nothing. */
enum env_reason env_mark_reason(enum env_mark mark);

/* What the key is for. */
struct env_real_use {
    const char *algorithm;
    bool seals;
    size_t padded; /* to so many bytes; 0: as it is */
};

/*
 * The key in place of a stand-in: of exactly `padded` bytes, with NULs behind a shorter one, as the
 * program padded its stand-in; of its own length where padded is 0. In secret memory, freed with
 * env_real_key_clear. NAMED_KEY_LENGTH, and what env_provctx_named_keys and the named keys say.
 */
struct env_real_key {
    unsigned char *bytes;
    size_t len;
};

ENV_RESULT env_real_key_find(struct env_provctx *provctx, struct env_span stand_in,
                             const struct env_real_use *use, struct env_real_key *key);
void env_real_key_clear(struct env_real_key *key);

#endif
