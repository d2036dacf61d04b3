/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of sealing and opening with tokens: for RSA KEKs, of a token and of a file, for
 * several KEKs, optional ones, replicas, and of re-wrapping between them. A header in the output
 * must have every requested KEK, and each of them must open it.
 */
#include <check.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/message/dek.h"
#include "envelope/message/dek_rewrap.h"
#include "failing_alloc.h"
#include "softhsm_fixture.h"

static unsigned at_most; /* runs of one operation; ENVELOPE_ALLOCATION_ALL: all */
static struct env_dek_context dek;
static uint8_t key[ENV_DEK_LEN];
static uint8_t *der; /* what came out last */
static size_t der_len;
static char file_kek[600]; /* "file:..." of the token's RSA KEK */

/* Exit status for a success with a wrong result: Check's assertions need memory themselves. */
static const ENV_RESULT wrong = {.reason = ENV_R_INTERNAL};

/* ---- what is tried ---- */

struct operation {
    const char *name;
    const char *kek; /* the configuration; "FILE" stands for file_kek */
    const char *optional;
    size_t keks;             /* that the header is for */
    enum env_reason refusal; /* why it has to fail, where it has to */
    ENV_RESULT (*run)(void);
};

static ENV_RESULT seal(void)
{
    const struct env_selector configured = {0};

    return env_dek_seal(&dek, &configured, ENV_CONTENT_SEALED_KEY, key, &der, &der_len);
}

static ENV_RESULT open_it(struct env_span sealed)
{
    uint8_t back[ENV_DEK_LEN] = {0};

    ENV_TRY(env_dek_open(&dek, sealed, ENV_CONTENT_SEALED_KEY, back));
    return memcmp(back, key, sizeof(key)) == 0 ? ENV_OK : wrong;
}

static struct env_span old; /* a header for "orders" and FILE */
static uint8_t old_key[ENV_DEK_LEN];

static ENV_RESULT open_old(void)
{
    ENV_TRY(open_it(old));
    der = OPENSSL_memdup(old.data, old.len);
    der_len = old.len;
    return der != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

static ENV_RESULT rewrap(void)
{
    const struct env_selector configured = {0};
    enum env_content content;
    struct env_header *header = NULL;
    bool current = true;
    ENV_RESULT r;

    ENV_TRY(env_dek_read_any_header(old, &header));
    r = env_dek_is_current(&dek, &configured, header, old, &current);
    OPENSSL_free(header);
    ENV_TRY(r);
    if (current)
        return wrong;
    return env_dek_rewrap(&dek, &configured, old, &content, &der, &der_len);
}

static const struct operation operations[] = {
    {"an RSA KEK", "rsa", NULL, 1, ENV_R_NONE, seal},
    {"an RSA KEK of a file", "FILE", NULL, 1, ENV_R_NONE, seal},
    {"several KEKs", "orders other FILE", NULL, 3, ENV_R_NONE, seal},
    {"optional KEKs", "orders other FILE shared", "other FILE shared", 4, ENV_R_NONE, seal},
    {"an optional KEK away", "orders away other", "away other", 2, ENV_R_NONE, seal},
    {"replicas", "shared", NULL, 1, ENV_R_NONE, seal},
    {"no replicas", "differs", NULL, 0, ENV_R_KEK_DIFFERS, seal},
    {"two of one label", "twice", NULL, 0, ENV_R_KEK_AMBIGUOUS, seal},
    {"opening", "orders", NULL, 2, ENV_R_NONE, open_old},
    {"AES and RSA to AES", "other", NULL, 1, ENV_R_NONE, rewrap},
    {"AES and RSA to RSA", "FILE", NULL, 1, ENV_R_NONE, rewrap},
    {"AES and RSA to several", "FILE other shared rsa2", NULL, 4, ENV_R_NONE, rewrap},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* ---- what is expected ---- */

/* Of a file that cannot be read into memory libcrypto may say that it is malformed. */
static bool is_memory(enum env_reason reason)
{
    return reason == ENV_R_KEK_FILE_CONTENT || reason == ENV_R_KEK_KIND ||
           reason == ENV_R_NO_MEMORY || reason == ENV_R_RANDOM_FAILED ||
           reason == ENV_R_CRYPTO_FAILED || reason == ENV_R_NO_AES_GCM;
}

static void each_opens(const struct operation *op, unsigned nth)
{
    const struct env_span sealed = {der, der_len};
    struct env_header *header = NULL;
    uint8_t back[ENV_DEK_LEN];

    ck_assert(env_ok(env_dek_read_header(sealed, ENV_CONTENT_SEALED_KEY, &header)));
    ck_assert_msg(header->count == op->keks, "%s without allocation %u: for %zu KEKs, not %zu",
                  op->name, nth, header->count, op->keks);
    for (size_t i = 0; i < header->count; i++) {
        memset(back, 0, sizeof(back));
        ck_assert_msg(env_ok(env_dek_open_recipient(&dek, header, i, sealed, back)) &&
                          memcmp(back, key, sizeof(key)) == 0,
                      "%s without allocation %u: recipient %zu does not open: %s", op->name, nth, i,
                      raised_text());
    }
    OPENSSL_free(header);
}

static void judge(const struct operation *op, unsigned nth, ENV_RESULT r, bool memory_failed)
{
    if (env_ok(r)) {
        ck_assert_msg(op->refusal == ENV_R_NONE, "%s without allocation %u: it succeeds", op->name,
                      nth);
        each_opens(op, nth);
    } else {
        ck_assert_msg((memory_failed && is_memory(r.reason)) || r.reason == op->refusal,
                      "%s without allocation %u: reason %d %s", op->name, nth, (int)r.reason,
                      raised_text());
        ck_assert_ptr_null(der);
    }
    OPENSSL_free(der);
    der = NULL;
}

/* How many allocations there are; with nth 0 none of them fails. */
static unsigned run_without(const struct operation *op, unsigned nth, bool and_on, bool fresh)
{
    unsigned count;
    ENV_RESULT r;

    dek.keyring = keyring_new();
    if (!fresh)
        judge(op, 0, op->run(), false);
    raised_forget();
    failing_alloc_arm(nth, and_on);
    r = op->run();
    count = failing_alloc_disarm();
    judge(op, nth, r, nth > 0 && count >= nth);
    if (nth > 0)
        judge(op, nth, op->run(), false);
    keyring_free(dek.keyring);
    return count;
}

static void configure(const struct operation *op)
{
    char kek[sizeof(file_kek) + 64] = "";
    char optional[sizeof(kek)] = "";
    const char *from[] = {op->kek, op->optional};
    char *to[] = {kek, optional};

    for (size_t i = 0; i < 2; i++) {
        const char *at = from[i] != NULL ? strstr(from[i], "FILE") : NULL;

        if (at != NULL)
            (void)snprintf(to[i], sizeof(kek), "%.*s%s%s", (int)(at - from[i]), from[i], file_kek,
                           at + 4);
        else
            (void)snprintf(to[i], sizeof(kek), "%s", from[i] != NULL ? from[i] : "");
    }
    keyring_set(&keyring_config()->kek, kek);
    /* an RSA key opens only where it is named; where it seals it is */
    keyring_set(&keyring_config()->open_only_kek, strcmp(kek, "rsa") == 0 ? NULL : "rsa");
    keyring_set(&keyring_config()->kek_optional, op->optional != NULL ? optional : NULL);
}

struct trial {
    const struct operation *op;
    bool and_on;
    bool fresh;
};

static void try_without(void *arg, unsigned nth)
{
    const struct trial *trial = arg;

    (void)run_without(trial->op, nth, trial->and_on, trial->fresh);
}

/* Where there are more than `at_most`, most are libcrypto's: an RSA key in a file takes 1400. */
static void each_allocation_of(const struct operation *op, bool and_on, bool fresh)
{
    struct trial trial = {op, and_on, fresh};
    unsigned count;
    unsigned runs;

    configure(op);
    memcpy(key, old_key, sizeof(key)); /* sealing draws others */
    count = run_without(op, 0, false, fresh);
    runs = failing_alloc_spread(count, at_most, try_without, &trial);
    fprintf(stderr, "%s%s: %u of %u allocations%s\n", op->name, fresh ? "" : " again", runs, count,
            and_on ? ", each with all that follow" : "");
}

/* All operations with one set of tokens: RSA keys take long to make. */
START_TEST(operations_of_keks_survive_each_failing_allocation)
{
    for (size_t i = 0; i < OPERATIONS; i++)
        each_allocation_of(&operations[i], _i % 2 != 0, _i < 2);
}
END_TEST

/* ---- tokens and KEKs ---- */

static void write_public_half(const struct env_kek_info *info)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(info->modulus, (int)info->modulus_len, NULL);
    BIGNUM *e = BN_bin2bn(info->exponent, (int)info->exponent_len, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params;
    FILE *out;

    ck_assert(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
              OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1);
    params = OSSL_PARAM_BLD_to_param(build);
    ck_assert(EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1);
    (void)snprintf(file_kek, sizeof(file_kek), "file:%s/rsa.pem", softhsm_dir());
    out = fopen(file_kek + 5, "w");
    ck_assert(out != NULL && PEM_write_PUBKEY(out, pkey) == 1);
    ck_assert_int_eq(fclose(out), 0);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
}

static void make_rsa(const char *label, const char *token)
{
    struct env_keyring *keyring = keyring_new();
    const struct env_kek_request request = {
        .type = ENV_KEK_RSA, .bits = 3072, .label = label, .token = token};
    struct env_kek_info info;
    struct env_kek *kek = NULL;
    ENV_RESULT r = keyring->vtable->generate(keyring, &request, &kek);

    ck_assert_msg(env_ok(r), "%d %s", (int)r.reason, raised_text());
    kek->vtable->describe(kek, &info);
    env_kek_free(kek);
    keyring_free(keyring);
    if (strcmp(label, "rsa") == 0)
        write_public_half(&info);
}

static void make_keys(void)
{
    static const uint8_t value[32] = "one key, of both of these";
    static const uint8_t other_value[32] = "another key, of the same id";
    const struct softhsm_key keys[] = {
        {.label = "orders", .id = "01"},
        {.label = "other", .id = "02", .token = "second"},
        {.label = "shared", .id = "03", .value = value},
        {.label = "shared", .id = "03", .value = value, .token = "second"},
        {.label = "differs", .id = "04", .value = value},
        {.label = "differs", .id = "04", .value = other_value, .token = "second"},
        {.label = "twice", .id = "05"},
        {.label = "twice", .id = "06", .token = "second"},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        softhsm_make_key(&keys[i]);
    make_rsa("rsa", "kek");
    make_rsa("rsa2", "second");
}

static void set_up(void)
{
    static const struct operation for_old = {.kek = "orders FILE"};

    softhsm_setup();
    softhsm_add_token("second");
    keyring_config_reset();
    keyring_set(&keyring_config()->token, NULL);
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    make_keys();
    dek = (struct env_dek_context){.crypto = env_crypto_new(NULL, NULL), .errors = raised_errors()};
    ck_assert(env_ok(env_crypto_ready(dek.crypto)));
    configure(&for_old);
    dek.keyring = keyring_new();
    ck_assert(env_ok(seal()));
    old = (struct env_span){der, der_len};
    memcpy(old_key, key, sizeof(key));
    der = NULL;
    keyring_free(dek.keyring);
}

static void tear_down(void)
{
    OPENSSL_free((void *)(uintptr_t)old.data);
    env_crypto_free(dek.crypto);
    keyring_config_clear();
    softhsm_teardown();
}

int main(void)
{
    Suite *suite = suite_create("allocation: KEKs");
    TCase *tcase = tcase_create("failures");
    bool all = getenv("ENVELOPE_ALLOCATION_ALL") != NULL;

    at_most = failing_alloc_at_most(12);
    failing_alloc_install();
    tcase_set_timeout(tcase, all ? 7200 : 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, operations_of_keks_survive_each_failing_allocation, 0, all ? 4 : 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
