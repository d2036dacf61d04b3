/* SPDX-License-Identifier: Apache-2.0 */
#include "watched.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY 64u
#define CANARY_BYTE 0xA5

/* Segments that the first `len` bytes of input complete, worked out without the provider. */
static size_t segments_in(const struct watched *w, size_t len)
{
    size_t complete;

    if (w->sealing)
        return len / w->segment;
    if (len <= w->headers)
        return 0;
    complete = (len - w->headers) / w->segment;
    /* the last segment is shorter */
    if (len == w->message_len && (len - w->headers) % w->segment != 0)
        complete++;
    return complete;
}

static size_t allowance(const struct watched *w, size_t len)
{
    size_t completed = segments_in(w, w->done + len) - segments_in(w, w->done);

    if (w->is_1m && len >= LARGE_UPDATE)
        return len + SEGMENT_1M;
    return len + 32 * (completed > 1 ? completed : 1);
}

/*
 * Calls with a buffer of `most` bytes: in turn one on the heap with nothing behind it, for ASan,
 * and one with canaries around it, for what ASan does not see (libcrypto's assembly). Bytes behind
 * those that the call says it wrote must not have changed.
 */
static void watched_call(struct watched *w, const unsigned char *in, size_t len, size_t most,
                         bool final)
{
    bool exact = (next_random(&w->state) >> 40 & 1) != 0;
    size_t before = exact ? 0 : CANARY;
    struct bytes buffer = bytes_new(before + most + before);
    int n = -1;
    int ok;

    memset(buffer.data, CANARY_BYTE, buffer.len);
    ok = final ? EVP_CipherFinal_ex(w->ctx, buffer.data + before, &n)
               : EVP_CipherUpdate(w->ctx, buffer.data + before, &n, in, (int)len);
    if (ok != 1) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("%s of %zu bytes after %zu failed", final ? "final" : "update", len, w->done);
    }
    ck_demand(n >= 0 && (size_t)n <= most, "%s of %zu after %zu wrote %d, allowed are %zu",
              final ? "final" : "update", len, w->done, n, most);
    bytes_append(&w->out, buffer.data + before, (size_t)n);
    memset(buffer.data + before, CANARY_BYTE, (size_t)n);
    ck_demand(bytes_are(buffer, CANARY_BYTE), "%s of %zu after %zu wrote beside its output",
              final ? "final" : "update", len, w->done);
    bytes_free(&buffer);
    w->done += len;
}

void watched_update(struct watched *w, const unsigned char *in, size_t len)
{
    /* a copy on the heap: reading past it is seen, and so is writing to it */
    struct bytes copy = bytes_of(in, len);

    watched_call(w, copy.data, len, allowance(w, len), false);
    ck_demand(len == 0 || memcmp(copy.data, in, len) == 0, "an update wrote to its input");
    bytes_free(&copy);
}

struct watched watch(OSSL_LIB_CTX *libctx, const char *cipher, int sealing, struct bytes in)
{
    struct watched w = {.sealing = sealing, .message_len = in.len, .state = in.len + 1};
    bool segments_1m;

    w.ctx = caller_begin(libctx, cipher, sealing);
    w.is_1m = strcmp(cipher, "ENVELOPE-1M") == 0;
    w.headers = sealing ? 0 : message_headers_len(in);
    segments_1m = sealing ? w.is_1m : in.data[w.headers - 72 + 1] == 0x10;
    w.segment = segments_1m ? SEGMENT_1M : SEGMENT;
    w.segment -= sealing ? 32 : 0;
    if (strcmp(cipher, "ENVELOPE-REWRAP") == 0)
        w.segment = SIZE_MAX; /* it completes none */
    w.out = bytes_new(0);
    return w;
}

struct bytes watched_end(struct watched *w)
{
    watched_call(w, NULL, 0, w->is_1m ? SEGMENT_1M : SEGMENT, true);
    EVP_CIPHER_CTX_free(w->ctx);
    return w->out;
}

uint64_t seed_for_run(int run)
{
    const char *given = getenv("ENVELOPE_TEST_SEED");
    uint64_t seed = 20250101;

    if (run != 0 && given != NULL)
        seed = strtoull(given, NULL, 0);
    else if (run != 0)
        ck_assert_int_eq(RAND_bytes((unsigned char *)&seed, sizeof(seed)), 1);
    fprintf(stderr, "ENVELOPE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

void longest_header(void)
{
    fake_default_count = 32;
    for (size_t i = 0; i < fake_default_count; i++) {
        fake_keks[i].id.len = i < 15 ? 58 : 57;
        memset(fake_keks[i].id.bytes, 0x80 + (int)i, fake_keks[i].id.len);
    }
}

void random_header(uint64_t *state)
{
    longest_header();
    if (random_between(state, 0, 3) == 0)
        return;
    fake_default_count = random_between(state, 1, 32);
    for (size_t i = 0; i < fake_default_count; i++)
        fake_keks[i].id.len = random_between(state, 1, 57);
}
