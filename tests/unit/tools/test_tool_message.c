/* SPDX-License-Identifier: Apache-2.0 */
/* What a file's first bytes and its size say: messages, sealed keys, and what is neither. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "fake_keyring.h"
#include "temporary.h"
#include "tools/common/kek_table.h"
#include "tools/common/message.h"

static OSSL_LIB_CTX *libctx;
static struct env_crypto *crypto;
static struct tool_message message;
static uint8_t head[ENV_HEADER_MAX + 200];
static size_t header_len;

/* FLOE's header as this library writes it: see docs/FORMAT.md. */
static void add_floe_header(uint32_t segment_len)
{
    uint8_t *floe = head + header_len;

    memset(floe, 0, 74);
    floe[4 - 2] = (uint8_t)(segment_len >> 24);
    floe[4 - 1] = (uint8_t)(segment_len >> 16);
    floe[4] = (uint8_t)(segment_len >> 8);
    floe[5] = (uint8_t)segment_len;
    floe[9] = 32;
}

static void seal_header(enum env_content content, size_t recipients)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1};
    struct env_header *header = OPENSSL_zalloc(sizeof(*header));
    uint8_t *der = NULL;

    ck_assert_ptr_nonnull(header);
    header->content = content;
    header->count = recipients;
    for (size_t i = 0; i < recipients; i++) {
        header->recipients[i].id.len = 16;
        memset(header->recipients[i].id.bytes, 0xA0 + (int)i, 16);
        header->recipients[i].wrapped.alg = ENV_WRAP_AES256_KW;
        header->recipients[i].wrapped.len = 40;
    }
    ck_assert(env_ok(env_header_encode(crypto, header, dek, &der, &header_len)));
    memcpy(head, der, header_len);
    OPENSSL_free(der);
    OPENSSL_free(header);
}

static void set_up(void)
{
    libctx = OSSL_LIB_CTX_new();
    crypto = env_crypto_new(libctx, NULL);
    ck_assert(env_ok(env_crypto_ready(crypto)));
    memset(head, 0, sizeof(head));
}

static void tear_down(void)
{
    env_crypto_free(crypto);
    OSSL_LIB_CTX_free(libctx);
}

static enum env_reason parse(size_t len, uint64_t size)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    enum env_reason reason;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, head, len);
    memset(&message, 0xEE, sizeof(message));
    reason = tool_message_parse((struct env_span){exact, len}, size, &message).reason;
    free(exact);
    return reason;
}

static void plain_is(uint64_t segments_len, bool known, uint64_t plain)
{
    size_t len = header_len + 74;

    ck_assert_int_eq((int)parse(len, len + segments_len), ENV_R_NONE);
    ck_assert_msg(message.plain_known == known, "%llu", (unsigned long long)segments_len);
    ck_assert_uint_eq(message.plain_len, plain);
    ck_assert_uint_eq(message.body_len, 74 + segments_len);
    ck_assert_uint_eq(message.der.len, header_len);
}

START_TEST(plaintext_length)
{
    seal_header(ENV_CONTENT_MESSAGE, 2);
    add_floe_header(4096);
    plain_is(0, false, 0);
    plain_is(31, false, 0);
    plain_is(32, true, 0);
    plain_is(33, true, 1);
    plain_is(4095, true, 4063);
    plain_is(4096, true, 4064);
    plain_is(4097, false, 0);
    plain_is(4096 + 31, false, 0);
    plain_is(4096 + 32, true, 4064);
    plain_is(10 * 4096ull + 100, true, 10 * 4064 + 68);
    plain_is(1ull << 40, true, (1ull << 28) * 4064);
    ck_assert_uint_eq(message.segment_len, 4096);
    ck_assert_uint_eq(message.header.count, 2);
    add_floe_header(1u << 20);
    plain_is(33, true, 1);
    plain_is((1u << 20) + 32, true, (1u << 20) - 32);
    ck_assert_uint_eq(message.segment_len, 1u << 20);
}
END_TEST

START_TEST(sealed_key)
{
    seal_header(ENV_CONTENT_SEALED_KEY, 1);
    ck_assert_int_eq((int)parse(header_len, header_len), ENV_R_NONE);
    ck_assert_int_eq((int)message.header.content, (int)ENV_CONTENT_SEALED_KEY);
    ck_assert_int_eq((int)parse(header_len + 1, header_len + 1), ENV_R_TRAILING_DATA);
}
END_TEST

START_TEST(neither)
{
    seal_header(ENV_CONTENT_MESSAGE, 1);
    add_floe_header(4096);
    ck_assert_int_eq((int)parse(0, 0), ENV_R_TRUNCATED);
    ck_assert_int_eq((int)parse(20, 20), ENV_R_TRUNCATED);
    ck_assert_int_eq((int)parse(header_len - 1, header_len - 1), ENV_R_TRUNCATED);
    ck_assert_int_eq((int)parse(header_len + 73, header_len + 73), ENV_R_TRUNCATED);
    head[header_len - 33]++; /* the length of the MAC */
    ck_assert_int_eq((int)parse(header_len + 74, 9999), ENV_R_BAD_HEADER);
    head[header_len - 33]--;
    add_floe_header(8192);
    ck_assert_int_eq((int)parse(header_len + 74, 9999), ENV_R_SEGMENT_LENGTH);
    head[header_len] ^= 1;
    ck_assert_int_eq((int)parse(header_len + 74, 9999), ENV_R_BAD_FLOE_HEADER);
    head[0] = 'x';
    ck_assert_int_eq((int)parse(header_len + 74, 9999), ENV_R_NOT_A_MESSAGE);
}
END_TEST

START_TEST(many_recipients)
{
    seal_header(ENV_CONTENT_MESSAGE, ENV_KEK_RECIPIENTS_MAX);
    add_floe_header(4096);
    plain_is(32, true, 0);
    ck_assert_uint_eq(message.header.count, ENV_KEK_RECIPIENTS_MAX);
}
END_TEST

/* From a file, from a pipe that has no size, and from a file that says it is longer than it is. */
START_TEST(from_descriptors)
{
    struct tool_failure failure;
    int pipes[2];
    ENV_RESULT r;
    int fd = temporary_nameless_file();

    seal_header(ENV_CONTENT_MESSAGE, 1);
    add_floe_header(4096);
    ck_assert_int_eq(write(fd, head, header_len + 74), (ssize_t)header_len + 74);
    ck_assert_int_eq(ftruncate(fd, (off_t)header_len + 74 + 100000), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert(tool_message_read(fd, &message, &r, &failure));
    ck_assert(env_ok(r));
    ck_assert_uint_eq(message.body_len, 74 + 100000);
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(write(pipes[1], head, sizeof(head)), (ssize_t)sizeof(head));
    ck_assert_int_eq(write(pipes[1], head, sizeof(head)), (ssize_t)sizeof(head));
    (void)close(pipes[1]);
    ck_assert(tool_message_read(pipes[0], &message, &r, &failure));
    ck_assert(env_ok(r));
    ck_assert_uint_eq(message.size, 2 * sizeof(head));
    ck_assert_uint_eq(message.body_len, 2 * sizeof(head) - header_len);
    (void)close(pipes[0]);
    ck_assert(!tool_message_read(pipes[0], &message, &r, &failure)); /* closed */
    ck_assert_str_eq(failure.text, "Bad file descriptor");
    (void)close(fd);
}
END_TEST

/* ---- the table of KEKs ---- */

static char order[64];

static void take(void *arg, const struct tool_kek_counts *counts)
{
    size_t used = strlen(order);

    ck_assert_ptr_eq(arg, order);
    (void)snprintf(order + used, sizeof(order) - used, "%zu/%02x:%llu ", counts->id.len,
                   counts->id.bytes[0], (unsigned long long)counts->files);
}

START_TEST(kek_table)
{
    static const struct env_kek_id ids[] = {{2, {2, 0}}, {1, {2}}, {1, {1}},   {2, {2, 0}},
                                            {1, {3}},    {1, {1}}, {2, {2, 0}}};
    struct tool_kek_table table = {NULL, false};

    tool_kek_table_each(&table, take, order);
    ck_assert_str_eq(order, "");
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        tool_kek_table_get(&table, &ids[i])->files++;
    tool_kek_table_each(&table, take, order);
    ck_assert_str_eq(order, "1/01:2 1/02:1 2/02:3 1/03:1 ");
    ck_assert_uint_eq(tool_kek_table_find(&table, &ids[0])->files, 3);
    ck_assert_ptr_null(tool_kek_table_find(&table, &(struct env_kek_id){1, {9}}));
    tool_kek_table_clear(&table);
    ck_assert_ptr_null(tool_kek_table_find(&table, &ids[0]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("what a file says of itself");
    TCase *tcase = tcase_create("messages");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, plaintext_length);
    tcase_add_test(tcase, sealed_key);
    tcase_add_test(tcase, neither);
    tcase_add_test(tcase, many_recipients);
    tcase_add_test(tcase, from_descriptors);
    tcase_add_test(tcase, kek_table);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
