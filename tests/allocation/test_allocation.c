/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of an operation fails in turn, alone and with all that come after it. The
 * operation succeeds all the same or fails with an error that speaks of memory, gives no output
 * that is wrong, leaks nothing (AddressSanitizer), and the next one works.
 */
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "failing_alloc.h"
#include "fake_keyring.h"
#include "kek_pkey.h"

#define MESSAGE_LEN 9000u
#define ROOM 20000u
#define RUNS_MAX 20000u
#define FIRST_RUNS 10u

static unsigned parts = 8; /* ENVELOPE_ALLOCATION_PARTS: 500 is everything */
static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static struct bytes sealed;
static bool encode(void);
static unsigned char out[ROOM];
static size_t out_len;

struct operation {
    const char *name;
    void (*prepare)(void); /* what it needs, before memory runs out */
    bool (*run)(void);     /* false: it failed, with an error */
    void (*check)(void);   /* the output of a success */
    void (*clean)(void);
};

static void set_up(void)
{
    fake_reset();
    fake_default_count = 3;
    plain = bytes_plain(MESSAGE_LEN, 1);
    libctx = fake_libctx_new();
    sealed = caller_seal(libctx, plain);
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    libctx = NULL;
    bytes_free(&plain);
    bytes_free(&sealed);
    ck_assert_int_eq(fake_references(), 0);
}

/* ---- the runs ---- */

void __lsan_disable(void) __attribute__((weak)); /* NOLINT: LeakSanitizer's name */

/* Reasons of ours that can be the want of memory: in a fetch or in an operation of libcrypto. */
static bool speaks_of_memory(int reason)
{
    return reason == ENV_R_NO_MEMORY || reason == ENV_R_NO_AES_GCM ||
           reason == ENV_R_CRYPTO_FAILED || reason == ENV_R_RANDOM_FAILED;
}

/* What libcrypto says by itself, before it has called us or after, is its own business. */
static void check_errors(const struct operation *op, unsigned nth)
{
    unsigned long error = ERR_peek_error();

    /* libcrypto's encoder says nothing of its own allocations */
    ck_assert_msg(error != 0 || op->run == encode, "%s without allocation %u: no error", op->name,
                  nth);
    while ((error = ERR_get_error()) != 0) {
        ck_assert_msg(ERR_GET_LIB(error) < ERR_LIB_USER || speaks_of_memory(ERR_GET_REASON(error)),
                      "%s without allocation %u: reason %d", op->name, nth, ERR_GET_REASON(error));
    }
}

/*
 * `first` says that it is the first operation of a provider: libcrypto fetches for it, and where it
 * had no memory to keep an algorithm it does not ask that algorithm's provider again. That was seen
 * of AES-GCM (3.0) and of what its random generator is made from (3.5).
 */
static void run_again(const struct operation *op, unsigned nth, bool first)
{
    int reason = 0;
    bool ok;

    ERR_clear_error();
    ok = op->run();
    if (!ok)
        reason = caller_reason();
    if (!ok && first && (reason == ENV_R_NO_AES_GCM || reason == ENV_R_RANDOM_FAILED))
        return;
    ck_assert_msg(ok, "%s does not work after the failure of allocation %u: reason %d", op->name,
                  nth, reason);
    op->check();
}

/* One run with the nth allocation failing; false when there was no such allocation. */
static bool run_without(const struct operation *op, unsigned nth, bool and_on, bool first)
{
    unsigned count;
    bool ok;

    op->prepare();
    ERR_clear_error();
    failing_alloc_arm(nth, and_on);
    ok = op->run();
    count = failing_alloc_disarm();
    if (ok)
        op->check();
    else if (count >= nth)
        check_errors(op, nth);
    else
        ck_abort_msg("%s fails", op->name);
    run_again(op, nth, first);
    op->clean();
    ck_assert_msg(fake_references() == 0, "%s keeps a KEK without allocation %u", op->name, nth);
    return count >= nth;
}

static void run_all(const struct operation *op)
{
    for (int and_on = 0; and_on <= 1; and_on++) {
        unsigned nth = 1;

        while (run_without(op, nth, and_on != 0, false))
            ck_assert_uint_lt(++nth, RUNS_MAX);
        fprintf(stderr, "%s: %u allocations%s\n", op->name, nth - 1,
                and_on ? ", each with all that follow" : "");
    }
}

/*
 * The same with a new provider for each run. A process can have some 25 of them (libcrypto's
 * numbers for their errors end there), and thousands of allocations belong to libcrypto's fetching:
 * each part takes its share of some that are evenly spread.
 */
static void run_first(const struct operation *op, unsigned part)
{
    unsigned count;

    op->prepare();
    failing_alloc_arm(0, false);
    ck_assert(op->run());
    count = failing_alloc_disarm();
    op->clean();
    for (unsigned i = 0; i < FIRST_RUNS; i++) {
        unsigned nth = 1 + (i * parts + part) * count / (FIRST_RUNS * parts);

        (void)run_without(op, nth, false, true);
        (void)run_without(op, nth, true, true);
    }
    fprintf(stderr, "%s: %u allocations, %u of them\n", op->name, count, FIRST_RUNS);
}

static void nothing(void)
{
}

/* ---- sealing and opening ---- */

static EVP_CIPHER *cipher; /* fetched before: that is between the program and libcrypto */
static EVP_CIPHER_CTX *ctx;

static void fetch(void)
{
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    ctx = EVP_CIPHER_CTX_new();
    ck_assert(cipher != NULL && ctx != NULL);
}

/* A provider that has done nothing yet: it fetches what it needs. */
static void fetch_from_fresh_provider(void)
{
    fake_libctx_free(libctx);
    libctx = fake_libctx_new();
    fetch();
}

static void free_cipher(void)
{
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    ctx = NULL;
    cipher = NULL;
}

static bool whole_message(int sealing, struct bytes in)
{
    size_t done = 0;
    int n = 0;
    bool ok = EVP_CIPHER_CTX_reset(ctx) == 1 &&
              EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) == 1;

    out_len = 0;
    while (ok && done < in.len) {
        size_t step = in.len - done < 2000 ? in.len - done : 2000;
        bool in_place = done % 4000 == 0; /* that puts the input aside */

        if (in_place)
            memcpy(out + out_len, in.data + done, step);
        ok = EVP_CipherUpdate(ctx, out + out_len, &n, in_place ? out + out_len : in.data + done,
                              (int)step) == 1;
        out_len += ok ? (size_t)n : 0;
        done += step;
    }
    ok = ok && EVP_CipherFinal_ex(ctx, out + out_len, &n) == 1;
    out_len += ok ? (size_t)n : 0;
    return ok;
}

static bool seal(void)
{
    return whole_message(1, plain);
}

static bool open_it(void)
{
    return whole_message(0, sealed);
}

static void is_plain(void)
{
    ck_assert_uint_eq(out_len, plain.len);
    ck_assert_mem_eq(out, plain.data, plain.len);
}

static void opens_to_plain(void)
{
    struct bytes message = bytes_of(out, out_len);
    struct bytes opened = caller_open(libctx, message);

    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&message);
    bytes_free(&opened);
}

START_TEST(sealing)
{
    static const struct operation op = {"sealing", fetch, seal, opens_to_plain, free_cipher};

    run_all(&op);
}
END_TEST

START_TEST(opening)
{
    static const struct operation op = {"opening", fetch, open_it, is_plain, free_cipher};

    run_all(&op);
}
END_TEST

START_TEST(first_of_a_provider)
{
    static const struct operation sealing_it = {"sealing first", fetch_from_fresh_provider, seal,
                                                opens_to_plain, free_cipher};
    static const struct operation opening_it = {"opening first", fetch_from_fresh_provider, open_it,
                                                is_plain, free_cipher};

    /* libcrypto's own fetching leaks where its table of names can not grow (3.0) */
    if (__lsan_disable != NULL)
        __lsan_disable();
    run_first(_i % 2 == 0 ? &sealing_it : &opening_it, (unsigned)_i / 2);
}
END_TEST

/* ---- a copy of a context that opens ---- */

static EVP_CIPHER_CTX *half_way;
static int half_out;

static void begin_opening(void)
{
    fetch();
    half_way = caller_begin(libctx, "ENVELOPE", 0);
    ck_assert_int_eq(EVP_CipherUpdate(half_way, out, &half_out, sealed.data, 6000), 1);
}

static bool copy_and_finish(void)
{
    int n = 0;
    int last = 0;

    if (EVP_CIPHER_CTX_copy(ctx, half_way) != 1 ||
        EVP_CipherUpdate(ctx, out + half_out, &n, sealed.data + 6000, (int)sealed.len - 6000) !=
            1 ||
        EVP_CipherFinal_ex(ctx, out + half_out + n, &last) != 1)
        return false;
    out_len = (size_t)(half_out + n + last);
    return true;
}

static void free_copy(void)
{
    EVP_CIPHER_CTX_free(half_way);
    free_cipher();
}

START_TEST(copying)
{
    static const struct operation op = {"copying", begin_opening, copy_and_finish, is_plain,
                                        free_copy};

    run_all(&op);
}
END_TEST

/* ---- KEKs as keys ---- */

static EVP_PKEY *kek;
static EVP_PKEY *made;
static EVP_PKEY_CTX *pkey_ctx;
static unsigned char secret[32];
static unsigned char sealed_key[1000];
static size_t sealed_key_len;

static void load_kek(void)
{
    kek = kek_load(libctx, "kek0");
    pkey_ctx = EVP_PKEY_CTX_new_from_pkey(libctx, kek, NULL);
    ck_assert_ptr_nonnull(pkey_ctx);
}

static void free_kek(void)
{
    EVP_PKEY_CTX_free(pkey_ctx);
    EVP_PKEY_free(kek);
    EVP_PKEY_free(made);
    pkey_ctx = NULL;
    kek = NULL;
    made = NULL;
}

static bool encapsulate(void)
{
    size_t secret_len = sizeof(secret);

    sealed_key_len = sizeof(sealed_key);
    return EVP_PKEY_encapsulate_init(pkey_ctx, NULL) == 1 &&
           EVP_PKEY_encapsulate(pkey_ctx, sealed_key, &sealed_key_len, secret, &secret_len) == 1;
}

static bool decapsulate(void)
{
    out_len = ROOM;
    return EVP_PKEY_decapsulate_init(pkey_ctx, NULL) == 1 &&
           EVP_PKEY_decapsulate(pkey_ctx, out, &out_len, sealed_key, sealed_key_len) == 1;
}

static void is_the_secret(void)
{
    ck_assert_uint_eq(out_len, sizeof(secret));
    ck_assert_mem_eq(out, secret, sizeof(secret));
}

static void decapsulates(void)
{
    ck_assert(decapsulate());
    is_the_secret();
}

static void load_kek_and_sealed_key(void)
{
    load_kek();
    ck_assert(encapsulate());
}

START_TEST(sealed_keys)
{
    static const struct operation sealing_it = {"encapsulating", load_kek, encapsulate,
                                                decapsulates, free_kek};
    static const struct operation opening_it = {"decapsulating", load_kek_and_sealed_key,
                                                decapsulate, is_the_secret, free_kek};

    run_all(&sealing_it);
    run_all(&opening_it);
}
END_TEST

static struct bytes short_message;

static bool encrypt(void)
{
    out_len = ROOM;
    return EVP_PKEY_encrypt_init(pkey_ctx) == 1 &&
           EVP_PKEY_encrypt(pkey_ctx, out, &out_len, plain.data, plain.len) == 1;
}

static bool decrypt(void)
{
    out_len = ROOM;
    return EVP_PKEY_decrypt_init(pkey_ctx) == 1 &&
           EVP_PKEY_decrypt(pkey_ctx, out, &out_len, short_message.data, short_message.len) == 1;
}

static void load_kek_and_message(void)
{
    load_kek();
    ck_assert(encrypt());
    short_message = bytes_of(out, out_len);
}

static void free_kek_and_message(void)
{
    free_kek();
    bytes_free(&short_message);
}

START_TEST(short_messages)
{
    static const struct operation sealing_it = {"EVP_PKEY_encrypt", load_kek, encrypt,
                                                opens_to_plain, free_kek};
    static const struct operation opening_it = {"EVP_PKEY_decrypt", load_kek_and_message, decrypt,
                                                is_plain, free_kek_and_message};

    run_all(&sealing_it);
    run_all(&opening_it);
}
END_TEST

static void room_for_a_kek(void)
{
    fake_keks[39].absent = true;
    pkey_ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);
    ck_assert_ptr_nonnull(pkey_ctx);
}

static bool generate(void)
{
    char label[] = "made";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("label", label, 0),
        OSSL_PARAM_construct_end(),
    };

    EVP_PKEY_free(made);
    made = NULL;
    fake_keks[39].absent = true;
    return EVP_PKEY_keygen_init(pkey_ctx) == 1 && EVP_PKEY_CTX_set_params(pkey_ctx, params) == 1 &&
           EVP_PKEY_generate(pkey_ctx, &made) == 1;
}

static void is_made(void)
{
    ck_assert(!fake_keks[39].absent && EVP_PKEY_is_a(made, "ENVELOPE-KEK"));
}

static void forget_the_made(void)
{
    free_kek();
    fake_keks[39].absent = false;
}

START_TEST(key_generation)
{
    static const struct operation op = {"keygen", room_for_a_kek, generate, is_made,
                                        forget_the_made};

    run_all(&op);
}
END_TEST

/* ---- references and the store ---- */

static struct bytes pem;

static bool list_store(void)
{
    OSSL_STORE_CTX *store;
    OSSL_STORE_INFO *info;
    bool ok;

    failing_alloc_pause(); /* 3.0 frees its loader twice when it could not be fetched */
    store = OSSL_STORE_open_ex("envelope:", libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    failing_alloc_go_on();
    out_len = 0;
    while (store != NULL && (info = OSSL_STORE_load(store)) != NULL) {
        out_len++;
        OSSL_STORE_INFO_free(info);
    }
    ok = store != NULL && OSSL_STORE_error(store) == 0 && OSSL_STORE_eof(store) == 1;
    (void)OSSL_STORE_close(store);
    return ok;
}

static void all_are_listed(void)
{
    ck_assert_uint_eq(out_len, FAKE_KEKS);
}

static bool encode(void)
{
    OSSL_ENCODER_CTX *encoder;
    unsigned char *data = NULL;
    bool ok;

    failing_alloc_pause(); /* libcrypto collects every encoder that there is */
    encoder = OSSL_ENCODER_CTX_new_for_pkey(kek, EVP_PKEY_KEYPAIR, "PEM", NULL, NULL);
    failing_alloc_go_on();

    out_len = 0;
    ok = encoder != NULL && OSSL_ENCODER_to_data(encoder, &data, &out_len) == 1;
    if (ok)
        memcpy(out, data, out_len);
    OPENSSL_free(data);
    OSSL_ENCODER_CTX_free(encoder);
    return ok;
}

static void is_the_pem(void)
{
    ck_assert_uint_eq(out_len, pem.len);
    ck_assert_mem_eq(out, pem.data, pem.len);
}

static bool decode(void)
{
    const unsigned char *data = pem.data;
    size_t len = pem.len;
    OSSL_DECODER_CTX *decoder;
    bool ok;

    EVP_PKEY_free(made);
    made = NULL;
    failing_alloc_pause();
    decoder =
        OSSL_DECODER_CTX_new_for_pkey(&made, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR, libctx, NULL);
    failing_alloc_go_on();
    ok = decoder != NULL && OSSL_DECODER_from_data(decoder, &data, &len) == 1;
    OSSL_DECODER_CTX_free(decoder);
    return ok;
}

static void is_the_kek(void)
{
    ck_assert_int_eq(EVP_PKEY_eq(made, kek), 1);
}

static void load_kek_and_pem(void)
{
    load_kek();
    pem = kek_encode(kek, EVP_PKEY_KEYPAIR, "PEM", NULL);
}

static void free_kek_and_pem(void)
{
    free_kek();
    bytes_free(&pem);
}

START_TEST(references)
{
    static const struct operation listing = {"listing", nothing, list_store, all_are_listed,
                                             nothing};
    static const struct operation writing = {"encoding", load_kek_and_pem, encode, is_the_pem,
                                             free_kek_and_pem};
    static const struct operation reading = {"decoding", load_kek_and_pem, decode, is_the_kek,
                                             free_kek_and_pem};

    run_all(&listing);
    run_all(&writing);
    run_all(&reading);
}
END_TEST

/* ---- key wrap ---- */

static unsigned char data_key[32] = "the key that is to be wrapped...";
static unsigned char wrapped[40];

static void fetch_wrap(void)
{
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE-AES-256-WRAP", NULL);
    ctx = EVP_CIPHER_CTX_new();
    ck_assert(cipher != NULL && ctx != NULL);
    fake_default_count = 1;
}

static bool wrap_cipher(int wrapping, const unsigned char *in, int in_len)
{
    int n = 0;
    bool ok = EVP_CIPHER_CTX_reset(ctx) == 1;

    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ok = ok && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, wrapping, NULL) == 1 &&
         EVP_CipherUpdate(ctx, out, &n, in, in_len) == 1;
    out_len = ok ? (size_t)n : 0;
    return ok;
}

static bool wrap(void)
{
    return wrap_cipher(1, data_key, sizeof(data_key));
}

static bool unwrap(void)
{
    return wrap_cipher(0, wrapped, sizeof(wrapped));
}

static void unwraps(void)
{
    ck_assert_uint_eq(out_len, sizeof(wrapped));
    memcpy(wrapped, out, sizeof(wrapped));
    ck_assert(unwrap());
    ck_assert_mem_eq(out, data_key, sizeof(data_key));
}

static void is_the_data_key(void)
{
    ck_assert_uint_eq(out_len, sizeof(data_key));
    ck_assert_mem_eq(out, data_key, sizeof(data_key));
}

START_TEST(key_wrap)
{
    static const struct operation wrapping = {"wrapping", fetch_wrap, wrap, unwraps, free_cipher};
    static const struct operation unwrapping = {"unwrapping", fetch_wrap, unwrap, is_the_data_key,
                                                free_cipher};

    run_all(&wrapping);
    run_all(&unwrapping);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation");
    TCase *tcase = tcase_create("failures");

    const char *wanted = getenv("ENVELOPE_ALLOCATION_PARTS");

    failing_alloc_install();
    if (wanted != NULL)
        parts = (unsigned)strtoul(wanted, NULL, 10);
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, sealing);
    tcase_add_test(tcase, opening);
    tcase_add_loop_test(tcase, first_of_a_provider, 0, 2 * (int)parts);
    tcase_add_test(tcase, copying);
    tcase_add_test(tcase, sealed_keys);
    tcase_add_test(tcase, short_messages);
    tcase_add_test(tcase, key_generation);
    tcase_add_test(tcase, references);
    tcase_add_test(tcase, key_wrap);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
