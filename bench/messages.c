/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a short message costs in addition to the calls to its token, as in a database with sealed
 * fields: each message makes a context, seals (or opens) 100 bytes with the KEK of openssl.cnf, and
 * frees it. Beside it, in the same process and in turns, the calls that the token gets for it, with
 * the templates that the provider uses, and nothing else: sealing  C_CreateObject, C_WrapKey,
 * C_DestroyObject opening  C_UnwrapKey, C_GetAttributeValue, C_DestroyObject Processor time of the
 * process, since others may be running; each round has its own ratio, and the median of these is
 * shown. Uses only EVP and PKCS#11. Usage: bench_messages MODULE PIN LABEL [bytes [rounds
 * [seal|open]]]
 */
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rounds.h"

#define ROUNDS 41
#define PER_ROUND 400 /* messages of a thread in a round */
#define BLOCK 4096
#define DEK_LEN 32
#define WRAPPED_LEN 40

enum what { BARE, MESSAGES, WHATS };

struct thread {
    CK_SESSION_HANDLE session;
    unsigned char *out;
};

static EVP_CIPHER *cipher;
static CK_FUNCTION_LIST *token;
static CK_OBJECT_HANDLE kek;
static unsigned char wrapped[WRAPPED_LEN];
static unsigned char *plain;
static unsigned char *sealed;
static int plain_len = 100;
static int sealed_len;

static struct thread threads[BENCH_THREADS_MAX];

/* ---- the token alone ---- */

static CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP, NULL, 0};
static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
static CK_KEY_TYPE type = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static void bare_seal(CK_SESSION_HANDLE session, unsigned char *out)
{
    static unsigned char dek[DEK_LEN] = {1};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},   {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},         {CKA_PRIVATE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_VALUE, dek, sizeof(dek)},
    };
    CK_OBJECT_HANDLE object;
    CK_ULONG len = WRAPPED_LEN;

    bench_demand(token->C_CreateObject(session, template, 6, &object) == CKR_OK, "C_CreateObject");
    bench_demand(token->C_WrapKey(session, &mechanism, kek, object, out, &len) == CKR_OK,
                 "C_WrapKey");
    bench_demand(token->C_DestroyObject(session, object) == CKR_OK, "C_DestroyObject");
}

static void bare_open(CK_SESSION_HANDLE session, unsigned char *out)
{
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},   {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &no, sizeof(no)},         {CKA_PRIVATE, &no, sizeof(no)},
        {CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_SENSITIVE, &no, sizeof(no)},
    };
    CK_ATTRIBUTE value = {CKA_VALUE, out, DEK_LEN};
    CK_OBJECT_HANDLE object;

    bench_demand(token->C_UnwrapKey(session, &mechanism, kek, wrapped, sizeof(wrapped), template, 6,
                                    &object) == CKR_OK,
                 "C_UnwrapKey");
    bench_demand(token->C_GetAttributeValue(session, object, &value, 1) == CKR_OK,
                 "C_GetAttributeValue");
    bench_demand(token->C_DestroyObject(session, object) == CKR_OK, "C_DestroyObject");
}

static CK_SLOT_ID find_slot(const char *label, CK_SESSION_HANDLE *session, const char *pin)
{
    CK_OBJECT_CLASS wanted = CKO_SECRET_KEY;
    CK_ATTRIBUTE query[] = {{CKA_CLASS, &wanted, sizeof(wanted)},
                            {CKA_LABEL, (void *)(size_t)label, strlen(label)}};
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;

    bench_demand(token->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK, "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_ULONG found = 0;
        CK_RV rv;

        if (token->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, session) != CKR_OK)
            continue;
        rv = token->C_Login(*session, CKU_USER, (CK_UTF8CHAR *)(size_t)pin, strlen(pin));
        if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
            bench_demand(token->C_FindObjectsInit(*session, query, 2) == CKR_OK,
                         "C_FindObjectsInit");
            bench_demand(token->C_FindObjects(*session, &kek, 1, &found) == CKR_OK,
                         "C_FindObjects");
            bench_demand(token->C_FindObjectsFinal(*session) == CKR_OK, "C_FindObjectsFinal");
        }
        if (found == 1)
            return slots[i];
        (void)token->C_CloseSession(*session);
    }
    bench_demand(0, "to find the KEK");
    return 0;
}

/* The module that the provider has loaded as well: it is one instance, and initialised. */
static void find_token(const char *module, const char *pin, const char *label)
{
    CK_C_GetFunctionList get;
    CK_SLOT_ID slot;
    CK_RV rv;

    *(void **)&get = dlsym(dlopen(module, RTLD_NOW), "C_GetFunctionList");
    bench_demand(get != NULL && get(&token) == CKR_OK, "C_GetFunctionList");
    rv = token->C_Initialize(NULL);
    bench_demand(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize");
    slot = find_slot(label, &threads[0].session, pin);
    for (unsigned i = 1; i < BENCH_THREADS_MAX; i++)
        bench_demand(token->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL,
                                          &threads[i].session) == CKR_OK,
                     "C_OpenSession");
    bare_seal(threads[0].session, wrapped);
}

/* ---- messages ---- */

static int message(int sealing, const unsigned char *in, int in_len, unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    int total = 0;

    bench_demand(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) == 1, "init");
    bench_demand(EVP_CipherUpdate(ctx, out, &n, in, in_len) == 1, "update");
    total = n;
    bench_demand(EVP_CipherFinal_ex(ctx, out + total, &n) == 1, "final");
    EVP_CIPHER_CTX_free(ctx);
    return total + n;
}

static void do_one(unsigned number, int sealing, int what)
{
    const struct thread *thread = &threads[number];

    if (what == BARE && sealing)
        bare_seal(thread->session, thread->out);
    else if (what == BARE)
        bare_open(thread->session, thread->out);
    else if (sealing)
        (void)message(1, plain, plain_len, thread->out);
    else
        (void)message(0, sealed, sealed_len, thread->out);
}

/* ---- rounds ---- */

static void measure(unsigned thread_count, int sealing, int rounds)
{
    double *values[6];
    struct bench_cost cost[WHATS];

    for (int i = 0; i < 6; i++)
        values[i] = calloc((size_t)rounds, sizeof(double));
    for (int round = 0; round < rounds; round++) {
        for (int what = 0; what < WHATS; what++)
            cost[what] = bench_round(sealing, what);
        values[0][round] = cost[BARE].processor;
        values[1][round] = cost[MESSAGES].processor;
        values[2][round] = cost[BARE].processor / cost[MESSAGES].processor;
        values[3][round] = cost[BARE].wall;
        values[4][round] = cost[MESSAGES].wall;
        values[5][round] = cost[BARE].wall / cost[MESSAGES].wall;
    }
    for (int i = 0; i < 6; i++)
        values[i][0] = bench_median(values[i], rounds);
    printf("%u thread%s, %s %d bytes: token %6.2f us, message %6.2f us, %4.2f of the token alone"
           " (elapsed: %6.2f, %6.2f, %4.2f)\n",
           thread_count, thread_count == 1 ? " " : "s", sealing ? "sealing" : "opening", plain_len,
           values[0][0], values[1][0], values[2][0], values[3][0], values[4][0], values[5][0]);
    for (int i = 0; i < 6; i++)
        free(values[i]);
}

static void measure_with(unsigned count, const char *which, int rounds)
{
    bench_rounds_start(count, PER_ROUND, do_one);
    for (int sealing = 1; sealing >= 0; sealing--) {
        if (which == NULL || (*which == 's') == sealing)
            measure(count, sealing, rounds);
    }
    bench_rounds_end();
}

int main(int argc, char **argv)
{
    int rounds = argc > 5 ? atoi(argv[5]) : ROUNDS;

    if (argc < 4) {
        fprintf(stderr, "usage: %s MODULE PIN LABEL [bytes [rounds [seal|open]]]\n", argv[0]);
        return 1;
    }
    if (argc > 4)
        plain_len = atoi(argv[4]);
    plain = calloc(1, (size_t)plain_len + 1);
    sealed = malloc((size_t)plain_len + 3 * BLOCK);
    for (unsigned i = 0; i < BENCH_THREADS_MAX; i++)
        threads[i].out = malloc((size_t)plain_len + 6 * BLOCK);
    cipher = EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    bench_demand(cipher != NULL, "ENVELOPE");
    sealed_len = message(1, plain, plain_len, sealed);
    bench_demand(message(0, sealed, sealed_len, threads[0].out) == plain_len, "opening");
    find_token(argv[1], argv[2], argv[3]);
    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    for (unsigned count = 1; count <= BENCH_THREADS_MAX; count++)
        measure_with(count, argc > 6 ? argv[6] : NULL, rounds);
    for (unsigned i = 0; i < BENCH_THREADS_MAX; i++)
        free(threads[i].out);
    EVP_CIPHER_free(cipher);
    free(plain);
    free(sealed);
    return 0;
}
