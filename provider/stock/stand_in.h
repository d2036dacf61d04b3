/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key bytes that are not a key. Bytes that begin with a named key's stand-in and those of a KEK's
 * selector never reach a cipher of stock OpenSSL. This includes what programs make of them: text in
 * hexadecimal, base64 or UTF-16, and a blank, a quotation mark or a byte order mark before them. A
 * random key has such a form once in 2^50.
 */
#ifndef ENVELOPE_STOCK_STAND_IN_H
#define ENVELOPE_STOCK_STAND_IN_H

#include "provider/common/provctx.h"

enum env_mark {
    ENV_MARK_NONE,     /* a key */
    ENV_MARK_STAND_IN, /* "key:", 12 or more characters of base64url, NULs */
    ENV_MARK_SELECTOR, /* "kek:", a label in well-formed UTF-8 without control characters, NULs */
    ENV_MARK_BLANKS,   /* a stand-in followed by line ends or blanks */
    ENV_MARK_LONGER,   /* a stand-in followed by anything else: another one, a filling */
    ENV_MARK_ENCODED,  /* the text of a stand-in, or its start, in hexadecimal or base64 */
    ENV_MARK_PRECEDED, /* a stand-in, or its start, behind something, or in UTF-16 */
    ENV_MARK_CHANGED,  /* a selector that was changed in one of these ways */
};

/* Whether a closer look is needed. Runs in every init, so it takes only a few instructions. */
static inline bool env_mark_is_likely(const unsigned char *bytes, size_t len)
{
    /* the first bytes that looks_marked (stand_in.c) knows */
    static const uint64_t first[4] = {
        UINT64_C(1) << 0 | UINT64_C(1) << '\t' | UINT64_C(1) << '\n' | UINT64_C(1) << '\r' |
            UINT64_C(1) << ' ' | UINT64_C(1) << '"' | UINT64_C(1) << '\'' | UINT64_C(1) << '0' |
            UINT64_C(1) << '6',
        UINT64_C(1) << ('X' - 64) | UINT64_C(1) << ('\\' - 64) | UINT64_C(1) << ('a' - 64) |
            UINT64_C(1) << ('b' - 64) | UINT64_C(1) << ('k' - 64) | UINT64_C(1) << ('x' - 64),
        0,
        UINT64_C(1) << (0xEF - 192) | UINT64_C(1) << (0xFE - 192) | UINT64_C(1) << (0xFF - 192),
    };

    if (len < 16)
        return false;
    return (first[bytes[0] >> 6] >> (bytes[0] & 63) & 1) != 0;
}

/* What key bytes of this length are. */
enum env_mark env_mark_of(const unsigned char *bytes, size_t len);

/*
 * A password is a stand-in only if it has 32 bytes, all of which belong to the stand-in. It is the
 * text of one only if the text is complete. Others that begin like one are passwords.
 */
enum env_mark env_mark_of_password(const unsigned char *bytes, size_t len);

/* What is wrong with key bytes that are marked, and stand for no key; NONE: nothing. */
enum env_reason env_mark_reason(enum env_mark mark);

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
