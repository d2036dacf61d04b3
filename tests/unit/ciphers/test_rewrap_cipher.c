/* SPDX-License-Identifier: Apache-2.0 */
/* ENVELOPE-REWRAP: its output, and what it refuses. */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "header_tree.h"

#define SEGMENTS 3u

static EVP_CIPHER_CTX *ctx;
static unsigned char room[SEGMENTS * SEGMENT + 2 * SEGMENT];
static int n;

/* header_tree's message is for KEK 0; today's is KEK 1, which is then the first. */
static void set_up(void)
{
    header_tree_set_up();
    bytes_free(&plain);
    plain = bytes_plain(SEGMENTS * SEGMENT_PLAIN - 1000, 61);
    header_tree_seal(1);
    fake_switch_to(1, 1);
    ctx = caller_begin(libctx, "ENVELOPE-REWRAP", 1);
    n = -1;
}

static void tear_down(void)
{
    EVP_CIPHER_CTX_free(ctx);
    header_tree_tear_down();
}

static struct bytes rewrapped(struct bytes message, size_t step)
{
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
    return caller_finish(ctx, message, step);
}

static void ck_same_body(struct bytes old, struct bytes new)
{
    size_t old_headers = message_headers_len(old) - 74;
    size_t new_headers = message_headers_len(new) - 74;

    ck_assert_uint_eq(new.len - new_headers, old.len - old_headers);
    ck_assert(memcmp(new.data + new_headers, old.data + old_headers, old.len - old_headers) == 0);
}

/* Why the present message is refused, in updates of `step`; and the output before that. */
static int refused(struct bytes message, size_t step, size_t *written)
{
    int ok = 1;

    *written = 0;
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
    ERR_clear_error();
    for (size_t done = 0; ok == 1 && done < message.len; done += step) {
        size_t len = message.len - done < step ? message.len - done : step;

        ok = EVP_CipherUpdate(ctx, room, &n, message.data + done, (int)len);
        *written += (size_t)n;
    }
    if (ok == 1)
        ok = EVP_CipherFinal_ex(ctx, room, &n);
    ck_assert_int_eq(ok, 0);
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(fake_references(), 0);
    return caller_reason();
}

/* Nothing at all comes out, in one piece or byte by byte. */
#define ck_refused_whole(message, why)                                                             \
    do {                                                                                           \
        static const size_t steps[] = {sizeof(room), 1, 7};                                        \
                                                                                                   \
        for (size_t i_ = 0; i_ < 3; i_++) {                                                        \
            size_t written_;                                                                       \
                                                                                                   \
            ck_assert_int_eq(refused((message), steps[i_], &written_), (why));                     \
            ck_assert_uint_eq(written_, 0);                                                        \
        }                                                                                          \
    } while (0)

/* ---- the output ---- */

static void goes_through(const char *cipher, size_t len)
{
    static const size_t steps[] = {1, 7, 31, 256, 4095, 4096, 100000};
    EVP_CIPHER_CTX *sealing;
    struct bytes text = bytes_plain(len, 62);
    struct bytes old;

    fake_switch_to(1, 1); /* back to the old KEK */
    sealing = caller_begin(libctx, cipher, 1);
    old = caller_finish(sealing, text, 1 << 20);
    EVP_CIPHER_CTX_free(sealing);
    fake_switch_to(1, 1);
    for (size_t i = len < 20000 ? 0 : 3; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct bytes new = rewrapped(old, steps[i]);
        EVP_CIPHER_CTX *opening = caller_begin(libctx, cipher, 0);
        struct bytes opened;

        ck_same_body(old, new);
        fake_keks[1].absent = true; /* the old one */
        opened = caller_finish(opening, new, 1 << 20);
        fake_keks[1].absent = false;
        ck_assert_uint_eq(opened.len, text.len);
        ck_assert(memcmp(opened.data, text.data, text.len) == 0);
        EVP_CIPHER_CTX_free(opening);
        bytes_free(&opened);
        bytes_free(&new);
    }
    bytes_free(&old);
    bytes_free(&text);
}

START_TEST(the_body_stays_the_same)
{
    static const size_t sizes[] = {0,    1,    31,   32,   33,    4063,  4064,
                                   4095, 4096, 4097, 8192, 12345, 100000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        goes_through("ENVELOPE", sizes[i]);
}
END_TEST

START_TEST(the_body_of_large_segments_stays_the_same)
{
    static const size_t sizes[] = {0, 5000, SEGMENT_64K - 33, SEGMENT_64K - 32,
                                   SEGMENT_64K + 70000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        goes_through("ENVELOPE-64K", sizes[i]);
}
END_TEST

/* The old KEK alone does not open it any more. */
START_TEST(the_old_kek_opens_no_longer)
{
    struct bytes old = whole_message();
    struct bytes new = rewrapped(old, 1000);
    EVP_CIPHER_CTX *opening = caller_begin(libctx, "ENVELOPE", 0);

    fake_keks[0].absent = true;
    ck_refused(EVP_CipherUpdate(opening, room, &n, new.data, (int)new.len), ENV_R_KEK_NOT_HERE);
    EVP_CIPHER_CTX_free(opening);
    bytes_free(&old);
    bytes_free(&new);
}
END_TEST

/* The KEK by parameter and by key bytes, as with ENVELOPE. */
START_TEST(the_kek_comes_from_parameter_or_key_bytes)
{
    static const unsigned char key[32] = "kek3";
    char name[] = "kek4";
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("kek", name, strlen(name)), OSSL_PARAM_END};
    struct bytes old = whole_message();

    for (int by_param = 0; by_param <= 1; by_param++) {
        struct bytes new;

        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, key, NULL, 1, by_param != 0 ? params : NULL),
                         1);
        new = caller_finish(ctx, old, 5000);
        for (size_t i = 0; i < FAKE_KEKS; i++)
            fake_keks[i].absent = i != 3 + (size_t)by_param;
        {
            struct bytes opened = caller_open(libctx, new);

            ck_assert_uint_eq(opened.len, plain.len);
            bytes_free(&opened);
        }
        for (size_t i = 0; i < FAKE_KEKS; i++)
            fake_keks[i].absent = false;
        bytes_free(&new);
    }
    /* too late: the message has begun */
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, room, &n, old.data, 1), 1);
    ck_refused(EVP_CIPHER_CTX_set_params(ctx, params), ENV_R_PARAMETER_TOO_LATE);
    bytes_free(&old);
}
END_TEST

/* ---- sealed keys ---- */

static struct bytes sealed_key(void)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    const struct env_provctx *provctx =
        OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher));
    const struct env_selector nothing = {0};
    uint8_t dek[ENV_DEK_LEN];
    uint8_t *der = NULL;
    size_t len = 0;
    struct bytes bytes;

    ck_assert(
        env_ok(env_dek_seal(&provctx->dek, &nothing, ENV_CONTENT_SEALED_KEY, dek, &der, &len)));
    bytes = bytes_of(der, len);
    OPENSSL_free(der);
    EVP_CIPHER_free(cipher);
    return bytes;
}

START_TEST(a_sealed_key_is_rewrapped)
{
    struct bytes old, longer, new;
    struct der *tree;
    size_t used = 0;

    fake_switch_to(1, 1);
    old = sealed_key();
    fake_switch_to(1, 1);
    for (size_t step = 1; step <= 1001; step += 100) {
        struct der *oid;

        new = rewrapped(old, step);
        ck_assert_uint_eq(new.len, old.len);
        tree = der_parse(new.data, new.len, &used);
        ck_assert_uint_eq(used, new.len);
        oid = der_oid(OID_SEALED_KEY);
        ck_assert_mem_eq(der_at(tree, CONTENT_ALGORITHM)->children[0]->content.data,
                         oid->content.data, oid->content.len);
        ck_assert_uint_eq(der_at(tree, KEK_ID)->content.data[0], 0xA1);
        der_free(oid);
        der_free(tree);
        bytes_free(&new);
    }
    for (size_t more = 1; more <= 200; more += more < 80 ? 1 : 60) { /* past where a body begins */
        longer = bytes_new(old.len + more);
        memcpy(longer.data, old.data, old.len);
        ck_refused_whole(longer, ENV_R_TRAILING_DATA);
        bytes_free(&longer);
    }
    for (size_t len = 0; len < old.len; len++)
        ck_refused_whole(((struct bytes){old.data, len, 0}), ENV_R_TRUNCATED);
    old.data[old.len - 1] ^= 1;
    ck_refused_whole(old, ENV_R_NOT_AUTHENTIC);
    bytes_free(&old);
}
END_TEST

/* ---- what is refused ---- */

/* Wherever a message is cut off: final fails, and within the headers there is no output. */
START_TEST(a_truncated_message_is_refused)
{
    struct bytes message = whole_message();
    size_t headers = message_headers_len(message);
    size_t written;

    for (size_t len = 0; len <= headers; len++)
        if (len < headers)
            ck_refused_whole(((struct bytes){message.data, len, 0}), ENV_R_TRUNCATED);
    for (size_t len = headers; len < message.len; len += 1 + (len - headers) % 501) {
        struct bytes shorter = {message.data, len, 0};

        ck_assert_int_eq(refused(shorter, sizeof(room), &written), ENV_R_TRUNCATED);
        ck_assert_int_eq(refused(shorter, 1000, &written), ENV_R_TRUNCATED);
    }
    for (size_t segments = 0; segments < SEGMENTS; segments++) {
        struct bytes shorter = {message.data, headers + segments * SEGMENT, 0};

        ck_assert_int_eq(refused(shorter, 1, &written), ENV_R_TRUNCATED);
        ck_assert_uint_le(written, shorter.len);
    }
    bytes_free(&message);
}
END_TEST

START_TEST(trailing_data_are_refused)
{
    struct bytes message = whole_message();
    size_t written;

    bytes_append(&message, "x", 1);
    ck_assert_int_eq(refused(message, sizeof(room), &written), ENV_R_TRAILING_DATA);
    ck_assert_uint_eq(written, 0);
    ck_assert_int_eq(refused(message, 1, &written), ENV_R_TRAILING_DATA);
    ck_assert_uint_lt(written, message.len);
    bytes_free(&message);
}
END_TEST

START_TEST(impossible_segment_lengths_are_refused)
{
    static const unsigned char lengths[][4] = {{0, 0, 0, 0},       {0, 0, 0, 31},
                                               {0, 0, 0x10, 0x21}, {0, 1, 0, 0x20},
                                               {0x80, 0, 0, 0},    {0xFF, 0xFF, 0xFF, 0xFE}};
    size_t written;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (size_t segment = 0; segment < SEGMENTS; segment++) {
            struct bytes message = whole_message();

            memcpy(message.data + message_headers_len(message) + segment * SEGMENT, lengths[i], 4);
            ck_assert_int_eq(refused(message, sizeof(room), &written), ENV_R_BAD_SEGMENT_LENGTH);
            ck_assert_int_eq(refused(message, 1, &written), ENV_R_BAD_SEGMENT_LENGTH);
            bytes_free(&message);
        }
    }
}
END_TEST

START_TEST(what_is_no_message_is_refused)
{
    struct bytes text = bytes_of("Dear Sir or Madam, this is not a message at all.", 48);
    struct bytes message = whole_message();

    ck_refused_whole(text, ENV_R_NOT_A_MESSAGE);
    message.data[message.len > 20 ? 20 : 0] ^= 0x20;
    ck_refused_whole(message, ENV_R_BAD_HEADER);
    bytes_free(&text);
    bytes_free(&message);
}
END_TEST

/* What needs no KEK is judged first: none is asked. */
START_TEST(a_bad_floe_header_asks_no_kek)
{
    static const struct {
        size_t place;
        unsigned char value;
        int reason;
    } changes[] = {{0, 1, ENV_R_BAD_FLOE_HEADER},  {1, 1, ENV_R_BAD_FLOE_HEADER},
                   {9, 31, ENV_R_BAD_FLOE_HEADER}, {4, 0x20, ENV_R_SEGMENT_LENGTH},
                   {5, 1, ENV_R_SEGMENT_LENGTH},   {2, 0x10, ENV_R_SEGMENT_LENGTH}};
    int unwraps = atomic_load(&fake_keks[1].unwraps);

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct bytes message = whole_message();

        message.data[message_headers_len(message) - 74 + changes[i].place] = changes[i].value;
        ck_refused_whole(message, changes[i].reason);
        bytes_free(&message);
    }
    ck_assert_int_eq(atomic_load(&fake_keks[1].unwraps), unwraps);
}
END_TEST

/* Not opened, or its MAC does not hold: nothing was written, and no header was made. */
START_TEST(what_does_not_open_is_not_rewrapped)
{
    struct bytes message = whole_message();
    size_t mac = message_headers_len(message) - 75;

    message.data[mac] ^= 1;
    ck_refused_whole(message, ENV_R_NOT_AUTHENTIC);
    message.data[mac] ^= 1;
    fake_keks[1].fail_unwrap = true;
    ck_refused_whole(message, ENV_R_TOKEN_FAILED);
    fake_keks[1].absent = true;
    ck_refused_whole(message, ENV_R_KEK_NOT_HERE);
    fake_keks[1].absent = fake_keks[1].fail_unwrap = false;
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 0);
    fake_keks[0].fail_wrap = true;
    ck_refused_whole(message, ENV_R_WRAP_FAILED);
    fake_default_count = 0;
    ck_refused_whole(message, ENV_R_NO_KEK_CONFIGURED);
    bytes_free(&message);
}
END_TEST

START_TEST(a_new_header_that_is_too_long_is_refused)
{
    struct bytes message = whole_message();

    fake_default_count = 32;
    for (size_t i = 0; i < 32; i++) {
        if (i == 1) /* the old one */
            continue;
        fake_keks[i].id.len = ENV_KEK_ID_MAX;
        memset(fake_keks[i].id.bytes, 0x80 + (int)i, ENV_KEK_ID_MAX);
    }
    ck_refused_whole(message, ENV_R_KEKS_DO_NOT_FIT);
    bytes_free(&message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: ENVELOPE-REWRAP");
    TCase *tcase = tcase_create("rewrap");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_body_stays_the_same);
    tcase_add_test(tcase, the_body_of_large_segments_stays_the_same);
    tcase_add_test(tcase, the_old_kek_opens_no_longer);
    tcase_add_test(tcase, the_kek_comes_from_parameter_or_key_bytes);
    tcase_add_test(tcase, a_sealed_key_is_rewrapped);
    tcase_add_test(tcase, a_truncated_message_is_refused);
    tcase_add_test(tcase, trailing_data_are_refused);
    tcase_add_test(tcase, impossible_segment_lengths_are_refused);
    tcase_add_test(tcase, what_is_no_message_is_refused);
    tcase_add_test(tcase, a_bad_floe_header_asks_no_kek);
    tcase_add_test(tcase, what_does_not_open_is_not_rewrapped);
    tcase_add_test(tcase, a_new_header_that_is_too_long_is_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
