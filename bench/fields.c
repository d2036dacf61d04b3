/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sealing and opening a field costs, beside stock AES-256-GCM with a new key for each value
 * (EVP_aes_256_gcm(), a context of its own each time), in the same process and in turns. Fields
 * once with a new context for each value, and once with one that is kept. Processor time and
 * elapsed time; each round has its own ratio to stock, and the median of these is shown. Uses only
 * EVP.
 *
 *     bench_fields RANDOM EQUAL TENANTS [bytes [rounds]]
 *     bench_fields RANDOM EQUAL TENANTS count NAME seal|open TIMES [bytes]
 *
 * The first three are files with stand-ins of named keys, the last of one for tenant keys: there
 * are 64 tenants, and eight fields of one follow each other. The second form does one thing so many
 * times, for a program that counts instructions.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rounds.h"

#define ROUNDS 61
#define PER_ROUND 4000 /* values of a thread in a round */
#define ROOM 128
#define TENANTS 64
#define TENANT_KEY 81
#define IN_A_ROW 8u

enum what { STOCK, FIELD, FIELD_KEPT, FIELD_TENANT, EQUAL, EQUAL_KEPT, WHATS };
enum kind { RANDOM, DETERMINISTIC, ABOVE, KINDS };

static const char *const names[WHATS] = {"AES-256-GCM",          "ENVELOPE-FIELD",
                                         "ENVELOPE-FIELD, kept", "ENVELOPE-FIELD, tenants",
                                         "-DETERMINISTIC",       "-DETERMINISTIC, kept"};

struct thread {
    EVP_CIPHER_CTX *kept[KINDS][2]; /* and opening or sealing */
    unsigned count;                 /* of tenants' fields */
    unsigned char *out;
};

static EVP_CIPHER *ciphers[KINDS];
static unsigned char stand_ins[KINDS][32];
static unsigned char tenant_keys[TENANTS][TENANT_KEY];
static unsigned char *tenant_fields[TENANTS];
static unsigned char *plain;
static unsigned char *sealed[WHATS];
static int plain_len = 100;
static int sealed_len[WHATS];
static unsigned char stock_key[32];

static struct thread threads[BENCH_THREADS_MAX];

/* ---- values ---- */

/* IV, ciphertext and tag. The IV is the same each time: to draw one is left out of the comparison.
 */
static int stock(int sealing, const unsigned char *in, int in_len, unsigned char *out)
{
    static const unsigned char iv[12];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;

    if (sealing) {
        bench_demand(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, stock_key, iv) == 1 &&
                         EVP_EncryptUpdate(ctx, out, &n, in, in_len) == 1 &&
                         EVP_EncryptFinal_ex(ctx, out + n, &last) == 1 &&
                         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + n) == 1,
                     "sealing by stock");
        n += 16;
    } else {
        bench_demand(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, stock_key, iv) == 1 &&
                         EVP_DecryptUpdate(ctx, out, &n, in, in_len - 16) == 1 &&
                         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16,
                                             (void *)(size_t)(in + in_len - 16)) == 1 &&
                         EVP_DecryptFinal_ex(ctx, out + n, &last) == 1,
                     "opening by stock");
    }
    EVP_CIPHER_CTX_free(ctx);
    return n + last;
}

static int through(EVP_CIPHER_CTX *ctx, const unsigned char *in, int in_len, unsigned char *out)
{
    int n = 0, last = 0;

    bench_demand(EVP_CipherUpdate(ctx, out, &n, in, in_len) == 1, "update");
    bench_demand(EVP_CipherFinal_ex(ctx, out + n, &last) == 1, "final");
    return n + last;
}

static int with_new(int equal, int sealing, const unsigned char *in, int in_len, unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;

    bench_demand(EVP_CipherInit_ex2(ctx, ciphers[equal], stand_ins[equal], NULL, sealing, NULL) ==
                     1,
                 "init");
    n = through(ctx, in, in_len, out);
    EVP_CIPHER_CTX_free(ctx);
    return n;
}

static int with_kept(EVP_CIPHER_CTX *ctx, int sealing, const unsigned char *in, int in_len,
                     unsigned char *out)
{
    bench_demand(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, sealing, NULL) == 1, "init");
    return through(ctx, in, in_len, out);
}

static int of_tenant(EVP_CIPHER_CTX *ctx, int sealing, unsigned tenant, const unsigned char *in,
                     int in_len, unsigned char *out)
{
    unsigned char id = (unsigned char)('0' + tenant);
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string("tenant-key", tenant_keys[tenant], TENANT_KEY),
        OSSL_PARAM_octet_string("tenant", &id, 1),
        OSSL_PARAM_END,
    };

    bench_demand(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, sealing, params) == 1, "init");
    return through(ctx, in, in_len, out);
}

static int do_one(struct thread *thread, int sealing, enum what what)
{
    const unsigned tenant = thread->count / IN_A_ROW % TENANTS;
    const unsigned char *in = sealing ? plain : sealed[what];
    const int len = sealing ? plain_len : sealed_len[what];
    const int equal = what >= EQUAL;

    if (what == STOCK)
        return stock(sealing, in, len, thread->out);
    if (what == FIELD_TENANT) {
        thread->count++;
        return of_tenant(thread->kept[ABOVE][sealing], sealing, tenant,
                         sealing ? plain : tenant_fields[tenant], len, thread->out);
    }
    if (what == FIELD || what == EQUAL)
        return with_new(equal, sealing, in, len, thread->out);
    return with_kept(thread->kept[equal][sealing], sealing, in, len, thread->out);
}

/* ---- rounds ---- */

static void run(unsigned thread, int sealing, int what)
{
    (void)do_one(&threads[thread], sealing, (enum what)what);
}

enum figure { PROCESSOR, OF_STOCK, WALL, WALL_OF_STOCK, FIGURES };

static void measure(unsigned thread_count, int sealing, int rounds)
{
    double *all[WHATS][FIGURES];
    struct bench_cost cost[WHATS];

    for (int i = 0; i < WHATS * FIGURES; i++) {
        all[i / FIGURES][i % FIGURES] = calloc((size_t)rounds, sizeof(double));
        bench_demand(all[i / FIGURES][i % FIGURES] != NULL, "memory");
    }
    for (int round = 0; round < rounds; round++) {
        for (int what = 0; what < WHATS; what++)
            cost[what] = bench_round(sealing, what);
        for (int what = 0; what < WHATS; what++) {
            all[what][PROCESSOR][round] = cost[what].processor;
            all[what][OF_STOCK][round] = cost[what].processor / cost[STOCK].processor;
            all[what][WALL][round] = cost[what].wall;
            all[what][WALL_OF_STOCK][round] = cost[what].wall / cost[STOCK].wall;
        }
    }
    for (int what = 0; what < WHATS; what++) {
        double *const *figures = all[what];

        printf("%u thread%s, %s %d bytes, %-23s %5.2f us, %4.2f of stock (elapsed: %5.2f, %4.2f)\n",
               thread_count, thread_count == 1 ? " " : "s", sealing ? "sealing" : "opening",
               plain_len, names[what], bench_median(figures[PROCESSOR], rounds),
               bench_median(figures[OF_STOCK], rounds), bench_median(figures[WALL], rounds),
               bench_median(figures[WALL_OF_STOCK], rounds));
        for (int i = 0; i < FIGURES; i++)
            free(figures[i]);
    }
}

static void measure_with(unsigned count, int rounds)
{
    bench_rounds_start(count, PER_ROUND, run);
    for (int sealing = 1; sealing >= 0; sealing--)
        measure(count, sealing, rounds);
    bench_rounds_end();
}

/* ---- coming and going ---- */

static void prepare(char **files)
{
    static const char *const fetched[KINDS] = {"ENVELOPE-FIELD", "ENVELOPE-FIELD-DETERMINISTIC",
                                               "ENVELOPE-FIELD"};

    for (int kind = 0; kind < KINDS; kind++) {
        FILE *file = fopen(files[kind], "rb");

        bench_demand(file != NULL && fread(stand_ins[kind], 1, 32, file) == 32,
                     "to read a stand-in");
        (void)fclose(file);
        ciphers[kind] = EVP_CIPHER_fetch(NULL, fetched[kind], NULL);
        bench_demand(ciphers[kind] != NULL, fetched[kind]);
        for (int i = 0; i < BENCH_THREADS_MAX * 2; i++) {
            EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

            bench_demand(
                EVP_CipherInit_ex2(ctx, ciphers[kind], stand_ins[kind], NULL, i % 2, NULL) == 1,
                "init");
            threads[i / 2].kept[kind][i % 2] = ctx;
        }
    }
}

/* The key itself is the same for all of them: that does not matter here. */
static void make_tenants(void)
{
    static const unsigned char key[32] = {1};
    char context[] = "tenant key v1:?";
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string("context", context, sizeof(context) - 1),
                           OSSL_PARAM_END};

    for (unsigned i = 0; i < TENANTS; i++) {
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        unsigned char out[TENANT_KEY + ROOM];

        context[sizeof(context) - 2] = (char)('0' + i);
        bench_demand(EVP_CipherInit_ex2(ctx, ciphers[ABOVE], stand_ins[ABOVE], NULL, 1, params) ==
                             1 &&
                         through(ctx, key, sizeof(key), out) == TENANT_KEY,
                     "a tenant's key");
        memcpy(tenant_keys[i], out, TENANT_KEY);
        EVP_CIPHER_CTX_free(ctx);
    }
}

static void allocate(int len)
{
    plain_len = len;
    plain = calloc(1, (size_t)len + ROOM);
    bench_demand(plain != NULL, "memory");
    for (int i = 0; i < BENCH_THREADS_MAX; i++) {
        threads[i].out = malloc((size_t)len + ROOM);
        bench_demand(threads[i].out != NULL, "memory");
    }
    make_tenants();
    for (unsigned i = 0; i < TENANTS; i++) {
        tenant_fields[i] = malloc((size_t)len + ROOM);
        bench_demand(tenant_fields[i] != NULL, "memory");
        (void)of_tenant(threads[0].kept[ABOVE][1], 1, i, plain, len, tenant_fields[i]);
    }
    for (int what = 0; what < WHATS; what++) {
        sealed_len[what] = do_one(&threads[0], 1, (enum what)what);
        sealed[what] = malloc((size_t)sealed_len[what]);
        bench_demand(sealed[what] != NULL, "memory");
        memcpy(sealed[what], threads[0].out, (size_t)sealed_len[what]);
        bench_demand(do_one(&threads[0], 0, (enum what)what) == len &&
                         memcmp(threads[0].out, plain, (size_t)len) == 0,
                     "to open what was sealed");
        threads[0].count = 0;
    }
}

static void leave(void)
{
    for (int i = 0; i < BENCH_THREADS_MAX * KINDS * 2; i++)
        EVP_CIPHER_CTX_free(threads[i / (2 * KINDS)].kept[i / 2 % KINDS][i % 2]);
    for (int i = 0; i < TENANTS; i++)
        free(tenant_fields[i]);
    for (int i = 0; i < BENCH_THREADS_MAX; i++)
        free(threads[i].out);
    for (int what = 0; what < WHATS; what++)
        free(sealed[what]);
    for (int kind = 0; kind < KINDS; kind++)
        EVP_CIPHER_free(ciphers[kind]);
    free(plain);
}

static void count(const char *name, int sealing, int times)
{
    enum what what = 0;

    while (what < WHATS && strcmp(names[what], name) != 0)
        what++;
    bench_demand(what < WHATS, "to know the name");
    for (int i = 0; i < times; i++)
        (void)do_one(&threads[0], sealing, what);
}

int main(int argc, char **argv)
{
    const int counting = argc > 7 && strcmp(argv[4], "count") == 0;
    const int at = counting ? 8 : 4;

    if (argc < 4) {
        (void)fprintf(stderr, "usage: %s RANDOM EQUAL TENANTS [bytes [rounds]]\n", argv[0]);
        return 2;
    }
    prepare(argv + 1);
    allocate(argc > at ? atoi(argv[at]) : 100);
    if (counting) {
        count(argv[5], *argv[6] == 's', atoi(argv[7]));
    } else {
        printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
        for (unsigned n = 1; n <= BENCH_THREADS_MAX; n++)
            measure_with(n, argc > 5 ? atoi(argv[5]) : ROUNDS);
    }
    leave();
    return 0;
}
