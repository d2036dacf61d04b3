/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: sealed and opened under fake KEKs, altered, exchanged, planted; and their folder. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "envelope/message/dek_rewrap.h"
#include "envelope/named/folder.h"
#include "named_case.h"

#define RSA_FILE "rsa/kek-3072.pem"

static struct env_key_file *file;
static struct env_named_sealed *sealed;
static struct env_selector configured;

static void set_up(void)
{
    named_set_up();
    file = NULL;
    sealed = env_secret_alloc(sizeof(*sealed));
    ck_assert_ptr_nonnull(sealed);
}

static void tear_down(void)
{
    env_key_file_free(file);
    env_secret_free(sealed, sizeof(*sealed));
    named_tear_down();
}

/* The result's reason, which the error stack has too. */
static int told(ENV_RESULT r)
{
    int on_stack = caller_reason();

    if (r.raised)
        ck_assert_int_eq(on_stack, (int)r.reason);
    return (int)r.reason;
}

static int parsing(struct bytes bytes)
{
    env_key_file_free(file);
    file = NULL;
    return told(env_key_file_parse(named_context->errors, named_context->crypto, "a file",
                                   (struct env_span){bytes.data, bytes.len}, &file));
}

static int opening(bool by_rsa)
{
    int why = told(env_named_open(named_context, file, by_rsa, sealed));

    ck_assert(why == ENV_R_NONE || (sealed->key_len == 0 && sealed->key[0] == 0));
    return why;
}

static void opens_to(const struct named_made *made)
{
    ck_assert_int_eq(opening(false), ENV_R_NONE);
    ck_assert_uint_eq(sealed->key_len, made->key_len);
    ck_assert_mem_eq(sealed->key, made->key, made->key_len);
}

START_TEST(a_key_file_opens_to_its_key)
{
    static const size_t lengths[] = {1, 16, 32, 1023, 1024};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct named_recipe recipe = {.uses = "PBKDF2", .key_len = lengths[i], .number = 7};
        struct named_made made;
        struct bytes bytes = named_bytes(&recipe, &made);

        ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
        ck_assert_str_eq(file->clear.name, "orders");
        ck_assert_uint_eq(file->clear.number, 7);
        ck_assert_str_eq(file->clear.stand_ins[0].application, "webshop");
        ck_assert(file->uses == ENV_USE_BIT(env_use_number("PBKDF2")));
        opens_to(&made);
        ck_assert_mem_eq(sealed->hashes[0], file->clear.stand_ins[0].hint, ENV_STAND_IN_HINT_LEN);
        bytes_free(&bytes);
    }
}
END_TEST

/* The whole file bit by bit: it does not open, or the bit says something else in the clear only. */
START_TEST(what_was_altered_does_not_open)
{
    struct named_recipe recipe = {.not_after = 1893456000};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);

    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= (unsigned char)(1u << (i % 8));
        ERR_clear_error();
        if (parsing(bytes) == ENV_R_NONE)
            ck_demand(opening(false) != ENV_R_NONE, "byte %zu may be another", i);
        bytes.data[i] ^= (unsigned char)(1u << (i % 8));
    }
    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    opens_to(&made);
    bytes_free(&bytes);
}
END_TEST

START_TEST(cut_and_longer_is_no_key_file)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);
    size_t whole = bytes.len;

    for (bytes.len = 0; bytes.len < whole; bytes.len++)
        ck_demand(parsing(bytes) == ENV_R_KEY_FILE_BAD, "%zu bytes", bytes.len);
    bytes_append(&bytes, "", 1);
    ck_assert_int_eq(parsing(bytes), ENV_R_KEY_FILE_BAD);
    bytes_free(&bytes);
}
END_TEST

/* The header of one before the body of another, also of another version of the same key. */
START_TEST(two_files_do_not_mix)
{
    struct named_recipe one = {.number = 1};
    struct named_recipe two = {.number = 2};
    struct named_made made;
    struct bytes a = named_bytes(&one, &made);
    struct bytes b = named_bytes(&two, &made);
    struct bytes mixed;
    size_t header;

    ck_assert_int_eq(parsing(a), ENV_R_NONE);
    header = file->header_der.len;
    mixed = bytes_of(a.data, header);
    ck_assert_int_eq(parsing(b), ENV_R_NONE);
    bytes_append(&mixed, b.data + file->header_der.len, b.len - file->header_der.len);
    ck_assert_int_eq(parsing(mixed), ENV_R_NONE);
    ck_assert_int_eq(opening(false), ENV_R_KEY_FILE_BAD);
    bytes_free(&a);
    bytes_free(&b);
    bytes_free(&mixed);
}
END_TEST

/* Somebody with the KEK writes parameters of his own before what was sealed. */
START_TEST(the_sealed_part_has_the_last_word)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);
    struct env_named_clear clear;
    uint8_t *parameters = NULL;
    uint8_t *der = NULL;
    uint8_t dek[ENV_DEK_LEN];
    size_t len = 0;
    struct bytes forged;

    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    clear = file->clear;
    clear.stand_ins[0].hint[0] ^= 1;
    ck_assert(env_ok(env_named_clear_encode(&clear, &parameters, &len)));
    ck_assert(env_ok(env_dek_open_header(named_context, file->header, file->header_der, dek)));
    file->header->parameters = (struct env_span){parameters, len};
    ck_assert(
        env_ok(env_dek_write_header(named_context, &configured, file->header, dek, &der, &len)));
    forged = bytes_of(der, len);
    bytes_append(&forged, file->floe.data, file->floe.len);
    ck_assert_int_eq(parsing(forged), ENV_R_NONE);
    ck_assert_int_eq(opening(false), ENV_R_KEY_FILE_BAD);
    OPENSSL_free(parameters);
    OPENSSL_free(der);
    bytes_free(&forged);
    bytes_free(&bytes);
}
END_TEST

START_TEST(rewrapping_keeps_parameters_and_fingerprint)
{
    struct named_recipe recipe = {.seal_from = 1800000000};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);
    uint8_t fingerprint[ENV_FINGERPRINT_LEN];
    struct env_named_clear clear;
    enum env_content content = ENV_CONTENT_MESSAGE;
    uint8_t *der = NULL;
    size_t len = 0;
    struct bytes rewrapped;

    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    clear = file->clear;
    memcpy(fingerprint, file->fingerprint, sizeof(fingerprint));
    fake_switch_to(1, 2);
    ck_assert(
        env_ok(env_dek_rewrap(named_context, &configured, file->header_der, &content, &der, &len)));
    ck_assert_int_eq(content, ENV_CONTENT_NAMED_KEY);
    rewrapped = bytes_of(der, len);
    OPENSSL_free(der);
    bytes_append(&rewrapped, file->floe.data, file->floe.len);
    ck_assert_int_eq(parsing(rewrapped), ENV_R_NONE);
    ck_assert_uint_eq(file->header->count, 2);
    ck_assert_mem_eq(&file->clear, &clear, sizeof(clear));
    ck_assert_mem_eq(file->fingerprint, fingerprint, sizeof(fingerprint));
    opens_to(&made);
    bytes_free(&bytes);
    bytes_free(&rewrapped);
}
END_TEST

START_TEST(a_new_sealing_has_another_fingerprint_and_the_same_id)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes one = named_bytes(&recipe, &made);
    struct bytes two = named_bytes(&recipe, &made);
    uint8_t fingerprint[ENV_FINGERPRINT_LEN];
    uint8_t id[ENV_NAMED_ID_LEN];

    ck_assert_int_eq(parsing(one), ENV_R_NONE);
    memcpy(fingerprint, file->fingerprint, sizeof(fingerprint));
    memcpy(id, file->clear.id, sizeof(id));
    ck_assert_int_eq(parsing(two), ENV_R_NONE);
    ck_assert_mem_ne(file->fingerprint, fingerprint, sizeof(fingerprint));
    ck_assert_mem_eq(file->clear.id, id, sizeof(id));
    bytes_free(&one);
    bytes_free(&two);
}
END_TEST

START_TEST(through_rsa_alone_only_where_that_is_wanted)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes;

    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, RSA_FILE);
    bytes = named_bytes(&recipe, &made);
    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    ck_assert(!env_key_file_has_aes(file));
    ck_assert_int_eq(opening(false), ENV_R_KEY_BY_RSA);
    ck_assert_int_eq(fake_keks[0].unwraps, 0);
    ck_assert_int_eq(opening(true), ENV_R_NONE);
    ck_assert_mem_eq(sealed->key, made.key, made.key_len);
    bytes_free(&bytes);
}
END_TEST

/* Beside an AES recipient that fails, an RSA one does not open either. */
START_TEST(rsa_does_not_stand_in_for_aes)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes;

    fake_make_rsa(1, ENV_WRAP_RSA_OAEP_SHA256, RSA_FILE);
    fake_default_count = 2;
    bytes = named_bytes(&recipe, &made);
    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    ck_assert(env_key_file_has_aes(file));
    opens_to(&made);
    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(opening(false), ENV_R_TOKEN_FAILED);
    ck_assert_int_eq(fake_keks[1].unwraps, 0);
    ck_assert_int_eq(opening(true), ENV_R_NONE);
    bytes_free(&bytes);
}
END_TEST

START_TEST(a_kek_that_is_away_or_another_is_said)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);

    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    fake_keks[0].absent = true;
    ck_assert_int_eq(opening(false), ENV_R_KEK_NOT_HERE);
    fake_keks[0].absent = false;
    fake_keks[0].fail_unwrap = true;
    ck_assert_int_eq(opening(false), ENV_R_TOKEN_FAILED);
    fake_keks[0].fail_unwrap = false;
    fake_keks[0].key[0] ^= 1; /* another key of the same id */
    ck_assert_int_eq(opening(false), ENV_R_NOT_AUTHENTIC);
    bytes_free(&bytes);
}
END_TEST

/* ---- nobody else opens one ---- */

static int cipher_reason(const char *cipher, struct bytes in)
{
    EVP_CIPHER_CTX *ctx =
        caller_begin(named_libctx, cipher, strcmp(cipher, "ENVELOPE-REWRAP") == 0);
    unsigned char *out = OPENSSL_malloc(in.len + 140000);
    int n = 0;
    int reason;

    ERR_clear_error();
    if (EVP_CipherUpdate(ctx, out, &n, in.data, (int)in.len) == 1) {
        ck_assert_int_eq(n, 0);
        ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out, &n), 0);
    }
    ck_assert_int_eq(n, 0);
    reason = caller_reason();
    OPENSSL_free(out);
    EVP_CIPHER_CTX_free(ctx);
    return reason;
}

START_TEST(no_cipher_opens_or_rewraps_one)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);
    uint8_t dek[ENV_DEK_LEN];
    struct env_header *header = NULL;

    ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
    ck_assert_int_eq(cipher_reason("ENVELOPE", bytes), ENV_R_IS_NAMED_KEY);
    ck_assert_int_eq(cipher_reason("ENVELOPE-64K", bytes), ENV_R_IS_NAMED_KEY);
    ck_assert_int_eq(cipher_reason("ENVELOPE-REWRAP", bytes), ENV_R_IS_NAMED_KEY);
    for (int content = ENV_CONTENT_MESSAGE; content <= ENV_CONTENT_SEALED_KEY; content++) {
        ck_assert_int_eq(
            env_dek_open(named_context, file->header_der, (enum env_content)content, dek).reason,
            ENV_R_IS_NAMED_KEY);
        ck_assert_int_eq(
            env_dek_read_header(file->header_der, (enum env_content)content, &header).reason,
            ENV_R_IS_NAMED_KEY);
    }
    ck_assert_int_eq(fake_keks[0].unwraps, 0);
    bytes_free(&bytes);
}
END_TEST

START_TEST(a_message_is_no_key_file)
{
    struct bytes plain = bytes_plain(100, 1);
    struct bytes message = caller_seal(named_libctx, plain);

    ck_assert_int_eq(parsing(message), ENV_R_KEY_FILE_BAD);
    bytes_free(&plain);
    bytes_free(&message);
}
END_TEST

/* ---- the folder ---- */

static int folder;

static int opening_folder(void)
{
    struct stat st;

    return told(env_key_folder_open(named_context->errors, named_folder, &folder, &st));
}

static int reading(const char *name, uint32_t number)
{
    env_key_file_free(file);
    file = NULL;
    return told(env_key_file_read(named_context->errors, named_context->crypto, folder, name,
                                  number, &file));
}

START_TEST(the_folder_lists_key_files_alone)
{
    struct bytes nothing = bytes_new(1);
    struct env_key_names names;
    char path[TEMPORARY_PATH + 64];

    named_put_file("orders@10.envkey", &nothing);
    named_put_file("orders@9.envkey", &nothing);
    named_put_file("archive@1.envkey", &nothing);
    named_put_file(".orders@9.envkey.envelope-new", &nothing);
    named_put_file("..data", &nothing);
    named_put_file("README", &nothing);
    named_put_file("orders.envkey", &nothing);
    ck_assert_int_eq(opening_folder(), ENV_R_NONE);
    for (int twice = 0; twice < 2; twice++) {
        ck_assert(env_ok(env_key_folder_list(named_context->errors, named_folder, folder, &names)));
        ck_assert_uint_eq(names.count, 3);
        ck_assert_str_eq(names.names[0].name, "archive");
        ck_assert_uint_eq(names.names[1].number, 9);
        ck_assert_uint_eq(names.names[2].number, 10);
        env_key_names_clear(&names);
    }
    (void)snprintf(path, sizeof(path), "%s/README", named_folder);
    ck_assert_int_eq(close(folder), 0);
    ck_assert_int_eq(unlink(path), 0);
    bytes_free(&nothing);
}
END_TEST

START_TEST(a_folder_that_others_may_write_to_is_refused)
{
    ck_assert_int_eq(chmod(named_folder, 0777), 0);
    ck_assert_int_eq(opening_folder(), ENV_R_KEYS_FOLDER);
    ck_assert_int_eq(chmod(named_folder, 0770), 0);
    ck_assert_int_eq(opening_folder(), ENV_R_KEYS_FOLDER);
    ck_assert_int_eq(chmod(named_folder, 01777), 0); /* as Kubernetes mounts it */
    ck_assert_int_eq(opening_folder(), ENV_R_NONE);
    ck_assert_int_eq(close(folder), 0);
    ck_assert_int_eq(chmod(named_folder, 0700), 0);
    strcat(named_folder, "-none");
    ck_assert_int_eq(opening_folder(), ENV_R_KEYS_FOLDER);
    named_folder[strlen(named_folder) - 5] = '\0';
}
END_TEST

START_TEST(a_file_has_the_name_that_is_inside)
{
    struct named_recipe recipe = {.name = "orders", .number = 2};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);

    named_put_file("orders@2.envkey", &bytes);
    named_put_file("orders@3.envkey", &bytes);
    named_put_file("archive@2.envkey", &bytes);
    ck_assert_int_eq(opening_folder(), ENV_R_NONE);
    ck_assert_int_eq(reading("orders", 2), ENV_R_NONE);
    opens_to(&made);
    ck_assert_int_eq(reading("orders", 3), ENV_R_KEY_FILE_BAD);
    ck_assert_int_eq(reading("archive", 2), ENV_R_KEY_FILE_BAD);
    ck_assert_int_eq(reading("orders", 1), ENV_R_FILE_FAILED);
    ck_assert_int_eq(close(folder), 0);
    bytes_free(&bytes);
}
END_TEST

START_TEST(links_are_followed_and_their_ends_judged)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);
    char real[TEMPORARY_PATH + 32];
    char link[TEMPORARY_PATH + 32];

    named_put_file("..data", &bytes);
    (void)snprintf(real, sizeof(real), "%s/..data", named_folder);
    (void)snprintf(link, sizeof(link), "%s/orders@1.envkey", named_folder);
    ck_assert_int_eq(symlink("..data", link), 0);
    ck_assert_int_eq(opening_folder(), ENV_R_NONE);
    ck_assert_int_eq(reading("orders", 1), ENV_R_NONE);
    ck_assert_int_eq(chmod(real, 0666), 0);
    ck_assert_int_eq(reading("orders", 1), ENV_R_FILE_FAILED);
    ck_assert_int_eq(close(folder), 0);
    bytes_free(&bytes);
}
END_TEST

static int writing(struct bytes bytes, bool replace)
{
    return told(env_key_file_write(named_context->errors, folder, "orders", 1,
                                   (struct env_span){bytes.data, bytes.len}, replace));
}

START_TEST(a_file_is_written_whole_and_never_over_another)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes one = named_bytes(&recipe, &made);
    struct bytes two = named_bytes(&recipe, &made);
    struct bytes left = bytes_new(3);
    struct stat st;

    named_put_file(".orders@1.envkey.envelope-new", &left); /* by one who was killed */
    ck_assert_int_eq(opening_folder(), ENV_R_NONE);
    ck_assert_int_eq(writing(one, false), ENV_R_NONE);
    ck_assert_int_eq(reading("orders", 1), ENV_R_NONE);
    ck_assert_int_eq(faccessat(folder, ".orders@1.envkey.envelope-new", F_OK, 0), -1);
    ck_assert_int_eq(writing(two, false), ENV_R_KEY_EXISTS);
    ck_assert_int_eq(reading("orders", 1), ENV_R_NONE);
    ck_assert_mem_eq(file->bytes, one.data, one.len);
    ck_assert_int_eq(fchmodat(folder, "orders@1.envkey", 0640, 0), 0);
    ck_assert_int_eq(writing(two, true), ENV_R_NONE);
    ck_assert_int_eq(reading("orders", 1), ENV_R_NONE);
    ck_assert_mem_eq(file->bytes, two.data, two.len);
    ck_assert_int_eq(fstatat(folder, "orders@1.envkey", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_eq(close(folder), 0);
    bytes_free(&one);
    bytes_free(&two);
    bytes_free(&left);
}
END_TEST

/* ---- numbers ---- */

static uint32_t last_number(const char *name)
{
    uint32_t last = 77;

    ck_assert(env_ok(
        env_key_folder_last_number(named_context->errors, named_folder, folder, name, &last)));
    return last;
}

static int burying(const char *name, uint32_t number)
{
    return told(env_key_tombstone_write(named_context->errors, folder, name, number));
}

START_TEST(a_number_that_was_destroyed_is_not_used_again)
{
    struct named_recipe recipe = {0};
    struct named_made made;
    struct bytes bytes = named_bytes(&recipe, &made);
    struct env_key_names names;
    struct stat st;

    ck_assert_int_eq(opening_folder(), ENV_R_NONE);
    ck_assert_uint_eq(last_number("orders"), 0);
    ck_assert_int_eq(writing(bytes, false), ENV_R_NONE);
    ck_assert_uint_eq(last_number("orders"), 1);
    ck_assert_uint_eq(last_number("order"), 0);
    for (int twice = 0; twice < 2; twice++)
        ck_assert_int_eq(burying("orders", 1), ENV_R_NONE);
    ck_assert_int_eq(fstatat(folder, "orders@1.destroyed", &st, 0), 0);
    ck_assert_int_eq(st.st_size, strlen("orders@1 was destroyed. Keep this file: its number is not "
                                        "used again.\n"));
    /* the file is there as yet, is read, and may be changed */
    ck_assert_int_eq(reading("orders", 1), ENV_R_NONE);
    ck_assert_int_eq(writing(bytes, true), ENV_R_NONE);
    ck_assert_int_eq(unlinkat(folder, "orders@1.envkey", 0), 0);
    ck_assert_int_eq(writing(bytes, false), ENV_R_KEY_NUMBER_USED);
    ck_assert_int_eq(faccessat(folder, "orders@1.envkey", F_OK, 0), -1);
    ck_assert_uint_eq(last_number("orders"), 1);
    ck_assert_int_eq(burying("orders", 9), ENV_R_NONE);
    ck_assert_int_eq(burying("archive", 30), ENV_R_NONE);
    ck_assert_uint_eq(last_number("orders"), 9);
    ck_assert(env_ok(env_key_folder_list(named_context->errors, named_folder, folder, &names)));
    ck_assert_uint_eq(names.count, 0);
    env_key_names_clear(&names);
    ck_assert_int_eq(unlinkat(folder, "orders@1.destroyed", 0), 0);
    ck_assert_int_eq(unlinkat(folder, "orders@9.destroyed", 0), 0);
    ck_assert_int_eq(unlinkat(folder, "archive@30.destroyed", 0), 0);
    ck_assert_int_eq(close(folder), 0);
    bytes_free(&bytes);
}
END_TEST

START_TEST(a_tombstone_that_cannot_be_made_is_an_error)
{
    folder = -1;
    ck_assert_int_eq(burying("orders", 1), ENV_R_FILE_FAILED);
}
END_TEST

START_TEST(how_long_a_key_is_shows_by_its_file)
{
    static const size_t lengths[] = {1, 15, 16, 17, 31, 32, 33, 127, 128, 1023, 1024};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct named_recipe recipe = {.key_len = lengths[i]};
        struct named_made made;
        struct bytes bytes = named_bytes(&recipe, &made);

        ck_assert_int_eq(parsing(bytes), ENV_R_NONE);
        for (size_t len = 1; len <= ENV_NAMED_KEY_MAX; len++) {
            bool has = false;

            ck_assert(env_ok(env_key_file_key_has_length(file, len, &has)));
            ck_assert(has == (len == lengths[i]));
        }
        bytes_free(&bytes);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key_file");
    TCase *tcase = tcase_create("key_file");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_key_file_opens_to_its_key);
    tcase_add_test(tcase, what_was_altered_does_not_open);
    tcase_add_test(tcase, cut_and_longer_is_no_key_file);
    tcase_add_test(tcase, two_files_do_not_mix);
    tcase_add_test(tcase, the_sealed_part_has_the_last_word);
    tcase_add_test(tcase, rewrapping_keeps_parameters_and_fingerprint);
    tcase_add_test(tcase, a_new_sealing_has_another_fingerprint_and_the_same_id);
    tcase_add_test(tcase, through_rsa_alone_only_where_that_is_wanted);
    tcase_add_test(tcase, rsa_does_not_stand_in_for_aes);
    tcase_add_test(tcase, a_kek_that_is_away_or_another_is_said);
    tcase_add_test(tcase, no_cipher_opens_or_rewraps_one);
    tcase_add_test(tcase, a_message_is_no_key_file);
    tcase_add_test(tcase, the_folder_lists_key_files_alone);
    tcase_add_test(tcase, a_folder_that_others_may_write_to_is_refused);
    tcase_add_test(tcase, a_file_has_the_name_that_is_inside);
    tcase_add_test(tcase, links_are_followed_and_their_ends_judged);
    tcase_add_test(tcase, a_file_is_written_whole_and_never_over_another);
    tcase_add_test(tcase, a_number_that_was_destroyed_is_not_used_again);
    tcase_add_test(tcase, a_tombstone_that_cannot_be_made_is_an_error);
    tcase_add_test(tcase, how_long_a_key_is_shows_by_its_file);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
