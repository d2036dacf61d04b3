/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In-process throughput of the ciphers, one thread. Sealing reads one buffer of the update's size
 * again and again; opening walks through a message (or frames) of 64 MiB, because no piece of a
 * message opens twice: raw       AES-256-GCM through EVP, one message, updates of the size in the
 * column framed    what any segmented format has to do: for each 4 KiB (or 64 KiB) of plaintext one
 * EVP init with a fresh IV, 9 bytes of associated data, update, final and tag, written as prefix ||
 * IV || ciphertext || tag, segments aligned with the updates and nothing else held      framed, but
 * the first segment of each update passes through memory of its own, once: what is left where no
 * segment may be cut in two envelope  EVP_EncryptUpdate or EVP_DecryptUpdate of ENVELOPE
 * (ENVELOPE-64K for updates of 1 MiB) for one long message Timings are noisy on shared machines, so
 * all take turns, in rounds. Shown are the best of the rounds (processor time: others may be
 * running) and the median of each round's ratio to framed of the same direction, which suffers
 * least from what others do. The KEK is in memory: one wrap does not count beside a long message.
 */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/rounds.h"
#include "envelope/base/copy.h"
#include "tests/lib/fake_keyring.h"

#define ROUNDS 31
#define BYTES (64u * 1024u * 1024u) /* of plaintext, each round */

enum what {
    RAW_SEAL,
    FRAMED_SEAL,
    HELD_SEAL,
    ENVELOPE_SEAL,
    RAW_OPEN,
    FRAMED_OPEN,
    HELD_OPEN,
    ENVELOPE_OPEN,
    WHATS
};
static const char *const names[] = {"raw seal", "framed seal", "held seal", "envelope seal",
                                    "raw open", "framed open", "held open", "envelope open"};

struct bench {
    OSSL_LIB_CTX *libctx;
    EVP_CIPHER *gcm;
    EVP_CIPHER *envelope;
    size_t update;  /* bytes of input an update */
    size_t segment; /* of the framed and the enveloped form */
    unsigned char *in;
    unsigned char *out;
    unsigned char *hold;   /* a segment */
    unsigned char *sealed; /* a whole message, for opening */
    size_t sealed_len;
    unsigned char *frames; /* as many bytes framed, for opening */
};

static void check(int ok, const char *what)
{
    if (ok == 1)
        return;
    fprintf(stderr, "%s failed\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const unsigned char key[32] = {1};

static void raw(const struct bench *b, int sealing)
{
    unsigned char iv[12] = {0};
    unsigned char tag[16];
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    check(EVP_CipherInit_ex2(ctx, b->gcm, key, iv, sealing, NULL), "raw init");
    for (size_t done = 0; done < BYTES; done += b->update)
        check(EVP_CipherUpdate(ctx, b->out, &n, b->in, (int)b->update), "raw update");
    if (sealing) {
        check(EVP_CipherFinal_ex(ctx, b->out, &n), "raw final");
        check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag), "raw tag");
    }
    EVP_CIPHER_CTX_free(ctx);
}

static void seal_frame(EVP_CIPHER_CTX *ctx, const unsigned char *iv, const unsigned char *in,
                       size_t len, unsigned char *out)
{
    unsigned char aad[9] = {0};
    OSSL_PARAM tag[] = {OSSL_PARAM_octet_string("tag", out + 16 + len, 16), OSSL_PARAM_END};
    int n = 0;

    memset(out, 0xFF, 4);
    memcpy(out + 4, iv, 12);
    check(EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL), "frame init");
    check(EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof(aad)), "frame aad");
    check(EVP_EncryptUpdate(ctx, out + 16, &n, in, (int)len), "frame update");
    check(EVP_EncryptFinal_ex(ctx, out + 16 + len, &n), "frame final");
    check(EVP_CIPHER_CTX_get_params(ctx, tag), "frame tag");
}

static void open_frame(EVP_CIPHER_CTX *ctx, unsigned char *in, size_t len, unsigned char *out)
{
    unsigned char aad[9] = {0};
    OSSL_PARAM tag[] = {OSSL_PARAM_octet_string("tag", in + 16 + len, 16), OSSL_PARAM_END};
    int n = 0;

    check(EVP_DecryptInit_ex2(ctx, NULL, NULL, in + 4, tag), "frame init");
    check(EVP_DecryptUpdate(ctx, NULL, &n, aad, sizeof(aad)), "frame aad");
    check(EVP_DecryptUpdate(ctx, out, &n, in + 16, (int)len), "frame update");
    check(EVP_DecryptFinal_ex(ctx, out, &n), "frame final");
}

static void framed(const struct bench *b, int sealing, int held)
{
    unsigned char ivs[128][12];
    size_t plain = b->segment - 32;
    size_t per_update = b->update / plain;
    size_t drawn = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    check(EVP_CipherInit_ex2(ctx, b->gcm, key, NULL, sealing, NULL), "framed init");
    for (size_t done = 0; done < BYTES;) {
        for (size_t i = 0; i < per_update; i++, done += plain) {
            int hold = held && i == 0;
            unsigned char *out = b->out + i * (sealing ? b->segment : plain);
            const unsigned char *in = b->in + i * plain;

            if (!sealing) {
                open_frame(ctx, b->frames + done / plain * b->segment, plain, hold ? b->hold : out);
                if (hold)
                    env_copy(out, b->hold, plain);
                continue;
            }
            if (hold)
                env_copy(b->hold, in, plain);
            if (drawn++ % 128 == 0)
                check(RAND_bytes(ivs[0], sizeof(ivs)), "random");
            seal_frame(ctx, ivs[drawn % 128], hold ? b->hold : in, plain, out);
        }
    }
    EVP_CIPHER_CTX_free(ctx);
}

/* Seals BYTES; the message is kept when `keep` is not NULL. */
static void envelope_seal(struct bench *b, unsigned char *keep)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t len = 0;
    int n = 0;

    check(EVP_EncryptInit_ex2(ctx, b->envelope, NULL, NULL, NULL), "seal init");
    for (size_t done = 0; done < BYTES; done += b->update) {
        check(EVP_EncryptUpdate(ctx, keep != NULL ? keep + len : b->out, &n, b->in, (int)b->update),
              "seal update");
        len += (size_t)n;
    }
    check(EVP_EncryptFinal_ex(ctx, keep != NULL ? keep + len : b->out, &n), "seal final");
    if (keep != NULL)
        b->sealed_len = len + (size_t)n;
    EVP_CIPHER_CTX_free(ctx);
}

static void envelope_open(const struct bench *b)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    check(EVP_DecryptInit_ex2(ctx, b->envelope, NULL, NULL, NULL), "open init");
    for (size_t done = 0; done < b->sealed_len; done += b->update) {
        size_t piece = b->sealed_len - done < b->update ? b->sealed_len - done : b->update;

        check(EVP_DecryptUpdate(ctx, b->out, &n, b->sealed + done, (int)piece), "open update");
    }
    check(EVP_DecryptFinal_ex(ctx, b->out, &n), "open final");
    EVP_CIPHER_CTX_free(ctx);
}

static void run(struct bench *b, enum what what)
{
    switch (what) {
    case RAW_SEAL:
    case RAW_OPEN:
        raw(b, what == RAW_SEAL);
        break;
    case FRAMED_SEAL:
    case FRAMED_OPEN:
        framed(b, what == FRAMED_SEAL, 0);
        break;
    case HELD_SEAL:
    case HELD_OPEN:
        framed(b, what == HELD_SEAL, 1);
        break;
    case ENVELOPE_SEAL:
        envelope_seal(b, NULL);
        break;
    default:
        envelope_open(b);
        break;
    }
}

/* Of each round, how fast this is beside framed. */
static double ratio_to_framed(double seconds[WHATS][ROUNDS], int what)
{
    const double *framed_seconds = seconds[what < RAW_OPEN ? FRAMED_SEAL : FRAMED_OPEN];
    double ratios[ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        ratios[round] = framed_seconds[round] / seconds[what][round];
    return bench_median(ratios, ROUNDS);
}

static void measure(struct bench *b)
{
    static double seconds[WHATS][ROUNDS];
    double ratios[WHATS];

    for (int round = 0; round < ROUNDS; round++) {
        for (int what = 0; what < WHATS; what++) {
            double start = now();

            run(b, (enum what)what);
            seconds[what][round] = now() - start;
        }
    }
    for (int what = 0; what < WHATS; what++)
        ratios[what] = ratio_to_framed(seconds, what);
    for (int what = 0; what < WHATS; what++) {
        (void)bench_median(seconds[what], ROUNDS); /* sorts them */
        printf("%9zu  %-14s %6.2f GB/s  %5.3f of framed\n", b->update, names[what],
               BYTES / seconds[what][0] * 1e-9, ratios[what]);
    }
}

static void prepare(struct bench *b, size_t update, size_t segment, const char *cipher)
{
    size_t largest = update + segment + 4096;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char iv[12] = {0};

    b->update = update;
    b->segment = segment;
    b->envelope = EVP_CIPHER_fetch(b->libctx, cipher, NULL);
    b->in = calloc(1, largest);
    b->out = calloc(1, 2 * largest);
    b->hold = calloc(1, segment);
    b->frames = calloc(1, BYTES + BYTES / 64 + 2 * largest);
    b->sealed = calloc(1, BYTES + BYTES / 64 + largest);
    envelope_seal(b, b->sealed);
    check(EVP_CipherInit_ex2(ctx, b->gcm, key, NULL, 1, NULL), "framed init");
    for (size_t i = 0; i * (segment - 32) < BYTES + update; i++)
        seal_frame(ctx, iv, b->in, segment - 32, b->frames + i * segment);
    EVP_CIPHER_CTX_free(ctx);
}

static void clear(struct bench *b)
{
    EVP_CIPHER_free(b->envelope);
    free(b->in);
    free(b->out);
    free(b->hold);
    free(b->frames);
    free(b->sealed);
}

int main(void)
{
    static const struct {
        size_t update;
        size_t segment;
        const char *cipher;
    } cases[] = {
        {4096, 4128, "ENVELOPE"},
        {65536, 4128, "ENVELOPE"},
        {1048576, 65568, "ENVELOPE-64K"},
    };
    struct bench b = {0};

    fake_reset();
    b.libctx = fake_libctx_new();
    b.gcm = EVP_CIPHER_fetch(b.libctx, "AES-256-GCM", NULL);
    printf("%s\n   update\n", OpenSSL_version(OPENSSL_VERSION));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        prepare(&b, cases[i].update, cases[i].segment, cases[i].cipher);
        measure(&b);
        clear(&b);
    }
    EVP_CIPHER_free(b.gcm);
    fake_libctx_free(b.libctx);
    return 0;
}
