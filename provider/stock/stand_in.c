/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/stand_in.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/named/stand_in.h"
#include "provider/common/named.h"
#include "provider/common/selector_key.h"

#define SELECTOR_PREFIX "kek:"
#define PREFIX_LEN (sizeof(SELECTOR_PREFIX) - 1)

/* A closer look at the first bytes, of which there are at least 16. */
static bool looks_marked(const unsigned char *bytes)
{
    switch (bytes[0]) {
    case 'k': /* "key:" and "kek:" themselves, and in UTF-16 */
        return (bytes[1] == 'e' && bytes[3] == ':') || (bytes[1] == 0 && bytes[2] == 'e');
    case 0:
        return bytes[1] == 'k' && bytes[2] == 0;
    case '6': /* in hexadecimal */
        return (bytes[1] | 0x20) == 'b';
    case 'a': /* in base64 */
        return bytes[1] == '2' && bytes[2] == 'V';
    case 0xEF: /* behind a byte order mark */
        return bytes[1] == 0xBB;
    case 0xFE:
    case 0xFF:
        return (bytes[0] ^ bytes[1]) == 1;
    case '0': /* and behind what introduces hexadecimal or base64 */
    case '\\':
        return (bytes[1] | 0x20) == 'x';
    case 'X':
    case 'x':
        return bytes[1] == '\'';
    case 'b':
        return bytes[1] == 'a' && bytes[2] == 's';
    case ' ': /* and behind blanks and quotation marks, or one and any of the above */
    case '\t':
    case '\r':
    case '\n':
    case '"':
    case '\'':
        return bytes[1] == 'k' || bytes[1] == '6' || bytes[1] == 'a' || bytes[1] == '0' ||
               bytes[1] == '\\' || bytes[1] == 'x' || bytes[1] == 'X' || bytes[1] == 'b' ||
               bytes[1] == ' ' || (bytes[1] >= '\t' && bytes[1] <= '\r') || bytes[1] == '"' ||
               bytes[1] == '\'';
    default:
        return false;
    }
}

static enum env_mark exact_mark(const unsigned char *bytes, size_t len)
{
    size_t without_nuls;

    if (env_stand_in_is((struct env_span){bytes, len}, &without_nuls))
        return ENV_MARK_STAND_IN;
    if (len >= PREFIX_LEN && memcmp(bytes, SELECTOR_PREFIX, PREFIX_LEN) == 0 &&
        env_selector_is_label(bytes + PREFIX_LEN, len - PREFIX_LEN, &without_nuls))
        return ENV_MARK_SELECTOR;
    return ENV_MARK_NONE;
}

/* The number of bytes without trailing line ends, blanks and NULs. */
static size_t without_blanks(const unsigned char *bytes, size_t len)
{
    while (len > 0 && memchr(" \t\r\n", bytes[len - 1], sizeof(" \t\r\n")) != NULL)
        len--;
    return len;
}

/* Whether they begin with the shortest stand-in, whatever is behind it. */
static bool begins_with_one(const unsigned char *bytes, size_t len)
{
    size_t length;

    return len >= ENV_STAND_IN_MIN &&
           env_stand_in_is((struct env_span){bytes, ENV_STAND_IN_MIN}, &length);
}

/* The value of a digit; -1: it is none. */
static int hex_digit(unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* The same of both alphabets, with and without URLs. */
static int base64_digit(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* What the digits of so many bits stand for (bytes in hexadecimal may be separated), up to the
   first that is none and as far as there is room; *read is how many there were. */
static size_t decode(struct env_span text, unsigned bits, unsigned char *out, size_t room,
                     size_t *read)
{
    uint32_t waiting = 0;
    unsigned count = 0;
    size_t n = 0;

    for (*read = 0; *read < text.len && n < room; (*read)++) {
        const unsigned char c = text.data[*read];
        const int digit = bits == 4 ? hex_digit(c) : base64_digit(c);

        if (bits == 4 && n > 0 && count == 0 && (c == ':' || c == ' ' || c == '-'))
            continue;
        if (digit < 0)
            break;
        waiting = waiting << bits | (uint32_t)digit;
        count += bits;
        if (count >= 8) {
            count -= 8;
            out[n++] = (unsigned char)(waiting >> count);
        }
    }
    return n;
}

static bool begins_as_one(const unsigned char *bytes, size_t len)
{
    static const unsigned char filling[] = "AAAAAAAAAAAA";
    unsigned char all[ENV_STAND_IN_MIN + sizeof(filling)];
    bool yes;

    /* a key of 16 bytes has room for the text of 8 */
    memcpy(all, bytes, len);
    memcpy(all + len, filling, sizeof(filling));
    yes = len > sizeof(ENV_STAND_IN_PREFIX) - 1 && begins_with_one(all, sizeof(all));
    OPENSSL_cleanse(all, sizeof(all));
    return yes;
}

/* ---- what a program made of a mark ---- */

/* What the bytes are, or the start of: a program cuts a long key off. */
static enum env_mark mark_of_start(const unsigned char *bytes, size_t len)
{
    size_t label;

    if (begins_as_one(bytes, len < ENV_STAND_IN_MIN ? len : ENV_STAND_IN_MIN))
        return ENV_MARK_STAND_IN;
    return len > PREFIX_LEN && memcmp(bytes, SELECTOR_PREFIX, PREFIX_LEN) == 0 &&
                   env_selector_is_label(bytes + PREFIX_LEN, len - PREFIX_LEN, &label)
               ? ENV_MARK_SELECTOR
               : ENV_MARK_NONE;
}

/* For a mark that was changed: what kind of change it is to a stand-in. */
static enum env_mark changed(enum env_mark start, enum env_mark stand_in)
{
    if (start == ENV_MARK_NONE)
        return ENV_MARK_NONE;
    return start == ENV_MARK_STAND_IN ? stand_in : ENV_MARK_CHANGED;
}

/* All of it is text of a mark, or of its beginning. */
static enum env_mark mark_of_text(struct env_span text, unsigned bits)
{
    unsigned char out[ENV_STAND_IN_MIN];
    size_t read;
    size_t n = decode(text, bits, out, sizeof(out), &read);
    enum env_mark mark =
        n == sizeof(out) || read == text.len ? mark_of_start(out, n) : ENV_MARK_NONE;

    OPENSSL_cleanse(out, sizeof(out));
    return mark;
}

/* The length of what stands before text in hexadecimal or base64, so that programs know it. */
static size_t introduction(const unsigned char *bytes, size_t len)
{
    static const char *const words[] = {"0x", "0X", "\\x", "x'", "X'", "base64:"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i]);

        if (len >= n && memcmp(bytes, words[i], n) == 0)
            return n;
    }
    return 0;
}

/* Text in UTF-16 with its low bytes at `low`; from a program whose files have it. */
static enum env_mark mark_of_wide(const unsigned char *bytes, size_t len, size_t low)
{
    unsigned char out[ENV_STAND_IN_MIN] = {0};
    enum env_mark mark;
    size_t n = 0;

    while (n < sizeof(out) && 2 * n + 1 < len && bytes[2 * n + 1 - low] == 0 &&
           bytes[2 * n + low] != 0) {
        out[n] = bytes[2 * n + low];
        n++;
    }
    mark = n == sizeof(out) || 2 * n + 1 >= len || bytes[2 * n + low] == 0 ? mark_of_start(out, n)
                                                                           : ENV_MARK_NONE;
    OPENSSL_cleanse(out, sizeof(out));
    return mark;
}

/* How many bytes of blanks and quotation marks, or of a byte order mark, are at the front. */
static size_t front(const unsigned char *bytes, size_t len)
{
    size_t n = 0;

    if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        n = 3;
    else if (len >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        n = 2;
    while (n < len && bytes[n] != 0 && strchr(" \t\r\n\"'", bytes[n]) != NULL)
        n++;
    return n;
}

/* The filling of base64, and what closes a quotation. */
static bool is_at_the_end(unsigned char c)
{
    return c == '=' || c == '"' || c == '\'';
}

static enum env_mark mark_of_changed(const unsigned char *bytes, size_t len)
{
    const size_t skip = front(bytes, len);
    const unsigned char *at = bytes + skip;
    const size_t left = len - skip;
    const size_t more = introduction(at, left);
    struct env_span text = {at + more, left - more};
    enum env_mark start = skip > 0 ? mark_of_start(at, left) : ENV_MARK_NONE;

    for (size_t low = 0; start == ENV_MARK_NONE && low < 2; low++)
        start = mark_of_wide(at, left, low);
    if (start != ENV_MARK_NONE)
        return changed(start, ENV_MARK_PRECEDED);
    while (text.len > 0 && is_at_the_end(text.data[text.len - 1]))
        text.len--;
    start = mark_of_text(text, 4);
    if (start == ENV_MARK_NONE)
        start = mark_of_text(text, 6);
    return changed(start, ENV_MARK_ENCODED);
}

enum env_mark env_mark_of(const unsigned char *bytes, size_t len)
{
    enum env_mark mark;

    if (!env_mark_is_likely(bytes, len) || !looks_marked(bytes))
        return ENV_MARK_NONE;
    mark = exact_mark(bytes, len);
    if (mark != ENV_MARK_NONE)
        return mark;
    mark = exact_mark(bytes, without_blanks(bytes, len));
    if (mark != ENV_MARK_NONE)
        return mark == ENV_MARK_STAND_IN ? ENV_MARK_BLANKS : mark;
    if (begins_with_one(bytes, len))
        return ENV_MARK_LONGER;
    return mark_of_changed(bytes, without_blanks(bytes, len));
}

/* Of 32 bytes: 64 digits, or 43 and perhaps the filling of base64. */
static bool is_text_of_whole(const unsigned char *bytes, size_t len)
{
    const struct env_span text = {bytes, len};
    unsigned char out[ENV_STAND_IN_KDF_LEN];
    const struct env_span all = {out, sizeof(out)};
    size_t read;
    bool yes = false;

    if (len == 2 * sizeof(out))
        yes = decode(text, 4, out, sizeof(out), &read) == sizeof(out) &&
              env_stand_in_is_password(all);
    else if (len == 43 || (len == 44 && bytes[43] == '='))
        yes = decode(text, 6, out, sizeof(out), &read) == sizeof(out) &&
              env_stand_in_is_password(all);
    OPENSSL_cleanse(out, sizeof(out));
    return yes;
}

/* The whole stand-in behind a byte order mark, blanks or a quotation mark. */
static bool is_behind(const unsigned char *bytes, size_t len)
{
    const size_t skip = front(bytes, len);

    while (len > skip && strchr("\"'", bytes[len - 1]) != NULL)
        len--;
    return skip > 0 && env_stand_in_is_password((struct env_span){bytes + skip, len - skip});
}

enum env_mark env_mark_of_password(const unsigned char *bytes, size_t len)
{
    const struct env_span first = {bytes, ENV_STAND_IN_KDF_LEN};

    if (len < ENV_STAND_IN_KDF_LEN || !env_mark_is_likely(bytes, len) || !looks_marked(bytes))
        return ENV_MARK_NONE;
    if (is_behind(bytes, without_blanks(bytes, len)))
        return ENV_MARK_PRECEDED;
    if (is_text_of_whole(bytes, without_blanks(bytes, len)))
        return ENV_MARK_ENCODED;
    if (without_blanks(bytes, len) != ENV_STAND_IN_KDF_LEN || !env_stand_in_is_password(first))
        return ENV_MARK_NONE;
    return len == ENV_STAND_IN_KDF_LEN ? ENV_MARK_STAND_IN : ENV_MARK_BLANKS;
}

enum env_reason env_mark_reason(enum env_mark mark)
{
    switch (mark) {
    case ENV_MARK_SELECTOR:
        return ENV_R_SELECTOR_MISPLACED;
    case ENV_MARK_BLANKS:
        return ENV_R_STAND_IN_BLANKS;
    case ENV_MARK_LONGER:
        return ENV_R_STAND_IN_LONGER;
    case ENV_MARK_ENCODED:
        return ENV_R_STAND_IN_ENCODED;
    case ENV_MARK_PRECEDED:
        return ENV_R_STAND_IN_PRECEDED;
    case ENV_MARK_CHANGED:
        return ENV_R_SELECTOR_CHANGED;
    default:
        return ENV_R_NONE;
    }
}

/* Makes a copy, so that the named key may be released. */
static ENV_RESULT copy_key(struct env_span named, size_t stand_in_len, size_t padded,
                           struct env_real_key *key)
{
    size_t len = padded != 0 ? padded : named.len;

    /* a stand-in without padding stands for a key without padding */
    if (named.len > len || (named.len < len && stand_in_len == len))
        return ENV_FAIL(ENV_R_NAMED_KEY_LENGTH);
    key->bytes = env_secret_alloc(len);
    if (key->bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    key->len = len;
    memcpy(key->bytes, named.data, named.len);
    return ENV_OK;
}

ENV_RESULT env_real_key_find(struct env_provctx *provctx, struct env_span stand_in,
                             const struct env_real_use *use, struct env_real_key *key)
{
    struct env_named_keys *keys;
    const struct env_named_wish wish = {env_use_number(use->algorithm), use->seals};
    const struct env_named_ref *ref = NULL;
    ENV_RESULT r;

    *key = (struct env_real_key){0};
    ENV_TRY(env_provctx_named_keys(provctx, &keys));
    (void)env_stand_in_is(stand_in, &stand_in.len);
    ENV_TRY(keys->vtable->by_stand_in(keys, stand_in, &wish, &ref));
    r = copy_key(ref->key, stand_in.len, use->padded, key);
    keys->vtable->release(keys, ref);
    return r;
}

void env_real_key_clear(struct env_real_key *key)
{
    env_secret_free(key->bytes, key->len);
    *key = (struct env_real_key){0};
}
