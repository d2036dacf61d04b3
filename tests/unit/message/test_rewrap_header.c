/* SPDX-License-Identifier: Apache-2.0 */
/* Headers rewritten for other KEKs, and opened through each recipient. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "rewrap_headers.h"

#define MOST_KEKS 32u

static uint8_t dek[ENV_DEK_LEN];

static struct bytes rewrapped(struct bytes der, enum env_content content)
{
    enum env_content found = ENV_CONTENT_MESSAGE;
    uint8_t *out = NULL;
    size_t len = 0;
    struct bytes result;

    ck_assert(env_ok(env_dek_rewrap(context, &todays, span_of(der), &found, &out, &len)));
    ck_assert_int_eq(found, content);
    result = bytes_of(out, len);
    OPENSSL_free(out);
    ck_assert_int_eq(fake_references(), 0);
    return result;
}

/* Opens a header of either content into dek. */
static int open_reason(struct bytes der)
{
    struct env_header *header = read_any(der);
    ENV_RESULT r = env_dek_open_header(context, header, span_of(der), dek);

    OPENSSL_free(header);
    return (int)r.reason;
}

static void all_absent_but(size_t present)
{
    for (size_t i = 0; i < FAKE_KEKS; i++)
        fake_keks[i].absent = i != present;
}

/* ---- re-wrapping ---- */

START_TEST(the_new_kek_opens_and_the_old_one_does_not)
{
    struct bytes old = der_encode(root);
    uint8_t old_dek[ENV_DEK_LEN];
    struct bytes new;
    struct bytes message;
    struct bytes opened;

    ck_assert_int_eq(open_reason(old), ENV_R_NONE);
    memcpy(old_dek, dek, sizeof(dek));
    fake_switch_to(1, 1);
    new = rewrapped(old, ENV_CONTENT_MESSAGE);
    ck_assert_uint_eq(new.len, old.len);
    all_absent_but(1); /* the old one */
    ck_assert_int_eq(open_reason(new), ENV_R_KEK_NOT_HERE);
    all_absent_but(0);
    ck_assert_int_eq(open_reason(new), ENV_R_NONE);
    ck_assert_mem_eq(dek, old_dek, sizeof(dek));
    message = bytes_of(new.data, new.len);
    bytes_append(&message, body.data, body.len);
    opened = caller_open(libctx, message);
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&opened);
    bytes_free(&message);
    bytes_free(&new);
    bytes_free(&old);
}
END_TEST

/* From any number of KEKs to any other, whichever of the old ones is here. */
START_TEST(any_number_of_keks_to_any_other)
{
    for (size_t from = 1; from <= SEVERAL; from++) {
        struct bytes old;

        header_tree_seal(from);
        old = der_encode(root);
        fake_switch_to(10, SEVERAL);
        for (size_t to = 1; to <= SEVERAL; to++) {
            struct bytes new;
            struct env_header *header;

            fake_default_count = to;
            for (size_t i = 10; i < 10 + from; i++)
                fake_keks[i].absent = i != 10 + to % from;
            new = rewrapped(old, ENV_CONTENT_MESSAGE);
            header = read_any(new);
            ck_assert_uint_eq(header->count, to);
            OPENSSL_free(header);
            for (size_t i = 0; i < to; i++) {
                all_absent_but(i);
                ck_assert_int_eq(open_reason(new), ENV_R_NONE);
            }
            bytes_free(&new);
        }
        bytes_free(&old);
        fake_reset();
    }
}
END_TEST

START_TEST(a_sealed_key_stays_a_sealed_key)
{
    uint8_t *der = NULL;
    size_t len = 0;
    uint8_t sealed_dek[ENV_DEK_LEN];
    struct bytes old;
    struct bytes new;

    ck_assert(
        env_ok(env_dek_seal(context, &todays, ENV_CONTENT_SEALED_KEY, sealed_dek, &der, &len)));
    old = bytes_of(der, len);
    OPENSSL_free(der);
    fake_switch_to(1, 1);
    new = rewrapped(old, ENV_CONTENT_SEALED_KEY);
    ck_assert(env_ok(env_dek_open(context, span_of(new), ENV_CONTENT_SEALED_KEY, dek)));
    ck_assert_mem_eq(dek, sealed_dek, sizeof(dek));
    ck_assert_int_eq(env_dek_open(context, span_of(new), ENV_CONTENT_MESSAGE, dek).reason,
                     ENV_R_WRONG_CONTENT);
    bytes_free(&new);
    bytes_free(&old);
}
END_TEST

START_TEST(every_failure_of_rewrapping_has_its_reason)
{
    struct bytes old = der_encode(root);
    struct bytes half = bytes_of(old.data, old.len / 2);

    ck_assert_int_eq(rewrap_reason(half), ENV_R_BAD_HEADER);
    fake_switch_to(1, 1);
    fake_keks[1].absent = true;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_KEK_NOT_HERE);
    fake_keks[1].absent = false;
    fake_keks[1].fail_unwrap = true;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_TOKEN_FAILED);
    fake_keks[1].fail_unwrap = false;
    fake_keks[1].key[0] ^= 1;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_NOT_AUTHENTIC);
    fake_keks[1].key[0] ^= 1;
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 0); /* not asked before it is open */
    fake_keks[0].fail_wrap = true;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_WRAP_FAILED);
    fake_default_count = 0;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_NO_KEK_CONFIGURED);
    bytes_free(&half);
    bytes_free(&old);
}
END_TEST

/* The DEK's place in secret memory, which stays readable in the secure heap. */
START_TEST(the_dek_is_wiped)
{
    struct bytes old = der_encode(root);
    struct bytes new;

    ck_assert_int_eq(CRYPTO_secure_malloc_init(1 << 16, 64), 1);
    ck_assert_int_eq(open_reason(old), ENV_R_NONE);
    fake_switch_to(1, 1);
    for (int failing = 0; failing < 2; failing++) {
        fake_keks[0].fail_wrap = failing == 1;
        fake_keks[1].unwrapped_to = NULL;
        if (failing == 1) {
            ck_assert_int_eq(rewrap_reason(old), ENV_R_WRAP_FAILED);
        } else {
            new = rewrapped(old, ENV_CONTENT_MESSAGE);
            bytes_free(&new);
        }
        ck_assert_int_eq(CRYPTO_secure_allocated(fake_keks[1].unwrapped_to), 1);
        ck_assert(memcmp(fake_keks[1].unwrapped_to, dek, 16) != 0);
        ck_assert(memcmp(fake_keks[1].unwrapped_to + 16, dek + 16, 16) != 0);
    }
    fake_keks[1].unwrapped_to = NULL;
    old.data[old.len - 1] ^= 1; /* the MAC */
    ck_assert_int_eq(rewrap_reason(old), ENV_R_NOT_AUTHENTIC);
    ck_assert_int_eq(CRYPTO_secure_allocated(fake_keks[1].unwrapped_to), 1);
    ck_assert(memcmp(fake_keks[1].unwrapped_to, dek, 16) != 0);
    ck_assert_uint_eq(CRYPTO_secure_used(), 0);
    bytes_free(&old);
}
END_TEST

/* ---- headers that would be too long ---- */

static void long_references(void)
{
    for (size_t i = 0; i < MOST_KEKS; i++) {
        fake_keks[i].id.len = ENV_KEK_ID_MAX;
        memset(fake_keks[i].id.bytes, 0x80 + (int)i, ENV_KEK_ID_MAX);
    }
}

/* Messages, sealed keys and rewritten headers; the numbers show the progress. */
START_TEST(a_header_too_long_to_seal_says_its_length)
{
    struct bytes old = der_encode(root);
    static const char *const texts[] = {
        [ENV_CONTENT_MESSAGE] = "32 KEKs make a header of 4199 bytes; at most 3990 can be sealed",
        [ENV_CONTENT_SEALED_KEY] =
            "32 KEKs make a header of 4198 bytes; at most 3990 can be sealed",
    };
    uint8_t *der = NULL;
    size_t len = 0;

    long_references();
    fake_default_count = MOST_KEKS;
    for (int i = ENV_CONTENT_MESSAGE; i <= ENV_CONTENT_SEALED_KEY; i++) {
        const char *data = "";
        int flags = 0;
        ENV_RESULT r;

        ERR_clear_error();
        memset(dek, 1, sizeof(dek));
        r = env_dek_seal(context, &todays, (enum env_content)i, dek, &der, &len);
        ck_assert_int_eq(r.reason, ENV_R_KEKS_DO_NOT_FIT);
        ck_assert_ptr_null(der);
        ck_assert(bytes_are((struct bytes){dek, sizeof(dek), 0}, 0));
        ck_assert_int_eq(fake_references(), 0);
        (void)ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
        ck_assert_str_eq(data, texts[i]);
    }
    bytes_free(&old);
    fake_default_count = 1;
    header_tree_seal(1);
    old = der_encode(root);
    fake_default_count = MOST_KEKS;
    ck_assert_int_eq(rewrap_reason(old), ENV_R_KEKS_DO_NOT_FIT);
    bytes_free(&old);
}
END_TEST

/* ---- through each recipient ---- */

START_TEST(each_recipient_opens_by_itself)
{
    struct env_header *header;
    struct bytes der;
    uint8_t first[ENV_DEK_LEN];

    header_tree_seal(SEVERAL);
    der = der_encode(root);
    header = read_any(der);
    ck_assert(env_ok(env_dek_open_recipient(context, header, 0, span_of(der), first)));
    for (size_t i = 0; i < SEVERAL; i++) {
        size_t kek = header->recipients[i].id.bytes[0] - 0xA0u;
        const char *data = "";
        int flags = 0;

        memset(dek, 0, sizeof(dek));
        ck_assert(env_ok(env_dek_open_recipient(context, header, i, span_of(der), dek)));
        ck_assert_mem_eq(dek, first, sizeof(dek));
        ck_assert_int_eq(atomic_load(&fake_keks[kek].unwraps), i == 0 ? 2 : 1);
        fake_keks[kek].key[0] ^= 1;
        ck_assert_int_eq(env_dek_open_recipient(context, header, i, span_of(der), dek).reason,
                         ENV_R_NOT_AUTHENTIC);
        ck_assert(bytes_are((struct bytes){dek, sizeof(dek), 0}, 0));
        fake_keks[kek].absent = true;
        ERR_clear_error();
        ck_assert_int_eq(env_dek_open_recipient(context, header, i, span_of(der), dek).reason,
                         ENV_R_KEK_NOT_HERE);
        (void)ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
        ck_assert_uint_eq(strlen(data), strlen("the message is for ") + 32); /* this KEK alone */
    }
    ck_assert_int_eq(env_dek_open_recipient(context, header, SEVERAL, span_of(der), dek).reason,
                     ENV_R_INTERNAL);
    ck_assert_int_eq(fake_references(), 0);
    OPENSSL_free(header);
    bytes_free(&der);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: headers for other KEKs");
    TCase *tcase = tcase_create("rewrap");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, rewrap_headers_set_up, header_tree_tear_down);
    tcase_add_test(tcase, the_new_kek_opens_and_the_old_one_does_not);
    tcase_add_test(tcase, any_number_of_keks_to_any_other);
    tcase_add_test(tcase, a_sealed_key_stays_a_sealed_key);
    tcase_add_test(tcase, every_failure_of_rewrapping_has_its_reason);
    tcase_add_test(tcase, the_dek_is_wiped);
    tcase_add_test(tcase, a_header_too_long_to_seal_says_its_length);
    tcase_add_test(tcase, each_recipient_opens_by_itself);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
