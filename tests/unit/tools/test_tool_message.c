/* SPDX-License-Identifier: Apache-2.0 */
/* Classifying files by their first bytes and size: messages, sealed keys, and others. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/message/stream.h"
#include "fake_keyring.h"
#include "temporary.h"
#include "tools/common/kek_table.h"
#include "tools/common/message.h"

static OSSL_LIB_CTX *libctx;
static struct env_crypto *crypto;
static struct tool_message message;
static uint8_t head[ENV_HEADER_MAX + 20000];
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
    ck_assert_msg((message.end == ENV_R_NONE) == known, "%llu", (unsigned long long)segments_len);
    ck_assert_uint_eq(message.plain_len, plain);
    ck_assert_uint_eq(message.body_len, 74 + segments_len);
    ck_assert_uint_eq(message.der.len, header_len);
}

START_TEST(the_plaintext_length_follows_from_the_files)
{
    seal_header(ENV_CONTENT_MESSAGE, 2);
    add_floe_header(4128);
    plain_is(0, false, 0);
    plain_is(31, false, 0);
    plain_is(32, true, 0);
    plain_is(33, true, 1);
    plain_is(4127, true, 4095);
    plain_is(4128, true, 4096);
    plain_is(4129, false, 0);
    plain_is(4128 + 31, false, 0);
    plain_is(4128 + 32, true, 4096);
    plain_is(10 * 4128ull + 100, true, 10 * 4096 + 68);
    plain_is((1ull << 28) * 4128, true, 1ull << 40);
    ck_assert_uint_eq(message.segment_len, 4128);
    ck_assert_uint_eq(message.header.count, 2);
    add_floe_header(65568);
    plain_is(33, true, 1);
    plain_is(65568 + 32, true, 65536);
    ck_assert_uint_eq(message.segment_len, 65568);
}
END_TEST

/* ---- the end ---- */

static void write_prefix(uint64_t segments_at, uint32_t value)
{
    uint8_t *to = head + header_len + 74 + segments_at;

    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* What the last segment's length bytes say of a body of so many bytes. */
static void end_is(uint64_t segments_len, uint32_t prefix, enum env_reason reason)
{
    size_t len = header_len + 74;
    uint8_t bytes[4];

    ck_assert_int_eq((int)parse(len, len + segments_len), ENV_R_NONE);
    ck_assert_int_eq((int)message.end, ENV_R_NONE);
    write_prefix(0, prefix);
    memcpy(bytes, head + len, 4);
    tool_message_see_end(&message, bytes);
    ck_assert_msg(message.end == reason, "%llu, %08x: %d", (unsigned long long)segments_len, prefix,
                  (int)message.end);
    ck_assert((message.plain_len > 0) == (reason == ENV_R_NONE));
}

START_TEST(the_last_segment_shows_a_cut)
{
    const uint32_t len = env_stream_envelope.segment_len;

    seal_header(ENV_CONTENT_MESSAGE, 1);
    add_floe_header(len);
    end_is(100, 100, ENV_R_NONE);
    end_is(3 * len + 100, 100, ENV_R_NONE);
    end_is(3 * len, len, ENV_R_NONE);
    end_is(100, 101, ENV_R_TRUNCATED);
    end_is(100, len, ENV_R_TRUNCATED);
    end_is(100, 0xFFFFFFFF, ENV_R_TRUNCATED);
    end_is(3 * len, 0xFFFFFFFF, ENV_R_TRUNCATED);
    end_is(3 * len + 100, 0xFFFFFFFF, ENV_R_TRUNCATED);
    end_is(100, 99, ENV_R_TRAILING_DATA);
    end_is(3 * len, 32, ENV_R_TRAILING_DATA);
    end_is(100, 31, ENV_R_BAD_SEGMENT_LENGTH);
    end_is(100, len + 1, ENV_R_BAD_SEGMENT_LENGTH);
}
END_TEST

START_TEST(a_sealed_key_is_recognised)
{
    seal_header(ENV_CONTENT_SEALED_KEY, 1);
    ck_assert_int_eq((int)parse(header_len, header_len), ENV_R_NONE);
    ck_assert_int_eq((int)message.header.content, (int)ENV_CONTENT_SEALED_KEY);
    ck_assert_int_eq((int)parse(header_len + 1, header_len + 1), ENV_R_TRAILING_DATA);
}
END_TEST

START_TEST(what_is_no_message_has_its_reason)
{
    seal_header(ENV_CONTENT_MESSAGE, 1);
    add_floe_header(4128);
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

START_TEST(a_message_of_32_recipients_is_read)
{
    seal_header(ENV_CONTENT_MESSAGE, ENV_KEK_RECIPIENTS_MAX);
    add_floe_header(4128);
    plain_is(32, true, 0);
    ck_assert_uint_eq(message.header.count, ENV_KEK_RECIPIENTS_MAX);
}
END_TEST

/* ---- from where it comes ---- */

static struct tool_source source;

static enum env_reason read_it(void)
{
    struct tool_failure failure;
    ENV_RESULT r;

    ck_assert_msg(tool_message_read(&source, &message, &r, &failure), "%s", failure.text);
    return r.reason;
}

static enum env_reason read_file(const void *bytes, size_t len)
{
    int fd = temporary_nameless_file();
    enum env_reason reason;

    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    tool_source_of_fd(&source, fd);
    reason = read_it();
    (void)close(fd);
    return reason;
}

static enum env_reason read_pipe(const void *bytes, size_t len)
{
    enum env_reason reason;
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    if (fork() == 0) {
        (void)close(pipes[0]);
        _exit(write(pipes[1], bytes, len) == (ssize_t)len ? 0 : 1);
    }
    (void)close(pipes[1]);
    tool_source_of_fd(&source, pipes[0]);
    reason = read_it();
    (void)close(pipes[0]);
    ck_assert_int_gt(wait(NULL), 0);
    return reason;
}

static enum env_reason read_memory(const void *bytes, size_t len)
{
    tool_source_of_memory(&source, (struct env_span){bytes, len});
    return read_it();
}

typedef enum env_reason read_fn(const void *bytes, size_t len);

static read_fn *const readers[] = {read_file, read_pipe, read_memory};

/* A body of two and a half segments, cut at every place where something else ends. */
static size_t make_body(void)
{
    const uint32_t len = env_stream_envelope.segment_len;

    seal_header(ENV_CONTENT_MESSAGE, 1);
    add_floe_header(len);
    write_prefix(0, 0xFFFFFFFF);
    write_prefix(len, 0xFFFFFFFF);
    write_prefix(2 * (uint64_t)len, 1000);
    return header_len + 74 + 2 * (size_t)len + 1000;
}

START_TEST(every_cut_is_seen)
{
    const uint32_t len = env_stream_envelope.segment_len;
    size_t whole = make_body();
    size_t segments_at = header_len + 74;
    const size_t cuts[] = {segments_at,
                           segments_at + 3,
                           segments_at + 31,
                           segments_at + 32,
                           segments_at + 1000,
                           segments_at + len - 1,
                           segments_at + len,
                           segments_at + len + 3,
                           segments_at + len + 32,
                           segments_at + 2 * (size_t)len,
                           segments_at + 2 * (size_t)len + 4,
                           segments_at + 2 * (size_t)len + 999};

    ck_assert_int_eq((int)readers[_i](head, whole), ENV_R_NONE);
    ck_assert_int_eq((int)message.end, ENV_R_NONE);
    ck_assert_uint_eq(message.plain_len, 2 * (len - 32) + 968);
    ck_assert_uint_eq(message.size, whole);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        ck_assert_int_eq((int)readers[_i](head, cuts[i]), ENV_R_NONE);
        ck_assert_msg(message.end == ENV_R_TRUNCATED, "cut %zu: %d", i, (int)message.end);
        ck_assert_uint_eq(message.plain_len, 0);
    }
    ck_assert_int_eq((int)readers[_i](head, whole + 1), ENV_R_NONE);
    ck_assert_int_eq((int)message.end, ENV_R_TRAILING_DATA);
}
END_TEST

/* ---- base64 ---- */

/* Lines of so many characters, each with that end. */
static char *in_base64(const uint8_t *bytes, size_t len, size_t width, const char *mark,
                       const char *line_end)
{
    char *text = malloc(4 * len);
    char *flat = malloc(2 * len + 8);
    size_t flat_len = (size_t)EVP_EncodeBlock((unsigned char *)flat, bytes, (int)len);

    ck_assert(text != NULL && flat != NULL);
    strcpy(text, mark);
    for (size_t i = 0; i < flat_len; i += width) {
        strncat(text, flat + i, width);
        strcat(text, line_end);
    }
    free(flat);
    return text;
}

static size_t widen(char *text, bool big_endian)
{
    size_t len = strlen(text);

    for (size_t i = len; i-- > 0;) {
        text[2 * i + 2 + (big_endian ? 1 : 0)] = text[i];
        text[2 * i + 2 + (big_endian ? 0 : 1)] = 0;
    }
    memcpy(text, big_endian ? "\xFE\xFF" : "\xFF\xFE", 2);
    return 2 * len + 2;
}

static void is_whole_base64(size_t whole)
{
    ck_assert(message.base64);
    ck_assert_int_eq((int)message.end, ENV_R_NONE);
    ck_assert_uint_eq(message.size, whole);
    ck_assert_uint_eq(message.der.len, header_len);
}

START_TEST(base64_is_read_in_every_form)
{
    static const struct {
        size_t width;
        const char *mark;
        const char *end;
    } forms[] = {
        {64, "", "\n"},    {64, "", "\r\n"}, {64, "\xEF\xBB\xBF", "\r\n"},    {1000000, "", ""},
        {76, "\n ", "\n"}, {1, "", "\n"},    {1000000, "\xEF\xBB\xBF", "\n"},
    };
    size_t whole = make_body();
    char *text;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        text = in_base64(head, whole, forms[i].width, forms[i].mark, forms[i].end);
        ck_assert_int_eq((int)readers[_i](text, strlen(text)), ENV_R_NONE);
        is_whole_base64(whole);
        free(text);
    }
    for (int big_endian = 0; big_endian < 2; big_endian++) {
        text = in_base64(head, whole, 64, "", "\r\n");
        ck_assert_int_eq((int)readers[_i](text, widen(text, big_endian != 0)), ENV_R_NONE);
        is_whole_base64(whole);
        free(text);
    }
    for (size_t cut = 1; cut < 2000; cut += 333) {
        text = in_base64(head, whole - cut, 64, "", "\n");
        ck_assert_int_eq((int)readers[_i](text, strlen(text)), ENV_R_NONE);
        ck_assert(message.base64);
        ck_assert_int_eq((int)message.end, ENV_R_TRUNCATED);
        free(text);
    }
}
END_TEST

static void fails_with(const char *text, const char *why)
{
    struct tool_failure failure;
    ENV_RESULT r;

    tool_source_of_memory(&source, (struct env_span){(const uint8_t *)text, strlen(text)});
    ck_assert(!tool_message_read(&source, &message, &r, &failure));
    ck_assert(message.base64);
    ck_assert_str_eq(failure.text, why);
}

START_TEST(bad_base64_is_refused)
{
    size_t whole = make_body();
    char *text = in_base64(head, whole - (whole % 3 == 0), 64, "", "\n"); /* with padding */

    strcat(text, "AAAA\n");
    fails_with(text, "base64 of several messages, or with data after it: --list reads lists");
    text[strlen(text) - 8] = '\0';
    fails_with(text, "base64 that ends too early");
    text[500] = '*';
    fails_with(text, "not base64");
    free(text);
    /* text that is none of ours */
    ck_assert_int_eq((int)read_memory("MIIBCgKCAQEAMIIBCgKCAQEAMIIBCgKCAQEAMIIBCgKCAQEA", 48),
                     ENV_R_NOT_A_MESSAGE);
    ck_assert(!message.base64);
}
END_TEST

START_TEST(a_closed_descriptor_is_reported)
{
    struct tool_failure failure;
    int pipes[2];
    ENV_RESULT r;

    ck_assert_int_eq(pipe(pipes), 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    tool_source_of_fd(&source, pipes[0]);
    ck_assert(!tool_message_read(&source, &message, &r, &failure));
    ck_assert_str_eq(failure.text, "Bad file descriptor");
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

START_TEST(keks_are_counted_in_order_of_their_ids)
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
    Suite *suite = suite_create("tools: what a file says of itself");
    TCase *tcase = tcase_create("messages");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_plaintext_length_follows_from_the_files);
    tcase_add_test(tcase, a_sealed_key_is_recognised);
    tcase_add_test(tcase, what_is_no_message_has_its_reason);
    tcase_add_test(tcase, a_message_of_32_recipients_is_read);
    tcase_add_test(tcase, the_last_segment_shows_a_cut);
    tcase_add_loop_test(tcase, every_cut_is_seen, 0, 3);
    tcase_add_loop_test(tcase, base64_is_read_in_every_form, 0, 3);
    tcase_add_test(tcase, bad_base64_is_refused);
    tcase_add_test(tcase, a_closed_descriptor_is_reported);
    tcase_add_test(tcase, keks_are_counted_in_order_of_their_ids);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
