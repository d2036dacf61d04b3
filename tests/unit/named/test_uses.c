/* SPDX-License-Identifier: Apache-2.0 */
/* The uses of a key: one algorithm, or a compatible set. */
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/base/stock_names.h"
#include "envelope/named/stand_in.h"
#include "named_case.h"

static env_uses uses_for(const char *words, size_t key_len, bool mixed)
{
    env_uses out = 0;

    ck_demand(env_ok(env_uses_for(named_context->errors, words, key_len, mixed, &out)), "%s",
              words);
    return out;
}

static void are(env_uses uses, const char *wanted)
{
    struct env_named_clear clear = {0};
    char text[512] = "";

    env_uses_to_clear(uses, &clear);
    for (size_t i = 0; i < clear.use_count; i++) {
        strcat(text, clear.uses[i]);
        strcat(text, " ");
    }
    ck_assert_str_eq(text, wanted);
}

static int why_not(const char *words, size_t key_len, bool mixed)
{
    env_uses out = 77;
    ENV_RESULT r = env_uses_for(named_context->errors, words, key_len, mixed, &out);

    ck_assert(env_ok(r) || (r.raised && caller_reason() == (int)r.reason));
    return (int)r.reason;
}

START_TEST(each_algorithm_and_each_set_is_a_use)
{
    for (unsigned i = 0; env_use(i) != NULL; i++) {
        ck_assert_uint_eq(env_use_number(env_use(i)->name), i);
        ck_assert(uses_for(env_use(i)->name, 0, false) == ENV_USE_BIT(i));
        ck_assert_uint_le(strlen(env_use(i)->name), ENV_NAMED_USE_MAX);
    }
    for (size_t i = 0; env_use_set_name(i)[0] != '\0'; i++)
        ck_assert(uses_for(env_use_set_name(i), 0, false) != 0);
    ck_assert_uint_eq(env_use_number("aes-256-gcm"), env_use_number("AES-256-GCM"));
    ck_assert_uint_eq(env_use_number("AES-256"), ENV_USE_UNKNOWN);
    ck_assert_uint_eq(env_use_number(""), ENV_USE_UNKNOWN);
    ck_assert_ptr_null(env_use(ENV_USE_UNKNOWN));
}
END_TEST

/* key-ciphers and --for have one table: what a program's cipher is spliced for, a key may be for.
 */
START_TEST(ciphers_and_sets_are_those_of_key_ciphers)
{
    bool listed[ENV_STOCK_CIPHER_COUNT];

    for (unsigned i = 0; i < ENV_STOCK_CIPHER_COUNT; i++) {
        const struct env_use *use = env_use(env_use_number(env_stock_ciphers[i].name));
        bool aead = (env_stock_ciphers[i].flags & ENV_STOCK_AEAD) != 0;

        ck_assert_ptr_nonnull(use);
        ck_assert_uint_eq(use->key_len, env_stock_ciphers[i].key_len);
        ck_assert_int_eq(use->kind, aead ? ENV_USE_AUTHENTICATED : ENV_USE_CIPHER);
    }
    for (size_t i = 0; i < ENV_STOCK_SET_COUNT; i++) {
        const char *name = env_stock_sets[i].name;
        env_uses all = 0;

        ck_assert_str_eq(env_use_set_name(i), name);
        for (size_t len = 16; len <= 32; len += 8)
            all |= uses_for(name, len, false);
        env_stock_list(name, listed);
        for (unsigned j = 0; j < ENV_STOCK_CIPHER_COUNT; j++) {
            unsigned number = env_use_number(env_stock_ciphers[j].name);

            ck_assert(listed[j] == ((all & ENV_USE_BIT(number)) != 0));
        }
    }
    /* rails has no cipher, so key-ciphers does not accept it */
    ck_assert_int_eq(env_stock_judge_ciphers("rails", named_context->errors).reason,
                     ENV_R_CONFIG_VALUE);
}
END_TEST

START_TEST(sets_are_what_programs_need)
{
    are(uses_for("mariadb", 0, false), "AES-256-ECB AES-256-CBC AES-256-CTR ");
    are(uses_for("mariadb", 16, false), "AES-128-ECB AES-128-CBC AES-128-CTR ");
    are(uses_for("mariadb", 24, false), "AES-192-ECB AES-192-CBC AES-192-CTR ");
    are(uses_for("pgcrypto", 0, false), "AES-256-ECB AES-256-CBC ");
    are(uses_for("pgcrypto", 16, false), "AES-128-ECB AES-128-CBC ");
    are(uses_for("pgcrypto", 24, false), "AES-192-ECB AES-192-CBC ");
    are(uses_for("laravel", 0, false), "AES-256-CBC ");
    are(uses_for("laravel-gcm", 0, false), "AES-256-GCM ");
    are(uses_for("rails", 0, false), "PBKDF2 ");
    are(uses_for("rails-credentials", 0, false), "AES-128-GCM ");
    are(uses_for("sqlcipher", 0, false), "AES-256-CBC PBKDF2 ");
}
END_TEST

START_TEST(several_are_only_mixed)
{
    ck_assert_int_eq(why_not("AES-256-CBC AES-256-CTR", 0, false), ENV_R_KEY_USES);
    are(uses_for("AES-256-GCM,AES-256-CBC", 0, true), "AES-256-CBC AES-256-GCM ");
    ck_assert_int_eq(why_not("", 0, false), ENV_R_KEY_USES);
    ck_assert_int_eq(why_not(" , ", 0, true), ENV_R_KEY_USES);
    ck_assert_int_eq(why_not("AES-257-GCM", 0, false), ENV_R_KEY_USES);
    ck_assert_int_eq(why_not("pgcrypto", 20, false), ENV_R_KEY_USES);
    ck_assert_int_eq(why_not("mariadb", 20, false), ENV_R_KEY_USES);
}
END_TEST

static int fit(const char *words, size_t key_len, enum env_named_origin origin, bool mixed)
{
    ENV_RESULT r =
        env_uses_fit(named_context->errors, uses_for(words, 0, true), key_len, origin, mixed);

    ck_assert(env_ok(r) || (r.raised && caller_reason() == (int)r.reason));
    return (int)r.reason;
}

START_TEST(modes_that_give_the_hash_key_away_stand_apart)
{
    static const char *const sealing[] = {"AES-256-GCM", "AES-256-CCM", "AES-256-OCB"};
    static const char *const others[] = {"AES-256-ECB", "AES-256-CBC",  "AES-256-CTR",
                                         "AES-256-CFB", "AES-256-CFB8", "AES-256-OFB"};
    char words[64];

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 6; j++) {
            struct env_named_clear clear = {0};

            (void)snprintf(words, sizeof(words), "%s %s", sealing[i], others[j]);
            ck_assert_int_eq(fit(words, 32, ENV_NAMED_IMPORTED, false), ENV_R_KEY_USES);
            ck_assert_int_eq(fit(words, 32, ENV_NAMED_IMPORTED, true), ENV_R_NONE);
            /* a file with mixed uses that is not marked as mixed gives no use */
            env_uses_to_clear(uses_for(words, 0, true), &clear);
            ck_assert(env_uses_of(&clear) == 0);
            clear.mixed = true;
            ck_assert(env_uses_of(&clear) == uses_for(words, 0, true));
        }
    }
}
END_TEST

START_TEST(lengths_of_keys)
{
    ck_assert_int_eq(fit("AES-256-GCM", 32, ENV_NAMED_GENERATED, false), ENV_R_NONE);
    ck_assert_int_eq(fit("AES-256-GCM", 31, ENV_NAMED_GENERATED, false), ENV_R_KEY_USES);
    ck_assert_int_eq(fit("AES-256-CBC", 20, ENV_NAMED_IMPORTED, false), ENV_R_NONE);
    ck_assert_int_eq(fit("AES-256-CBC", 33, ENV_NAMED_IMPORTED, false), ENV_R_KEY_USES);
    ck_assert_int_eq(fit("AES-256-CBC", 0, ENV_NAMED_IMPORTED, false), ENV_R_KEY_USES);
    ck_assert_int_eq(fit("AES-256-XTS", 64, ENV_NAMED_GENERATED, false), ENV_R_NONE);
    ck_assert_int_eq(fit("PBKDF2", 1, ENV_NAMED_IMPORTED, false), ENV_R_NONE);
    ck_assert_int_eq(fit("PBKDF2", 1024, ENV_NAMED_IMPORTED, false), ENV_R_NONE);
    ck_assert_int_eq(fit("PBKDF2", 1025, ENV_NAMED_IMPORTED, false), ENV_R_KEY_USES);
    ck_assert_int_eq(fit("sqlcipher", 50, ENV_NAMED_IMPORTED, false), ENV_R_NONE);
    ck_assert_uint_eq(env_uses_key_len(uses_for("PBKDF2", 0, false)), 32);
    ck_assert_uint_eq(env_uses_key_len(uses_for("sqlcipher", 0, false)), 32);
    ck_assert_uint_eq(env_uses_key_len(uses_for("AES-128-XTS", 0, false)), 32);
    ck_assert_uint_eq(env_uses_key_len(uses_for("tenant-keys", 0, false)), 32);
}
END_TEST

START_TEST(keys_for_fields_have_no_other_use)
{
    static const char *const fields[] = {"ENVELOPE-FIELD", "ENVELOPE-FIELD-DETERMINISTIC",
                                         "tenant-keys"};
    char words[64];

    for (size_t i = 0; i < 3; i++) {
        struct env_named_clear clear = {.mixed = true};

        ck_assert_int_eq(fit(fields[i], 32, ENV_NAMED_GENERATED, false), ENV_R_NONE);
        ck_assert_int_eq(fit(fields[i], 16, ENV_NAMED_GENERATED, false), ENV_R_KEY_USES);
        ck_assert_int_eq(fit(fields[i], 32, ENV_NAMED_IMPORTED, false), ENV_R_KEY_USES);
        (void)snprintf(words, sizeof(words), "%s AES-256-CBC", fields[i]);
        ck_assert_int_eq(fit(words, 32, ENV_NAMED_GENERATED, true), ENV_R_KEY_USES);
        ck_assert(env_uses_are_fields(uses_for(words, 0, true)));
        env_uses_to_clear(uses_for(words, 0, true), &clear);
        ck_assert(env_uses_of(&clear) == 0);
    }
    ck_assert(!env_uses_are_fields(uses_for("mariadb", 0, false)));
}
END_TEST

START_TEST(what_a_later_version_knows_is_not_granted)
{
    struct env_named_clear clear = {.use_count = 2};

    strcpy(clear.uses[0], "AES-512-GCM");
    strcpy(clear.uses[1], "AES-256-GCM");
    ck_assert(env_uses_of(&clear) == uses_for("AES-256-GCM", 0, false));
}
END_TEST

/* ---- stand-ins ---- */

static bool is(const char *text, size_t len)
{
    size_t length = 0;
    bool yes = env_stand_in_is((struct env_span){(const uint8_t *)text, len}, &length);

    ck_assert(!yes || (length >= 16 && length <= 64 && length <= len));
    return yes;
}

START_TEST(a_stand_in_is_as_long_as_its_key)
{
    env_uses gcm = uses_for("AES-256-GCM", 0, false);
    char one[ENV_STAND_IN_MAX + 1];
    char other[ENV_STAND_IN_MAX + 1];

    ck_assert_uint_eq(env_stand_in_length(gcm, 32), 32);
    ck_assert_uint_eq(env_stand_in_length(gcm, 5), 16);
    ck_assert_uint_eq(env_stand_in_length(uses_for("AES-256-XTS", 0, false), 64), 64);
    ck_assert_uint_eq(env_stand_in_length(uses_for("PBKDF2", 0, false), 1024), 32);
    ck_assert_uint_eq(env_stand_in_length(uses_for("PBKDF2", 0, false), 3), 32);
    ck_assert_uint_eq(env_stand_in_length(uses_for("sqlcipher", 0, false), 32), 32);
    for (size_t length = ENV_STAND_IN_MIN; length <= ENV_STAND_IN_MAX; length++) {
        ck_assert(env_ok(env_stand_in_make(named_context->crypto, length, one)));
        ck_assert(env_ok(env_stand_in_make(named_context->crypto, length, other)));
        ck_assert_uint_eq(strlen(one), length);
        ck_assert_str_ne(one, other);
        ck_assert(is(one, length));
    }
    ck_assert(!env_ok(env_stand_in_make(named_context->crypto, ENV_STAND_IN_MIN - 1, one)));
    ck_assert(!env_ok(env_stand_in_make(named_context->crypto, ENV_STAND_IN_MAX + 1, one)));
}
END_TEST

START_TEST(exactly_that_form_is_one)
{
    ck_assert(is("key:abcdefghijkl", 16));
    ck_assert(is("key:AZaz09-_ijkl", 16));
    ck_assert(is("key:abcdefghijkl\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32));
    ck_assert(!is("key:abcdefghijk", 15));
    ck_assert(!is("key:abcdefghijk\0", 16));
    ck_assert(!is("Key:abcdefghijkl", 16));
    ck_assert(!is("kek:abcdefghijkl", 16));
    ck_assert(!is("key:abcdefghij+l", 16));
    ck_assert(!is("key:abcdefghij/l", 16));
    ck_assert(!is("key:abcdefghijk=", 16));
    ck_assert(!is("key:abcdefghijkl\0x", 18));
    ck_assert(!is("key:abcdefghijkl x", 18));
    ck_assert(!is("", 0));
}
END_TEST

START_TEST(too_long_is_none)
{
    char text[80] = "key:";

    memset(text + 4, 'a', 61);
    ck_assert(is(text, 64));
    ck_assert(!is(text, 65));
    text[64] = '\0';
    ck_assert(is(text, 80));
}
END_TEST

START_TEST(a_password_is_one_of_32_bytes_alone)
{
    static const char stand_in[] = "key:abcdefghijklmnopqrstuvwxyz01";

    ck_assert(env_stand_in_is_password((struct env_span){(const uint8_t *)stand_in, 32}));
    ck_assert(!env_stand_in_is_password((struct env_span){(const uint8_t *)stand_in, 31}));
    ck_assert(!env_stand_in_is_password((struct env_span){(const uint8_t *)stand_in, 33}));
    ck_assert(!env_stand_in_is_password(
        (struct env_span){(const uint8_t *)"key:abcdefghijklmnopqrstuvwxyz0\0", 32}));
}
END_TEST

START_TEST(each_hash_is_compared)
{
    struct env_named_sealed *sealed = env_secret_alloc(sizeof(*sealed));
    const struct env_span stand_in = {(const uint8_t *)"key:abcdefghijkl", 16};
    uint8_t hash[ENV_STAND_IN_HASH_LEN];

    /* sha256sum */
    ck_assert(env_ok(env_stand_in_hash(named_context->crypto, stand_in, hash)));
    ck_assert_mem_eq(hash, "\x98\x75\x42\x20", 4);
    ck_assert_uint_eq(env_stand_in_find(sealed, hash), ENV_NAMED_STAND_INS_MAX);
    sealed->stand_in_count = 3;
    memcpy(sealed->hashes[2], hash, sizeof(hash));
    ck_assert_uint_eq(env_stand_in_find(sealed, hash), 2);
    hash[31] ^= 1;
    ck_assert_uint_eq(env_stand_in_find(sealed, hash), ENV_NAMED_STAND_INS_MAX);
    env_secret_free(sealed, sizeof(*sealed));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uses");
    TCase *tcase = tcase_create("uses");

    tcase_add_checked_fixture(tcase, named_set_up, named_tear_down);
    tcase_add_test(tcase, each_algorithm_and_each_set_is_a_use);
    tcase_add_test(tcase, ciphers_and_sets_are_those_of_key_ciphers);
    tcase_add_test(tcase, sets_are_what_programs_need);
    tcase_add_test(tcase, several_are_only_mixed);
    tcase_add_test(tcase, modes_that_give_the_hash_key_away_stand_apart);
    tcase_add_test(tcase, lengths_of_keys);
    tcase_add_test(tcase, keys_for_fields_have_no_other_use);
    tcase_add_test(tcase, what_a_later_version_knows_is_not_granted);
    tcase_add_test(tcase, a_stand_in_is_as_long_as_its_key);
    tcase_add_test(tcase, exactly_that_form_is_one);
    tcase_add_test(tcase, too_long_is_none);
    tcase_add_test(tcase, a_password_is_one_of_32_bytes_alone);
    tcase_add_test(tcase, each_hash_is_compared);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
