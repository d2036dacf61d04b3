/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of 64 KiB, which are decrypted in pieces before their tag is seen. An input is too short
 * to hold one, so it describes changes to a message that is made here: where a byte changes, where
 * it ends, and in which pieces it arrives. Whatever they are, no unverified byte comes out. When
 * re-wrapped, a whole message comes out under its new header, and a truncated one fails.
 */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "fuzz.h"

#define SEGMENT 65568u
#define SEGMENT_PLAIN (SEGMENT - 32u)
#define FULL_SEGMENTS 4u
#define LAST_PLAIN 40000u
#define PLAIN_LEN (FULL_SEGMENTS * SEGMENT_PLAIN + LAST_PLAIN)
#define LARGE 65536u /* updates of fewer bytes come last */
#define UNTOUCHED 0xA5
#define FLOE_HEADER 74u
#define FLOE_PARAMS 10u

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER *cipher;
static EVP_CIPHER *rewrapper;
static uint8_t plain[PLAIN_LEN];
static uint8_t message[PLAIN_LEN + SEGMENT];
static size_t message_len;
static size_t headers_len;
static uint8_t out[PLAIN_LEN + 3 * SEGMENT];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int last = 0;

    (void)argc;
    (void)argv;
    fake_reset();
    libctx = fake_libctx_new();
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE-64K", NULL);
    rewrapper = EVP_CIPHER_fetch(libctx, "ENVELOPE-REWRAP", NULL);
    for (size_t i = 0; i < PLAIN_LEN; i++) /* neither 0 nor UNTOUCHED */
        plain[i] = (uint8_t)(1 + (i * 7 + i / 251) % 150);
    FUZZ_DEMAND(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, message, &n, plain, (int)PLAIN_LEN) == 1 &&
                EVP_EncryptFinal_ex(ctx, message + n, &last) == 1);
    message_len = (size_t)(n + last);
    headers_len = message_len - FULL_SEGMENTS * SEGMENT - LAST_PLAIN - 32;
    EVP_CIPHER_CTX_free(ctx);
    return 0;
}

static size_t number(struct fuzz_input *in)
{
    size_t high = fuzz_byte(in);
    size_t middle = fuzz_byte(in);

    return high << 16 | middle << 8 | fuzz_byte(in);
}

struct run {
    EVP_CIPHER_CTX *ctx;
    size_t verified; /* plaintext that may come out */
    size_t released;
};

/* The plaintext of the segments that are whole and untouched, up to the first that is not. */
static size_t verified_up_to(size_t changed, size_t len)
{
    size_t good = 0;

    if (changed < headers_len || len < headers_len)
        return 0;
    while (good <= FULL_SEGMENTS) {
        size_t end = headers_len + (good + 1) * SEGMENT;

        end = end < message_len ? end : message_len;
        if (changed < end || len < end)
            break;
        good++;
    }
    return good > FULL_SEGMENTS ? PLAIN_LEN : good * SEGMENT_PLAIN;
}

/* What a call leaves behind its output is long, hence eight bytes at a time and untraced. */
__attribute__((no_sanitize("address", "undefined", "coverage"))) static void
check_rest(const struct run *run, size_t n, size_t room, const uint8_t *in, size_t in_place)
{
    static const uint8_t untouched[8] = {UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED,
                                         UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED};

    for (size_t i = n; i < room; i++) {
        size_t at = run->released + i;

        if (i + 8 <= room && __builtin_memcmp(out + i, untouched, 8) == 0) {
            i += 7;
            continue;
        }
        FUZZ_DEMAND(out[i] == UNTOUCHED || out[i] == 0 || (i < in_place && out[i] == in[i]) ||
                    (at < run->verified && out[i] == plain[at]));
    }
}

static bool call(struct run *run, const uint8_t *in, size_t len, bool in_place)
{
    size_t room = len + SEGMENT;
    int n = -1;
    bool ok;

    memset(out, UNTOUCHED, room);
    if (in_place)
        memcpy(out, in, len);
    ok = in != NULL ? EVP_CipherUpdate(run->ctx, out, &n, in_place ? out : in, (int)len) == 1
                    : EVP_CipherFinal_ex(run->ctx, out, &n) == 1;
    FUZZ_DEMAND(n >= 0 && (size_t)n <= room && (ok || n == 0));
    FUZZ_DEMAND(run->released + (size_t)n <= run->verified);
    FUZZ_DEMAND(memcmp(out, plain + run->released, (size_t)n) == 0);
    check_rest(run, (size_t)n, room, in, in_place ? len : 0);
    run->released += (size_t)n;
    return ok;
}

/* A copy goes on in the place of the context. */
static void copy(struct run *run)
{
    EVP_CIPHER_CTX *other = EVP_CIPHER_CTX_new();

    FUZZ_DEMAND(EVP_CIPHER_CTX_copy(other, run->ctx) == 1);
    EVP_CIPHER_CTX_free(run->ctx);
    run->ctx = other;
}

/* ---- re-wrapping ---- */

/* Whether the lengths that the segments say make up the rest of the message, and nothing follows.
 */
static bool segments_fit(size_t len)
{
    for (size_t at = headers_len; at + 4 <= len;) {
        const uint8_t *p = message + at;
        size_t stated = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        bool last = stated != 0xFFFFFFFF;

        if (!last)
            stated = SEGMENT;
        if (stated < 32 || stated > SEGMENT || stated > len - at)
            return false;
        at += stated;
        if (last)
            return at == len;
    }
    return false;
}

/* With the change in place. Its tags are nobody's business but the opener's. */
static void rewrap(struct fuzz_input *in, size_t changed, size_t len)
{
    size_t der_len = headers_len - FLOE_HEADER;
    bool expected = (changed >= der_len + FLOE_PARAMS) && segments_fit(len);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t written = 0;
    size_t done = 0;
    bool ok = EVP_CipherInit_ex2(ctx, rewrapper, NULL, NULL, 1, NULL) == 1;
    int n = -1;

    FUZZ_DEMAND(ok);
    while (ok && done < len) {
        size_t step = 1 + number(in) % SEGMENT;

        step = step < len - done ? step : len - done;
        ok = EVP_CipherUpdate(ctx, out + written, &n, message + done, (int)step) == 1;
        FUZZ_DEMAND(n >= 0 && (size_t)n <= step + 32 && (ok || n == 0));
        written += (size_t)n;
        done += step;
    }
    if (ok) {
        ok = EVP_CipherFinal_ex(ctx, out + written, &n) == 1;
        FUZZ_DEMAND(n >= 0 && n <= 4128 && (ok || n == 0));
        written += (size_t)n;
    }
    FUZZ_DEMAND(ok == expected);
    FUZZ_DEMAND(ok || (fake_last_reason() != 0 && fake_last_reason() != ENV_R_INTERNAL));
    if (ok) /* the new header is as long as the old one was */
        FUZZ_DEMAND(written == len && memcmp(out + der_len, message + der_len, len - der_len) == 0);
    EVP_CIPHER_CTX_free(ctx);
}

/* ---- opening ---- */

static void open_message(struct fuzz_input *in, bool in_place, size_t changed, size_t len)
{
    struct run run = {EVP_CIPHER_CTX_new(), verified_up_to(changed, len), 0};
    size_t done = 0;
    bool ok = EVP_CipherInit_ex2(run.ctx, cipher, NULL, NULL, 0, NULL) == 1;

    FUZZ_DEMAND(ok);
    while (ok && done < len) {
        size_t step = LARGE + number(in) % (SEGMENT + SEGMENT / 2);

        step = step < len - done ? step : len - done;
        if (fuzz_byte(in) % 4 == 3)
            copy(&run);
        ok = call(&run, message + done, step, in_place);
        done += step;
    }
    ok = ok && call(&run, NULL, 0, false);
    FUZZ_DEMAND(ok == (changed == SIZE_MAX && len == message_len));
    FUZZ_DEMAND(ok ? run.released == PLAIN_LEN
                   : fake_last_reason() != 0 && fake_last_reason() != ENV_R_INTERNAL);
    EVP_CIPHER_CTX_free(run.ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t what = fuzz_byte(&in);
    uint8_t with = (what & 1) != 0 ? fuzz_byte(&in) : 0;
    size_t changed = with != 0 ? number(&in) % message_len : SIZE_MAX;
    size_t len = (what & 2) != 0 ? number(&in) % (message_len + 1) : message_len;

    ERR_clear_error();
    if (with != 0)
        message[changed] ^= with;
    if ((what & 8) != 0)
        rewrap(&in, changed, len);
    else
        open_message(&in, (what & 4) != 0, changed, len);
    if (with != 0)
        message[changed] ^= with;
    FUZZ_DEMAND(fake_references() == 0);
    ERR_clear_error();
    return 0;
}
