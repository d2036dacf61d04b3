/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed keys (EVP_PKEY_encapsulate) and short messages (EVP_PKEY_encrypt) with KEKs. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "kek_pkey.h"

#define SECRET 32u
#define KIB64 65536u

static OSSL_LIB_CTX *libctx;
static EVP_PKEY *kek0;
static EVP_PKEY *kek1;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    kek0 = kek_load(libctx, "kek0");
    kek1 = kek_load(libctx, "kek1");
}

static void tear_down(void)
{
    EVP_PKEY_free(kek0);
    EVP_PKEY_free(kek1);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* A parameter "context" with these bytes. */
static void context_param(OSSL_PARAM params[2], struct bytes context)
{
    params[0] = OSSL_PARAM_construct_octet_string("context", context.data, context.len);
    params[1] = OSSL_PARAM_construct_end();
}

/* ---- sealed keys ---- */

static struct bytes encapsulate(EVP_PKEY *pkey, const OSSL_PARAM params[],
                                unsigned char secret[SECRET])
{
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, pkey, EVP_PKEY_encapsulate_init, params);
    size_t len = 0;
    size_t secret_len = 0;
    struct bytes sealed;

    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, NULL, &len, NULL, &secret_len), 1);
    ck_assert_uint_eq(secret_len, SECRET);
    sealed = bytes_new(len);
    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, sealed.data, &len, secret, &secret_len), 1);
    ck_assert_uint_lt(len, 400); /* what a database column is asked for */
    sealed.len = len;
    EVP_PKEY_CTX_free(ctx);
    return sealed;
}

/* Returns what EVP_PKEY_decapsulate does; secret stays as it is when that fails. */
static int decapsulate(EVP_PKEY *pkey, const OSSL_PARAM params[], struct bytes sealed,
                       unsigned char secret[SECRET])
{
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, pkey, EVP_PKEY_decapsulate_init, params);
    size_t len = 0;
    int ok;

    ck_assert_int_eq(EVP_PKEY_decapsulate(ctx, NULL, &len, sealed.data, sealed.len), 1);
    ck_assert_uint_eq(len, SECRET);
    ok = EVP_PKEY_decapsulate(ctx, secret, &len, sealed.data, sealed.len);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

START_TEST(a_sealed_key_comes_back)
{
    unsigned char secret[SECRET];
    unsigned char again[SECRET] = {0};
    unsigned char other[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    struct bytes second = encapsulate(kek0, NULL, other);

    ck_assert_int_eq(decapsulate(kek0, NULL, sealed, again), 1);
    ck_assert_mem_eq(secret, again, SECRET);
    ck_assert_mem_ne(secret, other, SECRET);
    bytes_free(&sealed);
    bytes_free(&second);
}
END_TEST

START_TEST(the_context_goes_into_the_secret)
{
    struct bytes long_one = bytes_new(4096);
    struct bytes too_long = bytes_new(4097);
    struct bytes short_one = bytes_of("column 7", 8);
    OSSL_PARAM params[2];
    OSSL_PARAM others[2];
    unsigned char secret[SECRET];
    unsigned char again[SECRET] = {0};
    struct bytes sealed;
    EVP_PKEY_CTX *ctx;

    context_param(params, short_one);
    sealed = encapsulate(kek0, params, secret);
    ck_assert_int_eq(decapsulate(kek0, params, sealed, again), 1);
    ck_assert_mem_eq(secret, again, SECRET);
    context_param(others, long_one);
    ck_assert_int_eq(decapsulate(kek0, others, sealed, again), 1);
    ck_assert_mem_ne(secret, again, SECRET);
    ck_assert_int_eq(decapsulate(kek0, NULL, sealed, again), 1);
    ck_assert_mem_ne(secret, again, SECRET);
    context_param(others, too_long);
    ctx = EVP_PKEY_CTX_new_from_pkey(libctx, kek0, NULL);
    ck_refused(EVP_PKEY_encapsulate_init(ctx, others) > 0, ENV_R_CONTEXT_TOO_LONG);
    ck_assert_int_eq(EVP_PKEY_decapsulate_init(ctx, NULL), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_params(ctx, params), 1); /* after init as well */
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&long_one);
    bytes_free(&too_long);
    bytes_free(&short_one);
}
END_TEST

/* HKDF-Expand of one block, as docs/FORMAT.md gives it, by libcrypto's KDF. */
static void expand(const unsigned char dek[32], const char *info, unsigned char out[SECRET])
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA384";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)dek, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          strlen(info)),
        OSSL_PARAM_construct_end(),
    };

    ck_assert_int_eq(EVP_KDF_derive(ctx, out, SECRET, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

START_TEST(the_secret_is_derived_from_the_dek)
{
    struct bytes context = bytes_of("column 7", 8);
    unsigned char secret[SECRET];
    unsigned char expected[SECRET];
    unsigned char dek[64];
    unsigned char zeros[16] = {0};
    OSSL_PARAM params[2];
    struct bytes sealed;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-WRAP", NULL);
    size_t at = 0;
    int n = 0;

    context_param(params, context);
    sealed = encapsulate(kek0, params, secret);
    for (size_t i = 0; i + 42 <= sealed.len && at == 0; i++) { /* OCTET STRING (SIZE (40)) */
        if (sealed.data[i] == 0x04 && sealed.data[i + 1] == 40)
            at = i + 2;
    }
    ck_assert_uint_ne(at, 0);
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ck_assert_int_eq(EVP_DecryptInit_ex2(ctx, cipher, fake_keks[0].key, NULL, NULL), 1);
    ck_assert_int_eq(EVP_DecryptUpdate(ctx, dek, &n, sealed.data + at, 40), 1);
    ck_assert_int_eq(n, 32);
    expand(dek, "envelope sealed key v1column 7", expected);
    ck_assert_mem_eq(secret, expected, SECRET);
    ck_assert_mem_ne(secret, dek, SECRET);
    ck_assert_mem_ne(secret, zeros, sizeof(zeros));
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    bytes_free(&sealed);
    bytes_free(&context);
}
END_TEST

START_TEST(buffers_that_are_too_short)
{
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_encapsulate_init, NULL);
    unsigned char secret[SECRET] = {0};
    unsigned char zeros[SECRET] = {0};
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    struct bytes exact = bytes_new(sealed.len);
    size_t len = sealed.len - 1;
    size_t secret_len = SECRET;

    memset(secret, 0, sizeof(secret));
    ck_refused(EVP_PKEY_encapsulate(ctx, exact.data, &len, secret, &secret_len),
               ENV_R_OUTPUT_TOO_SMALL);
    ck_assert_mem_eq(secret, zeros, SECRET);
    ck_assert(bytes_are(exact, 0));
    len = sealed.len;
    secret_len = SECRET - 1;
    ck_refused(EVP_PKEY_encapsulate(ctx, exact.data, &len, secret, &secret_len),
               ENV_R_OUTPUT_TOO_SMALL);
    secret_len = SECRET;
    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, exact.data, &len, secret, &secret_len), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = kek_ctx(libctx, kek0, EVP_PKEY_decapsulate_init, NULL);
    secret_len = SECRET - 1;
    ck_refused(EVP_PKEY_decapsulate(ctx, secret, &secret_len, sealed.data, sealed.len),
               ENV_R_OUTPUT_TOO_SMALL);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&exact);
}
END_TEST

START_TEST(what_can_not_be_decapsulated)
{
    unsigned char secret[SECRET];
    unsigned char untouched[SECRET];
    struct bytes plain = bytes_plain(100, 1);
    struct bytes message = caller_seal(libctx, plain);
    struct bytes header = {.data = message.data, .len = message_headers_len(message) - 74};
    struct bytes sealed = encapsulate(kek0, NULL, secret);

    memset(secret, 0xA5, sizeof(secret));
    memcpy(untouched, secret, sizeof(secret));
    ck_refused(decapsulate(kek0, NULL, message, secret), ENV_R_WRONG_CONTENT);
    ck_refused(decapsulate(kek0, NULL, header, secret), ENV_R_WRONG_CONTENT);
    ck_refused(decapsulate(kek0, NULL, plain, secret), ENV_R_NOT_A_MESSAGE);
    ck_refused(decapsulate(kek1, NULL, sealed, secret), ENV_R_OTHER_KEK);
    for (size_t len = 1; len < sealed.len; len++) {
        ERR_clear_error();
        ck_assert_int_eq(
            decapsulate(kek0, NULL, (struct bytes){.data = sealed.data, .len = len}, secret), 0);
        ck_assert_int_eq(caller_reason(), ENV_R_TRUNCATED);
    }
    bytes_append(&sealed, "", 1);
    ck_refused(decapsulate(kek0, NULL, sealed, secret), ENV_R_TRAILING_DATA);
    ck_assert_mem_eq(secret, untouched, sizeof(secret));
    bytes_free(&sealed);
    bytes_free(&message);
    bytes_free(&plain);
}
END_TEST

START_TEST(an_altered_sealed_key)
{
    unsigned char secret[SECRET];
    unsigned char untouched[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);

    memset(secret, 0xA5, sizeof(secret));
    memcpy(untouched, secret, sizeof(secret));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 1;
        ERR_clear_error();
        ck_assert_int_eq(decapsulate(kek0, NULL, sealed, secret), 0);
        ck_assert_int_ne(caller_reason(), ENV_R_NONE);
        sealed.data[i] ^= 1;
    }
    ck_assert_mem_eq(secret, untouched, sizeof(secret));
    bytes_free(&sealed);
}
END_TEST

START_TEST(no_message_can_be_hung_on_a_sealed_key)
{
    unsigned char secret[SECRET];
    struct bytes plain = bytes_plain(100, 1);
    struct bytes message = caller_seal(libctx, plain);
    size_t header = message_headers_len(message) - 74;
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    unsigned char out[4096 + 512];
    int n = 0;

    bytes_append(&sealed, message.data + header, message.len - header);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, sealed.data, (int)sealed.len), ENV_R_WRONG_CONTENT);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&message);
    bytes_free(&plain);
}
END_TEST

/* ---- short messages ---- */

static struct bytes encrypt(EVP_PKEY *pkey, struct bytes plain)
{
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, pkey, EVP_PKEY_encrypt_init_ex, NULL);
    size_t len = 0;
    struct bytes sealed;

    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, NULL, &len, plain.data, plain.len), 1);
    sealed = bytes_new(len);
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, sealed.data, &len, plain.data, plain.len), 1);
    ck_assert_uint_le(len, sealed.len);
    sealed.len = len;
    EVP_PKEY_CTX_free(ctx);
    return sealed;
}

static int decrypt(EVP_PKEY *pkey, struct bytes sealed, struct bytes *plain)
{
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, pkey, EVP_PKEY_decrypt_init_ex, NULL);
    size_t len = 0;
    int ok = EVP_PKEY_decrypt(ctx, NULL, &len, sealed.data, sealed.len);

    if (ok == 1) {
        *plain = bytes_new(len);
        ok = EVP_PKEY_decrypt(ctx, plain->data, &len, sealed.data, sealed.len);
        if (ok != 1)
            ck_assert(bytes_are(*plain, 0));
        plain->len = len;
        if (ok != 1)
            bytes_free(plain);
    }
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static void same(struct bytes a, struct bytes b)
{
    ck_assert_uint_eq(a.len, b.len);
    if (a.len > 0)
        ck_assert_mem_eq(a.data, b.data, a.len);
}

START_TEST(messages_go_both_ways)
{
    static const size_t sizes[] = {0, 1, 4063, 4064, 4065, 8128, KIB64 - 1, KIB64};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bytes plain = bytes_plain(sizes[i], i + 1);
        struct bytes sealed = encrypt(kek0, plain);
        struct bytes by_cipher = caller_open(libctx, sealed);
        struct bytes opened;

        same(plain, by_cipher);
        ck_assert_int_eq(decrypt(kek0, sealed, &opened), 1);
        same(plain, opened);
        bytes_free(&opened);
        bytes_free(&sealed);
        sealed = caller_seal(libctx, plain);
        ck_assert_int_eq(decrypt(kek0, sealed, &opened), 1);
        same(plain, opened);
        bytes_free(&opened);
        bytes_free(&sealed);
        bytes_free(&by_cipher);
        bytes_free(&plain);
    }
}
END_TEST

START_TEST(a_message_for_several_keks)
{
    struct bytes plain = bytes_plain(KIB64, 1);
    struct bytes sealed;
    struct bytes opened;

    fake_default_count = 32;
    sealed = caller_seal(libctx, plain);
    ck_assert_int_eq(decrypt(kek1, sealed, &opened), 1);
    same(plain, opened);
    bytes_free(&opened);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(what_can_not_be_decrypted)
{
    unsigned char secret[SECRET];
    struct bytes plain = bytes_plain(5000, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes sealed_key = encapsulate(kek0, NULL, secret);
    struct bytes opened = {.data = NULL};

    ck_refused(decrypt(kek1, sealed, &opened), ENV_R_OTHER_KEK);
    ck_refused(decrypt(kek0, sealed_key, &opened), ENV_R_WRONG_CONTENT);
    ck_refused(decrypt(kek0, plain, &opened), ENV_R_NOT_A_MESSAGE);
    for (size_t len = 0; len < sealed.len; len += 13) {
        ERR_clear_error();
        ck_assert_int_eq(decrypt(kek0, (struct bytes){.data = sealed.data, .len = len}, &opened),
                         0);
        ck_assert_int_eq(caller_reason(), ENV_R_TRUNCATED);
    }
    sealed.data[sealed.len - 1] ^= 1; /* the last segment: the first one is not given out either */
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_BAD_SEGMENT);
    bytes_free(&sealed_key);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(more_than_64_kib)
{
    struct bytes plain = bytes_plain(KIB64 + 1, 1);
    struct bytes far_too_long = bytes_new(200000);
    struct bytes sealed = caller_seal(libctx, plain);
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_encrypt_init_ex, NULL);
    struct bytes opened = {.data = NULL};
    size_t len = 0;

    ck_refused(EVP_PKEY_encrypt(ctx, NULL, &len, plain.data, plain.len), ENV_R_INPUT_TOO_LONG);
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_INPUT_TOO_LONG);
    ck_refused(decrypt(kek0, far_too_long, &opened), ENV_R_INPUT_TOO_LONG);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&far_too_long);
    bytes_free(&plain);
}
END_TEST

START_TEST(outputs_that_are_too_short)
{
    struct bytes plain = bytes_plain(1000, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes exact = bytes_new(sealed.len);
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_encrypt_init_ex, NULL);
    size_t len = sealed.len - 1;

    ck_refused(EVP_PKEY_encrypt(ctx, exact.data, &len, plain.data, plain.len),
               ENV_R_OUTPUT_TOO_SMALL);
    ck_assert(bytes_are(exact, 0));
    len = sealed.len;
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, exact.data, &len, plain.data, plain.len), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = kek_ctx(libctx, kek0, EVP_PKEY_decrypt_init_ex, NULL);
    len = plain.len - 1;
    memset(exact.data, 0, exact.len);
    ck_refused(EVP_PKEY_decrypt(ctx, exact.data, &len, sealed.data, sealed.len),
               ENV_R_OUTPUT_TOO_SMALL);
    ck_assert(bytes_are(exact, 0));
    len = plain.len;
    ck_assert_int_eq(EVP_PKEY_decrypt(ctx, exact.data, &len, sealed.data, sealed.len), 1);
    ck_assert_mem_eq(exact.data, plain.data, plain.len);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&exact);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(the_context_of_a_message)
{
    struct bytes context = bytes_of("invoice 7", 9);
    struct bytes plain = bytes_plain(100, 1);
    struct bytes sealed = bytes_new(4096);
    struct bytes opened;
    OSSL_PARAM params[2];
    EVP_PKEY_CTX *ctx;

    context_param(params, context);
    ctx = kek_ctx(libctx, kek0, EVP_PKEY_encrypt_init_ex, params);
    ck_assert_int_eq(EVP_PKEY_encrypt(ctx, sealed.data, &sealed.len, plain.data, plain.len), 1);
    EVP_PKEY_CTX_free(ctx);
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_CONTEXT_MISMATCH);
    ctx = kek_ctx(libctx, kek0, EVP_PKEY_decrypt_init_ex, params);
    opened = bytes_new(4096);
    ck_assert_int_eq(EVP_PKEY_decrypt(ctx, opened.data, &opened.len, sealed.data, sealed.len), 1);
    same(opened, plain);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&opened);
    bytes_free(&sealed);
    bytes_free(&plain);
    bytes_free(&context);
}
END_TEST

/* ---- keys and contexts ---- */

START_TEST(a_kek_that_the_policy_refuses)
{
    unsigned char secret[SECRET];
    struct bytes plain = bytes_plain(10, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes sealed_key = encapsulate(kek0, NULL, secret);
    struct bytes room = bytes_new(4096);
    struct bytes opened = {.data = NULL};
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_encrypt_init_ex, NULL);
    size_t secret_len = SECRET;

    fake_keks[0].refusal = ENV_R_KEK_EXTRACTABLE;
    ck_refused(EVP_PKEY_encrypt(ctx, room.data, &room.len, plain.data, plain.len),
               ENV_R_KEK_EXTRACTABLE);
    EVP_PKEY_CTX_free(ctx);
    ck_refused(decrypt(kek0, sealed, &opened), ENV_R_KEK_EXTRACTABLE);
    ctx = kek_ctx(libctx, kek0, EVP_PKEY_encapsulate_init, NULL);
    ck_refused(EVP_PKEY_encapsulate(ctx, room.data, &room.len, secret, &secret_len),
               ENV_R_KEK_EXTRACTABLE);
    EVP_PKEY_CTX_free(ctx);
    ck_refused(decapsulate(kek0, NULL, sealed_key, secret), ENV_R_KEK_EXTRACTABLE);
    bytes_free(&room);
    bytes_free(&sealed_key);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_token_that_fails)
{
    unsigned char secret[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    struct bytes room = bytes_new(4096);
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_encapsulate_init, NULL);
    size_t secret_len = SECRET;

    fake_keks[0].fail_wrap = true;
    ck_refused(EVP_PKEY_encapsulate(ctx, room.data, &room.len, secret, &secret_len),
               ENV_R_WRAP_FAILED);
    fake_keks[0].fail_wrap = false;
    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, room.data, &room.len, secret, &secret_len), 1);
    EVP_PKEY_CTX_free(ctx);
    fake_keks[0].fail_unwrap = true;
    ck_refused(decapsulate(kek0, NULL, sealed, secret), ENV_R_TOKEN_FAILED);
    bytes_free(&room);
    bytes_free(&sealed);
}
END_TEST

START_TEST(contexts_outlive_keys)
{
    unsigned char secret[SECRET];
    unsigned char again[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_decapsulate_init, NULL);
    EVP_PKEY_CTX *copy;
    size_t len = SECRET;

    EVP_PKEY_free(kek0);
    kek0 = NULL;
    copy = EVP_PKEY_CTX_dup(ctx);
    ck_assert_ptr_nonnull(copy);
    EVP_PKEY_CTX_free(ctx);
    ck_assert_int_eq(EVP_PKEY_decapsulate(copy, again, &len, sealed.data, sealed.len), 1);
    ck_assert_mem_eq(secret, again, SECRET);
    EVP_PKEY_CTX_free(copy);
    bytes_free(&sealed);
}
END_TEST

START_TEST(contexts_are_copied)
{
    struct bytes plain = bytes_plain(10, 1);
    struct bytes sealed = encrypt(kek0, plain);
    struct bytes room = bytes_new(4096);
    EVP_PKEY_CTX *ctx = kek_ctx(libctx, kek0, EVP_PKEY_decrypt_init_ex, NULL);
    EVP_PKEY_CTX *copy = EVP_PKEY_CTX_dup(ctx);

    EVP_PKEY_CTX_free(ctx);
    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(EVP_PKEY_decrypt(copy, room.data, &room.len, sealed.data, sealed.len), 1);
    same(room, plain);
    EVP_PKEY_CTX_free(copy);
    bytes_free(&room);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operations with KEKs");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_sealed_key_comes_back);
    tcase_add_test(tcase, the_context_goes_into_the_secret);
    tcase_add_test(tcase, the_secret_is_derived_from_the_dek);
    tcase_add_test(tcase, buffers_that_are_too_short);
    tcase_add_test(tcase, what_can_not_be_decapsulated);
    tcase_add_test(tcase, an_altered_sealed_key);
    tcase_add_test(tcase, no_message_can_be_hung_on_a_sealed_key);
    tcase_add_test(tcase, messages_go_both_ways);
    tcase_add_test(tcase, a_message_for_several_keks);
    tcase_add_test(tcase, what_can_not_be_decrypted);
    tcase_add_test(tcase, more_than_64_kib);
    tcase_add_test(tcase, outputs_that_are_too_short);
    tcase_add_test(tcase, the_context_of_a_message);
    tcase_add_test(tcase, a_kek_that_the_policy_refuses);
    tcase_add_test(tcase, a_token_that_fails);
    tcase_add_test(tcase, contexts_outlive_keys);
    tcase_add_test(tcase, contexts_are_copied);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
