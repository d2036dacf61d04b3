/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVP_CIPHER_CTX_copy that fails, whose result nobody looks at: libcrypto leaves the destination
 * with the cipher and a NULL context, and calls us with it. For every cipher of the provider.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "fake_field_keys.h"
#include "fake_keyring.h"

#define CIPHERS_MAX 20u

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER *ciphers[CIPHERS_MAX];
static size_t count;

static EVP_CIPHER *cipher; /* the one that is tried */
static EVP_CIPHER_CTX *source;
static EVP_CIPHER_CTX *copy; /* of which the copying failed */
static unsigned char room[2 * 65568];
static int n;

/* ---- memory that is short ---- */

static bool no_memory;

static void *short_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return no_memory ? NULL : malloc(size);
}

static void *short_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return no_memory ? NULL : realloc(p, size);
}

static void plain_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* ---- contexts ---- */

static void keep_ours(EVP_CIPHER *each, void *arg)
{
    (void)arg;
    if (strcmp(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(each)), "envelope") != 0)
        return;
    ck_assert_uint_lt(count, CIPHERS_MAX);
    ck_assert_int_eq(EVP_CIPHER_up_ref(each), 1);
    ciphers[count++] = each;
}

static void set_up(void)
{
    fake_reset();
    fake_field_reset();
    libctx = fake_field_libctx("standard-names = yes\n");
    count = 0;
    EVP_CIPHER_do_all_provided(libctx, keep_ours, NULL);
    ck_assert_uint_gt(count, 0);
}

static void tear_down(void)
{
    for (size_t i = 0; i < count; i++)
        EVP_CIPHER_free(ciphers[i]);
    OSSL_LIB_CTX_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static bool is_wrap(void)
{
    return EVP_CIPHER_get_mode(cipher) == EVP_CIPH_WRAP_MODE;
}

/* A label as the key of any of them: names the KEK, or (stock names) is a KEK's mark. */
static const unsigned char *key(void)
{
    static unsigned char bytes[32];

    memset(bytes, 0, sizeof(bytes));
    if (strncmp(EVP_CIPHER_get0_name(cipher), "AES-", 4) == 0)
        memcpy(bytes, "kek:", 4);
    if (EVP_CIPHER_is_a(cipher, "ENVELOPE-FIELD"))
        memcpy(bytes, STAND_IN_USERS, 32);
    if (EVP_CIPHER_is_a(cipher, "ENVELOPE-FIELD-DETERMINISTIC"))
        memcpy(bytes, STAND_IN_EMAIL, 32);
    return bytes;
}

static void begin(EVP_CIPHER_CTX *ctx, EVP_CIPHER *with)
{
    ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, with, key(), NULL, NULL), 1);
}

/* What the context makes of 16 bytes, whole. */
static struct bytes run(EVP_CIPHER_CTX *ctx)
{
    unsigned char in[16] = "sixteen letters";
    int len = 0;

    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &len, in, sizeof(in)), 1);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, room + len, &n), 1);
    return bytes_of(room, (size_t)len + (size_t)n);
}

/* A destination whose copying failed for want of memory. */
static void fail_to_copy(void)
{
    fake_keks[0].bits = is_wrap() ? (unsigned)EVP_CIPHER_get_key_length(cipher) * 8 : 256;
    source = EVP_CIPHER_CTX_new();
    copy = EVP_CIPHER_CTX_new();
    begin(source, cipher);
    ERR_clear_error();
    no_memory = true;
    n = EVP_CIPHER_CTX_copy(copy, source);
    no_memory = false;
    ck_assert_int_eq(n, 0);
    ck_assert_ptr_eq(EVP_CIPHER_CTX_get0_cipher(copy), cipher);
    ERR_clear_error();
}

static void free_both(void)
{
    EVP_CIPHER_CTX_free(copy);
    EVP_CIPHER_CTX_free(source);
}

/* ---- what a caller may do with it ---- */

static int update(void)
{
    return EVP_CipherUpdate(copy, room, &n, (const unsigned char *)"x", 1);
}

static int final(void)
{
    return EVP_CipherFinal_ex(copy, room, &n);
}

/* -1 where the cipher has the callback, else 0. */
static int evp_cipher(void)
{
    return EVP_Cipher(copy, room, (const unsigned char *)"x", 1) > 0;
}

static int evp_cipher_end(void)
{
    return EVP_Cipher(copy, room, NULL, 0) > 0;
}

static int copy_on(void)
{
    EVP_CIPHER_CTX *third = EVP_CIPHER_CTX_new();
    int result = EVP_CIPHER_CTX_copy(third, copy);

    EVP_CIPHER_CTX_free(third);
    return result;
}

static int set_padding(void)
{
    return EVP_CIPHER_CTX_set_padding(copy, 0);
}

static int set_kek(void)
{
    char name[] = "kek0";
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("kek", name, 4), OSSL_PARAM_END};

    return EVP_CIPHER_CTX_set_params(copy, params);
}

static int get_params(void)
{
    size_t len = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, &len), OSSL_PARAM_END};

    return EVP_CIPHER_CTX_get_params(copy, params);
}

static const struct {
    const char *name;
    int (*call)(void);
} refused[] = {
    {"update", update},         {"final", final},
    {"EVP_Cipher", evp_cipher}, {"EVP_Cipher without input", evp_cipher_end},
    {"copy", copy_on},          {"set_padding", set_padding},
    {"set_params", set_kek},    {"get_params", get_params},
};

#define REFUSED (sizeof(refused) / sizeof(refused[0]))

/* libcrypto answers some itself; what it asks us for it gets or does without. */
static void ask_for_numbers(void)
{
    int key_len = EVP_CIPHER_CTX_get_key_length(copy);

    ck_assert(key_len == -1 || key_len == EVP_CIPHER_get_key_length(cipher));
    ck_assert_int_eq(EVP_CIPHER_CTX_get_block_size(copy), EVP_CIPHER_get_block_size(cipher));
    (void)EVP_CIPHER_CTX_get_iv_length(copy);
    (void)EVP_CIPHER_CTX_get_tag_length(copy);
    (void)EVP_CIPHER_CTX_get_num(copy);
    (void)EVP_CIPHER_CTX_set_key_length(copy, EVP_CIPHER_get_key_length(cipher));
    (void)EVP_CIPHER_CTX_ctrl(copy, EVP_CTRL_INIT, 0, NULL);
    ck_assert_ptr_nonnull(EVP_CIPHER_CTX_gettable_params(copy));
    ck_assert_ptr_nonnull(EVP_CIPHER_CTX_settable_params(copy));
    ERR_clear_error();
}

static void for_every_cipher(void (*try_it)(void))
{
    for (size_t i = 0; i < count; i++) {
        cipher = ciphers[i];
        try_it();
    }
}

static void each_is_refused(void)
{
    for (size_t i = 0; i < REFUSED; i++) {
        const char *name = EVP_CIPHER_get0_name(cipher);
        int reason;

        fail_to_copy();
        ck_assert_msg(refused[i].call() <= 0, "%s: %s works on nothing", name, refused[i].name);
        reason = caller_reason();
        ck_assert_msg(reason == ENV_R_NO_CONTEXT, "%s: %s says %d", name, refused[i].name, reason);
        ask_for_numbers();
        free_both();
    }
}

START_TEST(every_operation_is_refused)
{
    for_every_cipher(each_is_refused);
}
END_TEST

/* With the cipher or without, and after all that was refused; and the source goes on. */
static void begin_anew(void)
{
    for (int with_cipher = 0; with_cipher <= 1; with_cipher++) {
        struct bytes out;

        fail_to_copy();
        for (size_t i = 0; i < REFUSED; i++)
            (void)refused[i].call();
        begin(copy, with_cipher ? cipher : NULL);
        if (strcmp(EVP_CIPHER_get0_name(cipher), "ENVELOPE-REWRAP") != 0) {
            out = run(copy);
            ck_assert_uint_gt(out.len, 16);
            bytes_free(&out);
            out = run(source);
            ck_assert_uint_gt(out.len, 16);
            bytes_free(&out);
        } else { /* these are not a message */
            ck_refused(update(), ENV_R_NOT_A_MESSAGE);
        }
        free_both();
    }
}

START_TEST(it_begins_anew)
{
    for_every_cipher(begin_anew);
}
END_TEST

static void reset_and_copy_over(void)
{
    struct bytes out;

    fail_to_copy();
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, source), 1);
    if (strcmp(EVP_CIPHER_get0_name(cipher), "ENVELOPE-REWRAP") != 0) {
        out = run(copy);
        ck_assert_uint_gt(out.len, 16);
        bytes_free(&out);
    }
    free_both();
    fail_to_copy();
    ck_assert_int_eq(EVP_CIPHER_CTX_reset(copy), 1);
    begin(copy, cipher);
    free_both();
}

START_TEST(it_is_reset_and_copied_over)
{
    for_every_cipher(reset_and_copy_over);
}
END_TEST

/* The copy that is refused for good: of a context that seals. */
START_TEST(copies_of_a_sealing_context)
{
    static const char *const names[] = {"ENVELOPE", "ENVELOPE-64K"};

    cipher = EVP_CIPHER_fetch(libctx, names[_i], NULL);
    for (size_t i = 0; i < REFUSED; i++) {
        struct bytes message;
        struct bytes opened;

        source = EVP_CIPHER_CTX_new();
        copy = EVP_CIPHER_CTX_new();
        begin(source, cipher);
        ck_assert_int_eq(EVP_CipherUpdate(source, room, &n, (const unsigned char *)"x", 1), 1);
        ck_refused(EVP_CIPHER_CTX_copy(copy, source), ENV_R_COPY_WHILE_SEALING);
        ck_assert_int_le(refused[i].call(), 0);
        ck_assert_int_eq(caller_reason(), ENV_R_NO_CONTEXT);
        ask_for_numbers();
        begin(copy, NULL);
        message = run(copy);
        ck_assert_int_eq(EVP_DecryptInit_ex2(copy, NULL, key(), NULL, NULL), 1);
        opened = caller_finish(copy, message, message.len);
        ck_assert_uint_eq(opened.len, 16);
        ck_assert_mem_eq(opened.data, "sixteen letters", 16);
        bytes_free(&message);
        bytes_free(&opened);
        free_both();
    }
    EVP_CIPHER_free(cipher);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copies that failed");
    TCase *tcase = tcase_create("all");

    if (!CRYPTO_set_mem_functions(short_malloc, short_realloc, plain_free))
        return EXIT_FAILURE;
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, every_operation_is_refused);
    tcase_add_test(tcase, it_begins_anew);
    tcase_add_test(tcase, it_is_reset_and_copied_over);
    tcase_add_loop_test(tcase, copies_of_a_sealing_context, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
