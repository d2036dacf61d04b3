/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of a key file, to DER and back; and invalid ones. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/secret.h"
#include "envelope/format/named_key.h"

static struct env_named_clear clear;
static struct env_named_clear back;
static struct env_named_sealed *sealed;
static uint8_t *room;

static void set_up(void)
{
    memset(&clear, 0, sizeof(clear));
    strcpy(clear.name, "orders");
    clear.number = 3;
    clear.use_count = 2;
    strcpy(clear.uses[0], "AES-256-ECB");
    strcpy(clear.uses[1], "AES-256-CBC");
    strcpy(clear.owner, "die Leute vom L\xC3\xA4\x64\x65n");
    clear.origin = ENV_NAMED_IMPORTED;
    clear.created = 1767225600;
    clear.seal_from = 1767229200;
    clear.stand_in_count = 2;
    strcpy(clear.stand_ins[0].application, "webshop");
    memset(clear.stand_ins[0].hint, 7, ENV_STAND_IN_HINT_LEN);
    strcpy(clear.stand_ins[1].application, "batch");
    memset(clear.stand_ins[1].hint, 8, ENV_STAND_IN_HINT_LEN);
    memset(clear.id, 9, sizeof(clear.id));
    sealed = env_secret_alloc(sizeof(*sealed));
    room = env_secret_alloc(ENV_NAMED_SEALED_MAX);
    ck_assert(sealed != NULL && room != NULL);
    strcpy(sealed->name, "orders");
    sealed->number = 3;
    sealed->key_len = 32;
    memset(sealed->key, 0x5A, 32);
    sealed->stand_in_count = 2;
    memset(sealed->hashes[0], 7, ENV_STAND_IN_HASH_LEN);
    memset(sealed->hashes[1], 8, ENV_STAND_IN_HASH_LEN);
}

static void tear_down(void)
{
    env_secret_free(sealed, sizeof(*sealed));
    env_secret_free(room, ENV_NAMED_SEALED_MAX);
}

static struct bytes written(void)
{
    uint8_t *der = NULL;
    size_t len = 0;
    struct bytes bytes;

    ck_assert(env_ok(env_named_clear_encode(&clear, &der, &len)));
    bytes = bytes_of(der, len);
    OPENSSL_free(der);
    return bytes;
}

static int reading(struct bytes der)
{
    return (int)env_named_clear_decode((struct env_span){der.data, der.len}, &back).reason;
}

static void comes_back(void)
{
    struct bytes der = written();

    ck_assert_int_eq(reading(der), ENV_R_NONE);
    ck_assert_mem_eq(&back, &clear, sizeof(clear));
    bytes_free(&der);
}

START_TEST(the_clear_part_comes_back)
{
    comes_back();
    clear.mixed = clear.no_export = true;
    clear.not_after = 253402300799;
    clear.origin = ENV_NAMED_GENERATED;
    memset(clear.owner, 0, sizeof(clear.owner));
    clear.stand_in_count = 0;
    memset(clear.stand_ins, 0, sizeof(clear.stand_ins));
    clear.created = clear.seal_from = 0;
    comes_back();
}
END_TEST

START_TEST(all_at_their_longest_come_back)
{
    memset(clear.name, 'n', ENV_NAMED_NAME_MAX);
    clear.number = ENV_NAMED_NUMBER_MAX;
    memset(clear.owner, 'o', ENV_NAMED_TEXT_MAX);
    clear.owner[ENV_NAMED_TEXT_MAX] = '\0';
    clear.use_count = ENV_NAMED_USES_MAX;
    for (size_t i = 0; i < ENV_NAMED_USES_MAX; i++) {
        memset(clear.uses[i], 'u', ENV_NAMED_USE_MAX);
        clear.uses[i][0] = (char)('a' + i);
    }
    clear.stand_in_count = ENV_NAMED_STAND_INS_MAX;
    for (size_t i = 0; i < ENV_NAMED_STAND_INS_MAX; i++) {
        memset(clear.stand_ins[i].application, 'a', ENV_NAMED_APPLICATION_MAX);
        memset(clear.stand_ins[i].hint, (int)i, ENV_STAND_IN_HINT_LEN);
    }
    comes_back();
}
END_TEST

/* Each is one thing that is wrong. */
static void spoil(int i)
{
    switch (i) {
    case 0:
        clear.name[2] = '\0';
        break;
    case 1:
        strcpy(clear.name, "default");
        break;
    case 2:
        strcpy(clear.name, "-orders");
        break;
    case 3:
        strcpy(clear.name, "or/ders");
        break;
    case 4:
        clear.number = 0;
        break;
    case 5:
        clear.number = ENV_NAMED_NUMBER_MAX + 1;
        break;
    case 6:
        clear.use_count = 0;
        break;
    case 7:
        clear.use_count = ENV_NAMED_USES_MAX + 1;
        break;
    case 8:
        strcpy(clear.uses[1], clear.uses[0]);
        break;
    case 9:
        strcpy(clear.uses[1], "AES 256");
        break;
    case 10:
        strcpy(clear.owner, "one\nline");
        break;
    case 11:
        strcpy(clear.owner, "\xFF");
        break;
    case 12:
        clear.created = -1;
        break;
    case 13:
        clear.not_after = 253402300800;
        break;
    case 14:
        clear.stand_in_count = ENV_NAMED_STAND_INS_MAX + 1;
        break;
    case 15:
        memcpy(clear.stand_ins[1].hint, clear.stand_ins[0].hint, ENV_STAND_IN_HINT_LEN);
        break;
    case 16:
        clear.stand_ins[1].application[0] = '\0';
        break;
    default:
        clear.uses[0][0] = '\0';
        break;
    }
}

START_TEST(what_is_wrong_is_not_written)
{
    uint8_t *der = NULL;
    size_t len = 0;

    spoil(_i);
    ck_assert_int_eq(env_named_clear_encode(&clear, &der, &len).reason, ENV_R_KEY_FILE_BAD);
    ck_assert_ptr_null(der);
}
END_TEST

/* Whatever byte is another: it is refused, or written again it is the same bytes. */
START_TEST(of_one_meaning_there_is_one_writing)
{
    struct bytes der = written();
    unsigned accepted = 0;

    for (size_t i = 0; i < der.len; i++) {
        for (unsigned value = 0; value < 256; value++) {
            unsigned char old = der.data[i];

            der.data[i] = (unsigned char)value;
            if (reading(der) == ENV_R_NONE) {
                struct env_named_clear kept = clear;
                struct bytes again;

                clear = back;
                again = written();
                clear = kept;
                ck_demand(again.len == der.len && memcmp(again.data, der.data, der.len) == 0,
                          "byte %zu as %02x has two writings", i, value);
                bytes_free(&again);
                accepted++;
            }
            der.data[i] = old;
        }
    }
    ck_assert_uint_gt(accepted, der.len);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    bytes_free(&der);
}
END_TEST

START_TEST(cut_and_longer_is_refused)
{
    struct bytes der = written();
    size_t whole = der.len;

    for (der.len = 0; der.len < whole; der.len++)
        ck_assert_int_eq(reading(der), ENV_R_KEY_FILE_BAD);
    bytes_append(&der, "", 1);
    ck_assert_int_eq(reading(der), ENV_R_KEY_FILE_BAD);
    bytes_free(&der);
}
END_TEST

static ENV_RESULT read_sealed(size_t len, struct env_named_sealed *out)
{
    return env_named_sealed_decode((struct env_span){room, len}, out);
}

START_TEST(the_sealed_part_comes_back)
{
    static const size_t lengths[] = {1, 16, 32, ENV_NAMED_KEY_MAX};
    struct env_named_sealed *read = env_secret_alloc(sizeof(*read));
    size_t len = 0;

    sealed->stand_in_count = ENV_NAMED_STAND_INS_MAX;
    memset(sealed->hashes, 3, sizeof(sealed->hashes));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sealed->key_len = lengths[i];
        ck_assert(env_ok(env_named_sealed_encode(sealed, room, &len)));
        ck_assert(env_ok(read_sealed(len, read)));
        ck_assert_str_eq(read->name, "orders");
        ck_assert_uint_eq(read->number, 3);
        ck_assert_uint_eq(read->key_len, lengths[i]);
        ck_assert_mem_eq(read->key, sealed->key, lengths[i]);
        ck_assert_uint_eq(read->stand_in_count, ENV_NAMED_STAND_INS_MAX);
        ck_assert_mem_eq(read->hashes, sealed->hashes, sizeof(sealed->hashes));
    }
    env_secret_free(read, sizeof(*read));
}
END_TEST

START_TEST(a_sealed_part_that_is_wrong_is_refused)
{
    struct env_named_sealed *read = env_secret_alloc(sizeof(*read));
    size_t len = 0;

    ck_assert(env_ok(env_named_sealed_encode(sealed, room, &len)));
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            room[i] ^= (uint8_t)(1u << bit);
            if (env_ok(read_sealed(len, read)))
                ck_demand(read->key_len >= 1 && read->key_len <= ENV_NAMED_KEY_MAX &&
                              env_named_name_is(read->name, strlen(read->name)),
                          "byte %zu", i);
            else
                ck_demand(read->key[0] == 0 && read->key_len == 0, "a key is left");
            room[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t cut = 0; cut < len; cut++)
        ck_assert_int_eq(read_sealed(cut, read).reason, ENV_R_KEY_FILE_BAD);
    sealed->key_len = 0;
    ck_assert_int_eq(env_named_sealed_encode(sealed, room, &len).reason, ENV_R_KEY_FILE_BAD);
    sealed->key_len = ENV_NAMED_KEY_MAX + 1;
    ck_assert_int_eq(env_named_sealed_encode(sealed, room, &len).reason, ENV_R_KEY_FILE_BAD);
    env_secret_free(read, sizeof(*read));
}
END_TEST

START_TEST(both_parts_have_to_agree)
{
    ck_assert(env_ok(env_named_agree(&clear, sealed, clear.id)));
    sealed->number++;
    ck_assert_int_eq(env_named_agree(&clear, sealed, clear.id).reason, ENV_R_KEY_FILE_BAD);
    sealed->number--;
    sealed->hashes[1][7] ^= 1;
    ck_assert_int_eq(env_named_agree(&clear, sealed, clear.id).reason, ENV_R_KEY_FILE_BAD);
    sealed->hashes[1][7] ^= 1;
    sealed->stand_in_count = 1;
    ck_assert_int_eq(env_named_agree(&clear, sealed, clear.id).reason, ENV_R_KEY_FILE_BAD);
    sealed->stand_in_count = 2;
    strcpy(sealed->name, "order5");
    ck_assert_int_eq(env_named_agree(&clear, sealed, clear.id).reason, ENV_R_KEY_FILE_BAD);
    strcpy(sealed->name, "orders");
    ck_assert_int_eq(env_named_agree(&clear, sealed, (const uint8_t *)"12345678").reason,
                     ENV_R_KEY_FILE_BAD);
}
END_TEST

START_TEST(names_and_files)
{
    static const struct {
        const char *text;
        bool good;
        const char *name;
        uint32_t number;
    } cases[] = {
        {"orders", true, "orders", 0},
        {"orders@1", true, "orders", 1},
        {"o-r_9@999999999", true, "o-r_9", 999999999},
        {"9ab", true, "9ab", 0},
        {"ab", false, NULL, 0},
        {"", false, NULL, 0},
        {"@1", false, NULL, 0},
        {"orders@", false, NULL, 0},
        {"orders@0", false, NULL, 0},
        {"orders@01", false, NULL, 0},
        {"orders@+1", false, NULL, 0},
        {"orders@1@2", false, NULL, 0},
        {"orders@1000000000", false, NULL, 0},
        {"default", false, NULL, 0},
        {"default@2", false, NULL, 0},
        {"_ab", false, NULL, 0},
        {"../ab", false, NULL, 0},
    };
    char name[ENV_NAMED_NAME_MAX + 1];
    char file[ENV_NAMED_FILE_NAME];
    uint32_t number = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(env_named_name_read(cases[i].text, name, &number), cases[i].good);
        if (!cases[i].good)
            continue;
        ck_assert_str_eq(name, cases[i].name);
        ck_assert_uint_eq(number, cases[i].number);
    }
    env_named_file_name("orders", 12, file);
    ck_assert_str_eq(file, "orders@12.envkey");
    ck_assert(env_named_file_name_read(file, name, &number));
    ck_assert_str_eq(name, "orders");
    ck_assert_uint_eq(number, 12);
    ck_assert(!env_named_file_name_read("orders.envkey", name, &number));
    ck_assert(!env_named_file_name_read(".orders@1.envkey", name, &number));
    ck_assert(!env_named_file_name_read("..data", name, &number));
    ck_assert(!env_named_file_name_read("orders@1.envkey.new", name, &number));
    ck_assert(!env_named_file_name_read(".envkey", name, &number));
    ck_assert(!env_named_file_name_read("orders@1.destroyed", name, &number));
}
END_TEST

START_TEST(a_tombstone_is_called_by_its_version)
{
    char longest[ENV_NAMED_NAME_MAX + 1];
    char name[ENV_NAMED_NAME_MAX + 1];
    char file[ENV_NAMED_TOMBSTONE_NAME];
    uint32_t number = 0;

    memset(longest, 'a', ENV_NAMED_NAME_MAX);
    longest[ENV_NAMED_NAME_MAX] = '\0';
    env_named_tombstone_name("orders", 12, file);
    ck_assert_str_eq(file, "orders@12.destroyed");
    env_named_tombstone_name(longest, ENV_NAMED_NUMBER_MAX, file);
    ck_assert(env_named_tombstone_name_read(file, name, &number));
    ck_assert_str_eq(name, longest);
    ck_assert_uint_eq(number, ENV_NAMED_NUMBER_MAX);
    ck_assert(!env_named_tombstone_name_read("orders.destroyed", name, &number));
    ck_assert(!env_named_tombstone_name_read(".orders@1.destroyed", name, &number));
    ck_assert(!env_named_tombstone_name_read("orders@1.envkey", name, &number));
    ck_assert(!env_named_tombstone_name_read("orders@0.destroyed", name, &number));
    ck_assert(!env_named_tombstone_name_read(".destroyed", name, &number));
}
END_TEST

/* HMAC-SHA-384 of the label and 01 under the key, by openssl mac, of which 8 bytes are taken. */
START_TEST(ids_are_those_of_the_document)
{
    static const uint8_t key[] = "0123456789abcdef0123456789abcdef";
    const struct env_span span = {key, 32};
    struct env_crypto *crypto = env_crypto_new(NULL, NULL);
    uint8_t id[ENV_NAMED_ID_LEN];
    uint8_t field[ENV_NAMED_ID_LEN];
    char text[ENV_NAMED_CONTEXT];

    ck_assert(env_ok(env_crypto_ready(crypto)));
    ck_assert(env_ok(env_named_key_id(crypto, span, id)));
    ck_assert(env_ok(env_named_field_id(crypto, span, field)));
    ck_assert_mem_eq(id, "\xFD\x97\xDE\x39\xBC\xBF\x65\x18", 8);
    ck_assert_mem_eq(field, "\xED\x27\x9D\x9B\xFB\x69\xBA\x48", 8);
    ck_assert_uint_eq(env_named_context("orders", 7, text), strlen(text));
    ck_assert_str_eq(text, "envelope named key v1:orders@7");
    env_crypto_free(crypto);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("named_key");
    TCase *tcase = tcase_create("named_key");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_clear_part_comes_back);
    tcase_add_test(tcase, all_at_their_longest_come_back);
    tcase_add_loop_test(tcase, what_is_wrong_is_not_written, 0, 18);
    tcase_add_test(tcase, of_one_meaning_there_is_one_writing);
    tcase_add_test(tcase, cut_and_longer_is_refused);
    tcase_add_test(tcase, the_sealed_part_comes_back);
    tcase_add_test(tcase, a_sealed_part_that_is_wrong_is_refused);
    tcase_add_test(tcase, both_parts_have_to_agree);
    tcase_add_test(tcase, names_and_files);
    tcase_add_test(tcase, a_tombstone_is_called_by_its_version);
    tcase_add_test(tcase, ids_are_those_of_the_document);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
