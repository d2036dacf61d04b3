/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who serves stock OpenSSL's names, and with which key. A key goes to stock OpenSSL untouched, a
 * stand-in is replaced, and a stand-in that cannot be replaced is refused.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/stock_names.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"
#include "keymgmt/token/module_call.h"

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER_CTX *ctx;
static const unsigned char *stand_in; /* of 32 bytes */
static unsigned char raw_key[32], iv[16];

#define ALL_LISTED "key-ciphers = AES-256-GCM AES-256-CBC ChaCha20-Poly1305\n"

static void open_context(const char *lines)
{
    OSSL_LIB_CTX_free(libctx);
    libctx = fake_named_libctx(lines, true);
}

static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    open_context(ALL_LISTED);
    ctx = EVP_CIPHER_CTX_new();
    stand_in = (const unsigned char *)fake_named_keys[FAKE_NAMED_32].stand_in;
    memset(raw_key, 0x42, sizeof(raw_key));
}

static void tear_down(void)
{
    EVP_CIPHER_CTX_free(ctx);
    OSSL_LIB_CTX_free(libctx);
    libctx = NULL;
    ck_assert_int_eq(fake_references(), 0);
    ck_assert_int_eq(atomic_load(&fake_named_lent), 0);
}

/* An init by name, as a program does it that knows nothing of ours. */
static int begin(const char *name, const void *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    int ok;

    ck_assert_ptr_nonnull(cipher);
    ok = EVP_CipherInit_ex2(ctx, cipher, key, iv, 1, NULL);
    EVP_CIPHER_free(cipher);
    return ok;
}

/* What stock OpenSSL makes of 32 zeros under the key. */
static void expect_of(const char *name, const unsigned char *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, "provider=default");
    EVP_CIPHER_CTX *stock = EVP_CIPHER_CTX_new();
    unsigned char zeros[32] = {0}, ours[64], theirs[64];
    int n = 0, m = 0;

    ck_assert_int_eq(EVP_CipherInit_ex2(stock, cipher, key, iv, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(stock, theirs, &m, zeros, 32), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, ours, &n, zeros, 32), 1);
    ck_assert_int_eq(n, m);
    ck_assert_mem_eq(ours, theirs, (size_t)n);
    EVP_CIPHER_CTX_free(stock);
    EVP_CIPHER_free(cipher);
}

/* ---- the table ---- */

static void same_numbers(const EVP_CIPHER *ours, const EVP_CIPHER *stock)
{
    ck_assert_int_eq(EVP_CIPHER_get_nid(ours), EVP_CIPHER_get_nid(stock));
    ck_assert_uint_eq(EVP_CIPHER_get_flags(ours), EVP_CIPHER_get_flags(stock));
    ck_assert_int_eq(EVP_CIPHER_get_key_length(ours), EVP_CIPHER_get_key_length(stock));
    ck_assert_int_eq(EVP_CIPHER_get_iv_length(ours), EVP_CIPHER_get_iv_length(stock));
    ck_assert_int_eq(EVP_CIPHER_get_block_size(ours), EVP_CIPHER_get_block_size(stock));
    ck_assert_int_eq(EVP_CIPHER_get_mode(ours), EVP_CIPHER_get_mode(stock));
}

static void other_name(const char *name, void *arg)
{
    *(const char **)arg = name;
}

/* Those that key-ciphers does not list are ours as well, under all of their names. */
START_TEST(every_cipher_of_the_table_is_ours)
{
    const char *name = env_stock_ciphers[_i].name;
    EVP_CIPHER *stock = EVP_CIPHER_fetch(libctx, name, "provider=default");
    EVP_CIPHER *ours = EVP_CIPHER_fetch(libctx, name, NULL);
    const char *last = NULL;

    ck_assert_ptr_nonnull(stock);
    ck_assert_str_eq(fake_named_server(libctx, name, NULL), "envelope");
    same_numbers(ours, stock);
    ck_assert_int_eq(EVP_CIPHER_names_do_all(stock, other_name, (void *)&last), 1);
    ck_assert_str_eq(fake_named_server(libctx, last, NULL), "envelope");
    ck_assert_ptr_eq(EVP_CIPHER_settable_ctx_params(ours), EVP_CIPHER_settable_ctx_params(stock));
    ck_assert_uint_ne(env_use_number(name), ENV_USE_UNKNOWN);
    ck_assert_uint_eq(env_use(env_use_number(name))->key_len, env_stock_ciphers[_i].key_len);
    EVP_CIPHER_free(stock);
    EVP_CIPHER_free(ours);
}
END_TEST

static void count_name(EVP_CIPHER *cipher, void *arg)
{
    unsigned *counts = arg;

    if (strcmp(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)), "envelope") != 0)
        return;
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++)
        counts[i] += EVP_CIPHER_is_a(cipher, env_stock_ciphers[i].name) == 1;
}

START_TEST(a_name_stands_once_in_the_answer)
{
    unsigned counts[ENV_STOCK_CIPHER_COUNT] = {0};

    open_context(ALL_LISTED "standard-names = yes\nkey-kdfs = PBKDF2\n");
    EVP_CIPHER_do_all_provided(libctx, count_name, counts);
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++)
        ck_assert_uint_eq(counts[i], 1);
}
END_TEST

START_TEST(without_key_ciphers_nothing_is_ours)
{
    open_context("");
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++)
        ck_assert_str_eq(fake_named_server(libctx, env_stock_ciphers[i].name, NULL), "default");
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    expect_of("AES-256-GCM", stand_in);
    open_context("key-kdfs = PBKDF2\n");
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-GCM", NULL), "default");
}
END_TEST

START_TEST(sets_are_lists)
{
    static const struct {
        const char *set;
        const char *ciphers;
    } rows[] = {
        {"mariadb", "AES-128-CBC AES-192-CBC AES-256-CBC AES-128-ECB AES-192-ECB AES-256-ECB "
                    "AES-128-CTR AES-192-CTR AES-256-CTR"},
        {"pgcrypto", "AES-128-CBC AES-192-CBC AES-256-CBC AES-128-ECB AES-192-ECB AES-256-ECB"},
        {"laravel", "AES-256-CBC"},
        {"laravel-gcm", "AES-256-GCM"},
        {"rails-credentials", "AES-128-GCM"},
        {"sqlcipher", "AES-256-CBC"},
        {"SQLcipher aes-256-gcm", "AES-256-CBC AES-256-GCM"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool by_set[ENV_STOCK_CIPHER_COUNT], by_name[ENV_STOCK_CIPHER_COUNT];

        env_stock_list(rows[i].set, by_set);
        env_stock_list(rows[i].ciphers, by_name);
        ck_assert_mem_eq(by_set, by_name, sizeof(by_set));
    }
}
END_TEST

/* ---- keys ---- */

START_TEST(keys_go_to_stock_openssl_and_nowhere_else)
{
    ck_assert_int_eq(begin("AES-256-GCM", raw_key), 1);
    expect_of("AES-256-GCM", raw_key);
    ck_assert_int_eq(begin("AES-256-CTR", raw_key), 1);
    expect_of("AES-256-CTR", raw_key);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

START_TEST(a_stand_in_is_replaced)
{
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    expect_of("AES-256-GCM", fake_named_keys[FAKE_NAMED_32].key);
    ck_assert_int_eq(begin("id-aes256-GCM", stand_in), 1);
    expect_of("AES-256-GCM", fake_named_keys[FAKE_NAMED_32].key);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 2);
}
END_TEST

/* It is counted how often a key seals. */
START_TEST(who_seals_says_so)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-GCM", NULL);

    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    ck_assert_int_eq(atomic_load(&fake_named_seals), 1);
    ck_assert_int_eq(EVP_DecryptInit_ex2(ctx, cipher, stand_in, iv, NULL), 1);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 2);
    ck_assert_int_eq(atomic_load(&fake_named_seals), 1);
    EVP_CIPHER_free(cipher);
}
END_TEST

/* PHP pads a short key with NULs: so was the key itself. */
START_TEST(a_padded_stand_in_is_a_padded_key)
{
    unsigned char padded[32] = {0}, key[32] = {0};

    memcpy(padded, fake_named_keys[FAKE_NAMED_24].stand_in, 24);
    memcpy(key, fake_named_keys[FAKE_NAMED_24].key, 24);
    ck_assert_int_eq(begin("AES-256-CBC", padded), 1);
    expect_of("AES-256-CBC", key);
    /* without padding it stands for a key that needs none */
    fake_named_keys[FAKE_NAMED_32].len = 31;
    ck_refused(begin("AES-256-CBC", stand_in), ENV_R_NAMED_KEY_LENGTH);
    fake_named_keys[FAKE_NAMED_32].len = 33;
    ck_refused(begin("AES-256-CBC", stand_in), ENV_R_NAMED_KEY_LENGTH);
}
END_TEST

START_TEST(what_stands_for_no_key_is_refused)
{
    unsigned char unknown[32];

    memcpy(unknown, stand_in, 32);
    unknown[31] = 'x';
    ck_refused(begin("AES-256-GCM", unknown), ENV_R_KEY_REFUSED);
    fake_named_keys[FAKE_NAMED_32].use = "AES-256-CBC";
    ck_refused(begin("AES-256-GCM", stand_in), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(begin("AES-256-CBC", stand_in), 1);
    fake_named_keys[FAKE_NAMED_32].revoked = true;
    ck_refused(begin("AES-256-CBC", stand_in), ENV_R_KEY_REFUSED);
    ck_assert_int_eq(begin("AES-256-CBC", raw_key), 1);
}
END_TEST

/* What a program that looks at no result writes is under no key that anybody could try. */
static void expect_not_of(const char *name, const unsigned char *key, const unsigned char *made)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, "provider=default");
    EVP_CIPHER_CTX *stock = EVP_CIPHER_CTX_new();
    unsigned char zeros[32] = {0}, theirs[64];
    int n = 0;

    ck_assert_int_eq(EVP_CipherInit_ex2(stock, cipher, key, iv, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(stock, theirs, &n, zeros, 32), 1);
    ck_assert_mem_ne(made, theirs, 32);
    EVP_CIPHER_CTX_free(stock);
    EVP_CIPHER_free(cipher);
}

START_TEST(after_a_refusal_nothing_is_sealed_that_others_open)
{
    static const char *const names[] = {"AES-256-GCM", "AES-256-CBC", "AES-256-CTR", "ChaCha20",
                                        "ChaCha20-Poly1305"};
    const unsigned char nothing[32] = {0};
    unsigned char unknown[32], zeros[32] = {0}, made[64];

    memcpy(unknown, stand_in, 32);
    unknown[31] = 'x';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int n = 0;

        ck_assert_int_eq(begin(names[i], unknown), 0);
        if (EVP_CipherUpdate(ctx, made, &n, zeros, 32) == 1) {
            expect_not_of(names[i], nothing, made);
            expect_not_of(names[i], unknown, made);
        } else {
            ck_assert_int_eq(n, 0);
        }
    }
}
END_TEST

START_TEST(ciphers_that_are_not_listed_refuse_marked_bytes)
{
    ck_refused(begin("AES-256-CTR", stand_in), ENV_R_KEY_NOT_LISTED);
    ck_refused(begin("CAMELLIA-256-CBC", stand_in), ENV_R_KEY_NOT_LISTED);
    ck_refused(begin("AES-128-GCM", fake_named_keys[FAKE_NAMED_16].stand_in), ENV_R_KEY_NOT_LISTED);
    ck_refused(begin("AES-256-XTS", fake_named_keys[FAKE_NAMED_64].stand_in), ENV_R_KEY_NOT_LISTED);
    ck_assert_int_eq(begin("AES-256-CTR", raw_key), 1);
    expect_of("AES-256-CTR", raw_key);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

START_TEST(a_keks_selector_is_refused)
{
    ck_refused(begin("AES-256-GCM", "kek:orders\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
               ENV_R_SELECTOR_MISPLACED);
    ck_refused(begin("AES-256-CTR", "kek:\xC3\xA4 and 26 bytes in all....."),
               ENV_R_SELECTOR_MISPLACED);
}
END_TEST

/* Random keys may begin with less than the shortest stand-in, and are still keys. */
START_TEST(what_only_begins_like_a_mark_is_a_key)
{
    static const char keys[][33] = {
        "key:ABCDEFGHIJK+MNOPQRSTUVWXYZ_-",
        "key:ABCDEFGHIJK\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "6b65793a4142434445464748494a4b2b", /* no base64url */
        "6b65793b4142434445464748494a4b4c", /* no colon */
        "6b65793a4142434445464748494a4bxx",
        "a2V5OUFCQ0RFRkdISUpLTE1OT1BRUlNU", /* no colon */
        "a2V5OkFCQ0RFRkdISUpL\0\0T1BRUlNUV",
        "kek:\xFF\xFForders\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "kek:orders\0x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "kez:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-",
        "Key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-",
        " kez:ABCDEFGHIJKLMNOPQRSTUVWXYZ_",
        " key:ABCDEFGHI+KLMNOPQRSTUVWXYZ_",
        "\xEF\xBB\xBFkez:ABCDEFGHIJKLMNOPQRSTUVWX",
        "\xEF\xBB\xBEkey:ABCDEFGHIJKLMNOPQRSTUVWX",
        " kek:\xFF\xFForders\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "k\0e\0z\0:\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L",
        "k\0e\0y\0:\0A\0B\0C\1D\0E\0F\0G\0H\0I\0J\0K\0L",
        "0x6b65793b4142434445464748494a4b",
        "6b656b3b6f7264657273\0\0\0\0\0\0\0\0\0\0\0",
        "                               ",
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        ck_assert_int_eq(begin("AES-256-GCM", keys[i]), 1);
        expect_of("AES-256-GCM", (const unsigned char *)keys[i]);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* From a file that was read with its line end, into room that was filled up with NULs. */
START_TEST(a_stand_in_with_a_line_end_is_no_key)
{
    static const char *const ends[] = {"\n", "\r\n", " ", "\t", "\n\n"};
    unsigned char key[32];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        memset(key, 0, sizeof(key));
        memcpy(key, fake_named_keys[FAKE_NAMED_24].stand_in, 24);
        memcpy(key + 24, ends[i], strlen(ends[i]));
        ck_refused(begin("AES-256-CBC", key), ENV_R_STAND_IN_BLANKS);
        ck_refused(begin("AES-256-CTR", key), ENV_R_STAND_IN_BLANKS); /* not listed */
        memcpy(key, "kek:orders", 10);
        memset(key + 10, 0, sizeof(key) - 10);
        memcpy(key + 10, ends[i], strlen(ends[i]));
        ck_refused(begin("AES-256-CBC", key), ENV_R_SELECTOR_MISPLACED);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* Two of them, as for XTS, or one that was filled up otherwise than with NULs. */
START_TEST(a_stand_in_with_something_behind_it_is_no_key)
{
    static const char keys[][33] = {
        "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_+",
        "key:ABCDEFGHIJKL================",
        "key:ABCDEFGHIJKLkey:ABCDEFGHIJKL",
        "key:ABCDEFGHIJKLM\0OPQRSTUVWXYZ01",
        "key:ABCDEFGHIJKL\n\n\nx\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    unsigned char two[64];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ck_refused(begin("AES-256-CBC", keys[i]), ENV_R_STAND_IN_LONGER);
    memcpy(two, stand_in, 32);
    memcpy(two + 32, "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 32);
    ck_refused(begin("AES-256-XTS", two), ENV_R_STAND_IN_LONGER);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* A program that decodes no key, or one in another way, takes as much of the text as its key is
   long: PHP does so without a word. */
START_TEST(the_text_of_a_stand_in_is_no_key)
{
    static const char *const texts[] = {
        "6b65793a4142434445464748494a4b4c4d4e4f505152535455565758595a5f2d",
        "6B65793A4142434445464748494A4B4C4D4E4F505152535455565758595A5F2D",
        "a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaXy0=", /* with its filling or a line end */
        "a2V5OkFCQ0RFRkdISUpL\n",
        "6b65793a4142434445464748494a4b4c\n",
    };
    static const struct {
        const char *name;
        size_t len;
    } ciphers[] = {
        {"AES-128-CBC", 16}, {"AES-192-CBC", 24}, {"AES-256-CBC", 32}, {"AES-256-XTS", 64}};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t j = 0; j < sizeof(ciphers) / sizeof(ciphers[0]); j++) {
            unsigned char key[64] = {0};
            size_t len = strlen(texts[i]);

            memcpy(key, texts[i], len < ciphers[j].len ? len : ciphers[j].len);
            ck_refused(begin(ciphers[j].name, key), ENV_R_STAND_IN_ENCODED);
        }
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* What a program makes of a stand-in or a selector that it reads from a file or a setting. */
struct made {
    const char *bytes;
    size_t len;
    int reason;
};
#define MADE(text, reason)                                                                         \
    {                                                                                              \
        text, sizeof(text) - 1, (reason)                                                           \
    }

static const struct made made[] = {
    MADE("\xEF\xBB\xBFkey:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", ENV_R_STAND_IN_PRECEDED),
    MADE(" key:ABCDEFGHIJKL", ENV_R_STAND_IN_PRECEDED),
    MADE("\r\n\tkey:ABCDEFGHIJKL", ENV_R_STAND_IN_PRECEDED),
    MADE("\"key:ABCDEFGHIJKL\"", ENV_R_STAND_IN_PRECEDED),
    MADE("'key:ABCDEFGHIJKL'", ENV_R_STAND_IN_PRECEDED),
    MADE("\xEF\xBB\xBF\"key:ABCDEFGHIJKL\"", ENV_R_STAND_IN_PRECEDED),
    MADE("k\0e\0y\0:\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0", ENV_R_STAND_IN_PRECEDED),
    MADE("\xFF\xFEk\0e\0y\0:\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0", ENV_R_STAND_IN_PRECEDED),
    MADE("\0k\0e\0y\0:\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L", ENV_R_STAND_IN_PRECEDED),
    MADE("\xFE\xFF\0k\0e\0y\0:\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L", ENV_R_STAND_IN_PRECEDED),
    MADE("0x6b65793a4142434445464748494a4b4c", ENV_R_STAND_IN_ENCODED),
    MADE("\\x6b65793a4142434445464748494a4b4c", ENV_R_STAND_IN_ENCODED),
    MADE("x'6b65793a4142434445464748494a4b4c", ENV_R_STAND_IN_ENCODED),
    MADE("6b:65:79:3a:41:42:43:44:45:46:47:48:49:4a:4b:4c", ENV_R_STAND_IN_ENCODED),
    MADE("6B 65 79 3A 41 42 43 44 45 46 47 48 49 4A 4B 4C", ENV_R_STAND_IN_ENCODED),
    MADE("base64:a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaXy0=", ENV_R_STAND_IN_ENCODED),
    MADE("\xEF\xBB\xBF\x36\x62\x36\x35\x37\x39\x33\x61\x34\x31\x34\x32", ENV_R_STAND_IN_ENCODED),
    MADE("\xEF\xBB\xBFkek:orders", ENV_R_SELECTOR_CHANGED),
    MADE(" kek:orders", ENV_R_SELECTOR_CHANGED),
    MADE("k\0e\0k\0:\0o\0r\0d\0e\0r\0s\0", ENV_R_SELECTOR_CHANGED),
    MADE("6b656b3a6f7264657273", ENV_R_SELECTOR_CHANGED),
    MADE("a2VrOm9yZGVycw==", ENV_R_SELECTOR_CHANGED),
};

START_TEST(a_mark_in_another_form_is_no_key)
{
    static const struct {
        const char *name;
        size_t len;
    } ciphers[] = {{"AES-128-CBC", 16}, {"AES-256-CBC", 32}, {"AES-256-XTS", 64}};
    const struct made *one = &made[_i];

    for (size_t j = 0; j < sizeof(ciphers) / sizeof(ciphers[0]); j++) {
        unsigned char key[64] = {0};

        memcpy(key, one->bytes, one->len < ciphers[j].len ? one->len : ciphers[j].len);
        ck_refused(begin(ciphers[j].name, key), one->reason);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

START_TEST(inside_a_module_every_key_is_a_key)
{
    env_call_begin();
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    env_call_end();
    expect_of("AES-256-GCM", stand_in);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* ---- a configuration with something wrong in it ---- */

/* The splice stays, keys work, and a stand-in gets an error. */
START_TEST(what_is_wrong_is_said_to_stand_ins_alone)
{
    static const struct {
        const char *lines;
        int reason;
    } rows[] = {
        {"key-ciphers = AES-256-GCM AES-256-CBCC\n", ENV_R_CONFIG_VALUE},
        {"key-ciphers = AES-256-GCMM\n", ENV_R_CONFIG_VALUE},
        {"key-ciphers = \" \"\n", ENV_R_CONFIG_VALUE},
        {"key-ciphers = \"\"\n", ENV_R_CONFIG_VALUE},
        {"key_ciphers = AES-256-GCM\n", ENV_R_CONFIG_UNKNOWN_KEY},
        {"ciphers = AES-256-GCM\n", ENV_R_CONFIG_UNKNOWN_KEY},
        {"key-ciphers = AES-256-GCM\npin = 1\n", ENV_R_CONFIG_UNKNOWN_KEY},
        {"key-ciphers = AES-256-GCM\nwrap = none\n", ENV_R_CONFIG_VALUE},
        {"key-ciphers = AES-256-GCM\npropquery = \"fips=yes,\"\n", ENV_R_CONFIG_VALUE},
        {"key-ciphers = AES-256-GCM\nkey-kdfs = SCRYPT\n", ENV_R_CONFIG_VALUE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_context(rows[i].lines);
        ck_assert_str_eq(fake_named_server(libctx, "AES-256-GCM", NULL), "envelope");
        if (strstr(rows[i].lines, "fips") == NULL) {
            ck_assert_int_eq(begin("AES-256-GCM", raw_key), 1);
            expect_of("AES-256-GCM", raw_key);
        }
        ck_refused(begin("AES-256-GCM", stand_in), rows[i].reason);
        EVP_CIPHER_CTX_reset(ctx);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* ---- threads, and providers that come and go ---- */

static pthread_barrier_t barrier;

static void *fetch_and_use(void *arg)
{
    EVP_CIPHER_CTX *mine = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher;
    unsigned char out[32], zeros[32] = {0};
    int n = 0;
    bool good;

    (void)pthread_barrier_wait(&barrier);
    cipher = EVP_CIPHER_fetch(libctx, "AES-256-CBC", NULL);
    good = cipher != NULL && EVP_EncryptInit_ex2(mine, cipher, arg, iv, NULL) == 1 &&
           EVP_EncryptUpdate(mine, out, &n, zeros, 32) == 1 && n == 32;
    EVP_CIPHER_CTX_free(mine);
    EVP_CIPHER_free(cipher);
    return good ? NULL : arg;
}

START_TEST(threads_fetch_for_the_first_time_at_once)
{
    for (int round = 0; round < 20; round++) {
        pthread_t threads[8];
        void *failed;

        open_context(ALL_LISTED);
        ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 8), 0);
        for (size_t i = 0; i < 8; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, fetch_and_use,
                                            i % 2 == 0 ? (void *)(uintptr_t)stand_in : raw_key),
                             0);
        for (size_t i = 0; i < 8; i++) {
            ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
            ck_assert_ptr_null(failed);
        }
        (void)pthread_barrier_destroy(&barrier);
    }
}
END_TEST

/* What is spliced goes on when the program unloads the provider that it is from. */
START_TEST(default_is_unloaded_and_loaded_again)
{
    OSSL_PROVIDER *provider;

    OSSL_LIB_CTX_free(libctx);
    libctx = fake_named_libctx_alone(ALL_LISTED);
    provider = OSSL_PROVIDER_load(libctx, "default");
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    ck_assert_int_eq(OSSL_PROVIDER_unload(provider), 1);
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 0);
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    ck_assert_int_eq(begin("AES-256-CBC", raw_key), 1);
    provider = OSSL_PROVIDER_load(libctx, "default");
    ck_assert_ptr_nonnull(provider);
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-GCM", NULL), "envelope");
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    expect_of("AES-256-GCM", fake_named_keys[FAKE_NAMED_32].key);
    ck_assert_int_eq(OSSL_PROVIDER_unload(provider), 1);
}
END_TEST

/* The order of the providers changes then, and does not matter. */
START_TEST(a_third_provider_changes_nothing)
{
    (void)OSSL_PROVIDER_available(libctx, "legacy");
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-GCM", NULL), "envelope");
    ck_assert_int_eq(begin("AES-256-GCM", stand_in), 1);
    expect_of("AES-256-GCM", fake_named_keys[FAKE_NAMED_32].key);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: names");
    TCase *tcase = tcase_create("names");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, every_cipher_of_the_table_is_ours, 0, ENV_STOCK_CIPHER_COUNT);
    tcase_add_test(tcase, a_name_stands_once_in_the_answer);
    tcase_add_test(tcase, without_key_ciphers_nothing_is_ours);
    tcase_add_test(tcase, sets_are_lists);
    tcase_add_test(tcase, keys_go_to_stock_openssl_and_nowhere_else);
    tcase_add_test(tcase, a_stand_in_is_replaced);
    tcase_add_test(tcase, who_seals_says_so);
    tcase_add_test(tcase, a_padded_stand_in_is_a_padded_key);
    tcase_add_test(tcase, what_stands_for_no_key_is_refused);
    tcase_add_test(tcase, after_a_refusal_nothing_is_sealed_that_others_open);
    tcase_add_test(tcase, ciphers_that_are_not_listed_refuse_marked_bytes);
    tcase_add_test(tcase, a_keks_selector_is_refused);
    tcase_add_test(tcase, what_only_begins_like_a_mark_is_a_key);
    tcase_add_test(tcase, a_stand_in_with_a_line_end_is_no_key);
    tcase_add_test(tcase, a_stand_in_with_something_behind_it_is_no_key);
    tcase_add_test(tcase, the_text_of_a_stand_in_is_no_key);
    tcase_add_loop_test(tcase, a_mark_in_another_form_is_no_key, 0,
                        (int)(sizeof(made) / sizeof(made[0])));
    tcase_add_test(tcase, inside_a_module_every_key_is_a_key);
    tcase_add_test(tcase, what_is_wrong_is_said_to_stand_ins_alone);
    tcase_add_test(tcase, threads_fetch_for_the_first_time_at_once);
    tcase_add_test(tcase, default_is_unloaded_and_loaded_again);
    tcase_add_test(tcase, a_third_provider_changes_nothing);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
