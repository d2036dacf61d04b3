/* SPDX-License-Identifier: Apache-2.0 */
/* One message for several KEKs: which of them open it, and what happens when some fail. */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

#define SEVERAL 3u
#define MOST_KEKS 32u

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static unsigned char room[4 * SEGMENT];
static int n;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(5000, 7);
    n = -1;
}

static void tear_down(void)
{
    bytes_free(&plain);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static void opens(struct bytes message)
{
    struct bytes opened = caller_open(libctx, message);

    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&opened);
    ck_assert_int_eq(fake_references(), 0);
}

static void does_not_open(struct bytes message, int reason)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);

    ck_refused(EVP_CipherUpdate(ctx, room, &n, message.data, (int)message.len), reason);
    ck_assert_int_eq(n, 0);
    EVP_CIPHER_CTX_free(ctx);
    ck_assert_int_eq(fake_references(), 0);
}

static struct bytes sealed_for(size_t count)
{
    fake_default_count = count;
    return caller_seal(libctx, plain);
}

START_TEST(each_of_several_opens)
{
    struct bytes message = sealed_for(SEVERAL);

    for (size_t present = 0; present < SEVERAL; present++) {
        for (size_t i = 0; i < SEVERAL; i++)
            fake_keks[i].absent = i != present;
        opens(message);
        ck_assert_int_eq(atomic_load(&fake_keks[present].unwraps), 1);
    }
    for (size_t i = 0; i < SEVERAL; i++)
        fake_keks[i].absent = true;
    does_not_open(message, ENV_R_KEK_NOT_HERE);
    bytes_free(&message);
}
END_TEST

/* The error names the KEKs that the message asks for, so that somebody can look for them. */
START_TEST(missing_keks_are_named)
{
    struct bytes message = sealed_for(2);
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    const char *data = NULL;
    int flags = 0;

    fake_keks[0].absent = fake_keks[1].absent = true;
    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, message.data, (int)message.len), 0);
    ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags)),
                     ENV_R_KEK_NOT_HERE);
    ck_assert_ptr_nonnull(strstr(data, "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"));
    ck_assert_ptr_nonnull(strstr(data, "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"));
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&message);
}
END_TEST

/* More ids than the error has room for: it stays within its bounds and says that there are more. */
START_TEST(a_long_list_of_missing_keks_is_cut_with_a_word)
{
    const char *data = NULL;
    int flags = 0;
    struct bytes message;
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);

    for (size_t i = 0; i < 20; i++) {
        fake_keks[i].id.len = 64;
        memset(fake_keks[i].id.bytes, 0xA0 + (int)i, 64);
    }
    message = sealed_for(20);
    for (size_t i = 0; i < 20; i++)
        fake_keks[i].absent = true;
    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, message.data, (int)message.len), 0);
    ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags)),
                     ENV_R_KEK_NOT_HERE);
    ck_assert_ptr_nonnull(strstr(data, "..."));
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&message);
}
END_TEST

START_TEST(next_recipient_is_tried)
{
    struct bytes message = sealed_for(SEVERAL);

    for (size_t good = 0; good < SEVERAL; good++) {
        for (size_t i = 0; i < SEVERAL; i++)
            fake_keks[i].fail_unwrap = i != good;
        ERR_clear_error();
        opens(message);
        /* what did not matter in the end leaves no error behind */
        ck_assert_uint_eq(ERR_peek_error(), 0);
    }
    for (size_t i = 0; i < SEVERAL; i++)
        fake_keks[i].fail_unwrap = true;
    does_not_open(message, ENV_R_TOKEN_FAILED);
    bytes_free(&message);
}
END_TEST

/* A program's own errors from before stay when a recipient failed on the way to one that opens. */
START_TEST(errors_of_other_recipients_are_kept)
{
    struct bytes message = sealed_for(SEVERAL);

    fake_keks[0].fail_unwrap = fake_keks[1].fail_unwrap = true;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    opens(message);
    ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 77);
    ck_assert_uint_eq(ERR_get_error(), 0);
    bytes_free(&message);
}
END_TEST

/* Of several failures, the one that a user can fix is reported. */
START_TEST(the_gravest_failure_is_reported)
{
    struct bytes message = sealed_for(SEVERAL);

    fake_keks[0].absent = true;
    fake_keks[1].key[0] ^= 1; /* another key under the same id */
    fake_keks[2].absent = true;
    does_not_open(message, ENV_R_NOT_AUTHENTIC);
    for (size_t failing = 0; failing < SEVERAL; failing += 2) {
        fake_keks[failing].absent = false;
        fake_keks[failing].fail_unwrap = true;
        does_not_open(message, ENV_R_TOKEN_FAILED);
        fake_keks[failing].absent = true;
    }
    bytes_free(&message);
}
END_TEST

START_TEST(one_kek_that_fails_to_wrap_fails_sealing)
{
    for (size_t bad = 0; bad < SEVERAL; bad++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);

        fake_default_count = SEVERAL;
        fake_keks[bad].fail_wrap = true;
        ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 100), ENV_R_WRAP_FAILED);
        ck_assert_int_eq(n, 0);
        ck_assert_int_eq(fake_references(), 0);
        ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_CONTEXT_FAILED);
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
        ck_refused(EVP_CipherFinal_ex(ctx, room, &n), ENV_R_WRAP_FAILED);
        fake_keks[bad].fail_wrap = false;
        EVP_CIPHER_CTX_free(ctx);
    }
}
END_TEST

START_TEST(without_a_kek_nothing_is_sealed)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);

    fake_default_count = 0;
    ck_refused(EVP_CipherUpdate(ctx, room, &n, plain.data, 100), ENV_R_NO_KEK_CONFIGURED);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

START_TEST(as_many_recipients_as_allowed_all_open)
{
    struct bytes message = sealed_for(MOST_KEKS);

    for (size_t i = 0; i < MOST_KEKS; i++)
        fake_keks[i].absent = i != 17;
    opens(message);
    bytes_free(&message);
}
END_TEST

/* Seals for 32 KEKs of which `longer` have ids of 58 bytes, the others of 57. */
static int seal_with_ids(size_t longer, struct bytes *message)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
    int ok;

    for (size_t i = 0; i < MOST_KEKS; i++) {
        fake_keks[i].id.len = i < longer ? 58 : 57;
        memset(fake_keks[i].id.bytes, 0x80 + (int)i, fake_keks[i].id.len);
    }
    *message = bytes_new(0);
    ERR_clear_error();
    ok = EVP_CipherUpdate(ctx, room, &n, plain.data, (int)plain.len);
    if (ok == 1) {
        bytes_append(message, room, (size_t)n);
        caller_final(ctx, message);
    }
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

/*
 * The header and FLOE's may have 4064 bytes together: the last one that fits opens (one more id is
 * a byte longer each time, so no length is passed over), the first that does not is refused.
 */
START_TEST(headers_of_4064_bytes_seal_and_no_longer_ones)
{
    struct bytes message;
    size_t longest = 0;
    size_t refused = 0;

    fake_default_count = MOST_KEKS;
    for (size_t longer = 0; longer <= MOST_KEKS; longer++) {
        if (seal_with_ids(longer, &message) == 1) {
            longest = message_headers_len(message);
            ck_assert_uint_le(longest, HEADERS_SEALED_MAX);
            ck_assert_uint_eq(refused, 0);
            opens(message);
        } else {
            ck_assert_int_eq(n, 0);
            ck_assert_int_eq(caller_reason(), ENV_R_KEKS_DO_NOT_FIT);
            refused++;
        }
        bytes_free(&message);
    }
    ck_assert_uint_eq(longest, HEADERS_SEALED_MAX);
    ck_assert_uint_gt(refused, 0);
}
END_TEST

/* How much two messages agree at the same places behind `from`. */
static size_t equal_bytes(struct bytes a, struct bytes b, size_t from)
{
    size_t equal = 0;

    ck_assert_uint_eq(a.len, b.len);
    for (size_t i = from; i < a.len; i++)
        equal += a.data[i] == b.data[i];
    return equal;
}

/* A DEK of its own for every message: wrapped key, MAC, IVs and ciphertext all differ. */
START_TEST(every_message_has_a_dek_of_its_own)
{
    struct bytes a = caller_seal(libctx, plain);
    struct bytes b = caller_seal(libctx, plain);
    size_t headers = message_headers_len(a);
    /* by chance one in 256, and the 10 bytes of FLOE's parameters and two length fields */
    size_t behind = a.len - headers;

    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 2);
    ck_assert_uint_lt(equal_bytes(a, b, headers), behind / 256 + 60);
    /* FLOE's IV and tag, then the header's MAC before it: no 8 bytes of them the same */
    for (size_t i = headers - 64; i + 8 <= headers; i += 8)
        ck_assert(memcmp(a.data + i, b.data + i, 8) != 0);
    for (size_t i = headers - 74 - 32; i + 8 <= headers - 74; i += 8)
        ck_assert(memcmp(a.data + i, b.data + i, 8) != 0);
    bytes_free(&a);
    bytes_free(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: recipients");
    TCase *tcase = tcase_create("recipients");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, each_of_several_opens);
    tcase_add_test(tcase, missing_keks_are_named);
    tcase_add_test(tcase, a_long_list_of_missing_keks_is_cut_with_a_word);
    tcase_add_test(tcase, next_recipient_is_tried);
    tcase_add_test(tcase, errors_of_other_recipients_are_kept);
    tcase_add_test(tcase, the_gravest_failure_is_reported);
    tcase_add_test(tcase, one_kek_that_fails_to_wrap_fails_sealing);
    tcase_add_test(tcase, without_a_kek_nothing_is_sealed);
    tcase_add_test(tcase, as_many_recipients_as_allowed_all_open);
    tcase_add_test(tcase, headers_of_4064_bytes_seal_and_no_longer_ones);
    tcase_add_test(tcase, every_message_has_a_dek_of_its_own);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
