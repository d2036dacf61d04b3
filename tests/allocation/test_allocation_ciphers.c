/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of sealing, opening, and of KEKs as keys: see each_allocation.h. */
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>

#include "each_allocation.h"
#include "failing_alloc.h"
#include "kek_pkey.h"

#define MESSAGE_LEN 9000u
#define KEKS 3u

static unsigned parts = 8; /* ENVELOPE_ALLOCATION_PARTS: 500 is everything */
static struct bytes plain;
static struct bytes sealed;

static void set_up(void)
{
    fake_reset();
    fake_default_count = KEKS;
    plain = bytes_plain(MESSAGE_LEN, 1);
    lib = fake_libctx_new();
    sealed = caller_seal(lib, plain);
}

static void tear_down(void)
{
    fake_libctx_free(lib);
    lib = NULL;
    bytes_free(&plain);
    bytes_free(&sealed);
    ck_assert_int_eq(fake_references(), 0);
}

static void nothing(void)
{
}

/* ---- sealing and opening ---- */

static void fetch(void)
{
    fetch_cipher("ENVELOPE");
}

/* A provider that has done nothing yet: it fetches what it needs. */
static void fetch_from_fresh_provider(void)
{
    fake_libctx_free(lib);
    lib = fake_libctx_new();
    fetch();
}

static bool seal(void)
{
    return run_cipher(1, plain);
}

static bool open_it(void)
{
    return run_cipher(0, sealed);
}

static void is_plain(void)
{
    ck_assert_uint_eq(out_len, plain.len);
    ck_assert_mem_eq(out, plain.data, plain.len);
}

static void all_open_it(void)
{
    each_opens(KEKS, plain);
}

START_TEST(sealing_survives_each_failing_allocation)
{
    static const struct operation op = {"sealing", fetch, seal, all_open_it, free_cipher, false};

    run_all(&op);
}
END_TEST

START_TEST(opening_survives_each_failing_allocation)
{
    static const struct operation op = {"opening", fetch, open_it, is_plain, free_cipher, false};

    run_all(&op);
}
END_TEST

void __lsan_disable(void) __attribute__((weak)); /* NOLINT: LeakSanitizer's name */

START_TEST(the_first_use_of_a_provider_survives_each_failing_allocation)
{
    static const struct operation sealing_it = {
        "sealing first", fetch_from_fresh_provider, seal, all_open_it, free_cipher, false};
    static const struct operation opening_it = {
        "opening first", fetch_from_fresh_provider, open_it, is_plain, free_cipher, false};

    /* libcrypto's own fetching leaks where its table of names cannot grow (3.0) */
    if (__lsan_disable != NULL)
        __lsan_disable();
    run_first(_i % 2 == 0 ? &sealing_it : &opening_it, (unsigned)_i / 2, parts);
}
END_TEST

/* ---- a copy of a context that opens ---- */

static EVP_CIPHER_CTX *half_way;
static int half_out;

static void begin_opening(void)
{
    fetch();
    half_way = caller_begin(lib, "ENVELOPE", 0);
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

START_TEST(copying_survives_each_failing_allocation)
{
    static const struct operation op = {"copying", begin_opening, copy_and_finish,
                                        is_plain,  free_copy,     false};

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
    kek = kek_load(lib, "kek0");
    pkey_ctx = EVP_PKEY_CTX_new_from_pkey(lib, kek, NULL);
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

START_TEST(sealed_keys_survive_each_failing_allocation)
{
    static const struct operation sealing_it = {"encapsulating", load_kek, encapsulate,
                                                decapsulates,    free_kek, false};
    static const struct operation opening_it = {
        "decapsulating", load_kek_and_sealed_key, decapsulate, is_the_secret, free_kek, false};

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

static void kek0_opens_it(void)
{
    each_opens(1, plain);
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

START_TEST(short_messages_survive_each_failing_allocation)
{
    static const struct operation sealing_it = {"EVP_PKEY_encrypt", load_kek, encrypt,
                                                kek0_opens_it,      free_kek, false};
    static const struct operation opening_it = {"EVP_PKEY_decrypt", load_kek_and_message, decrypt,
                                                is_plain,           free_kek_and_message, false};

    run_all(&sealing_it);
    run_all(&opening_it);
}
END_TEST

static void room_for_a_kek(void)
{
    fake_keks[39].absent = true;
    pkey_ctx = EVP_PKEY_CTX_new_from_name(lib, "ENVELOPE-KEK", NULL);
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

START_TEST(key_generation_survives_each_failing_allocation)
{
    static const struct operation op = {"keygen", room_for_a_kek,  generate,
                                        is_made,  forget_the_made, false};

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
    store = OSSL_STORE_open_ex("envelope:", lib, NULL, NULL, NULL, NULL, NULL, NULL);
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
    decoder = OSSL_DECODER_CTX_new_for_pkey(&made, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR, lib, NULL);
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

START_TEST(references_survive_each_failing_allocation)
{
    static const struct operation listing = {"listing",      nothing, list_store,
                                             all_are_listed, nothing, false};
    static const struct operation writing = {"encoding", load_kek_and_pem, encode,
                                             is_the_pem, free_kek_and_pem, true};
    /* from 3.6 on libcrypto's own last word there, which has a text, is lost without memory */
    const struct operation reading = {"decoding",       load_kek_and_pem,
                                      decode,           is_the_kek,
                                      free_kek_and_pem, OpenSSL_version_num() >= 0x30600000L};

    run_all(&listing);
    run_all(&writing);
    run_all(&reading);
}
END_TEST

/* ---- key wrap ---- */

static unsigned char data_key[32] = "the key that is to be wrapped";
static unsigned char wrapped[40];

static void fetch_wrap(void)
{
    fetch_cipher("ENVELOPE-AES-256-WRAP");
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

START_TEST(key_wrap_survives_each_failing_allocation)
{
    static const struct operation wrapping = {"wrapping", fetch_wrap,  wrap,
                                              unwraps,    free_cipher, false};
    static const struct operation unwrapping = {"unwrapping",    fetch_wrap,  unwrap,
                                                is_the_data_key, free_cipher, false};

    run_all(&wrapping);
    run_all(&unwrapping);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation: ciphers and keys");
    TCase *tcase = tcase_create("failures");

    const char *wanted = getenv("ENVELOPE_ALLOCATION_PARTS");

    failing_alloc_install();
    if (wanted != NULL)
        parts = (unsigned)strtoul(wanted, NULL, 10);
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, sealing_survives_each_failing_allocation);
    tcase_add_test(tcase, opening_survives_each_failing_allocation);
    tcase_add_loop_test(tcase, the_first_use_of_a_provider_survives_each_failing_allocation, 0,
                        2 * (int)parts);
    tcase_add_test(tcase, copying_survives_each_failing_allocation);
    tcase_add_test(tcase, sealed_keys_survive_each_failing_allocation);
    tcase_add_test(tcase, short_messages_survive_each_failing_allocation);
    tcase_add_test(tcase, key_generation_survives_each_failing_allocation);
    tcase_add_test(tcase, references_survive_each_failing_allocation);
    tcase_add_test(tcase, key_wrap_survives_each_failing_allocation);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
