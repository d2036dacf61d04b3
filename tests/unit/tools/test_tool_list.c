/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of sealed keys: strict base64, bad lines with their numbers, constant memory. */
#include <errno.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "tools/common/sealed_list.h"

static struct tool_list *list;
static FILE *in;

static void read_from(const char *text, size_t len)
{
    in = len > 0 ? fmemopen((void *)(uintptr_t)text, len, "r") : fopen("/dev/null", "re");
    ck_assert_ptr_nonnull(in);
    list = tool_list_new(in);
    ck_assert_ptr_nonnull(list);
}

static void done(void)
{
    tool_list_free(list);
    (void)fclose(in);
}

static void next_is(enum tool_line_state state, uint64_t number, const char *words)
{
    struct tool_line line;

    tool_list_next(list, &line);
    ck_assert_int_eq((int)line.state, (int)state);
    if (state != TOOL_LINE_END)
        ck_assert_uint_eq(line.number, number);
    if (state == TOOL_LINE_GOOD) {
        ck_assert_uint_eq(line.row->message_len, strlen(words));
        ck_assert_mem_eq(line.row->message, words, line.row->message_len);
    } else if (words != NULL) {
        ck_assert_str_eq(line.why, words);
    }
}

START_TEST(lines_are_numbered_trimmed_and_told_apart)
{
    static const char text[] = "YQ==\n"
                               "\n"
                               "  YWI=\t \r\n"
                               "!!!!\n"
                               "YWJj\n"
                               " \r\n"
                               "YWJjZA=="; /* without a newline */

    read_from(text, sizeof(text) - 1);
    next_is(TOOL_LINE_GOOD, 1, "a");
    next_is(TOOL_LINE_EMPTY, 2, NULL);
    next_is(TOOL_LINE_GOOD, 3, "ab");
    next_is(TOOL_LINE_BAD, 4, "not base64");
    next_is(TOOL_LINE_GOOD, 5, "abc");
    next_is(TOOL_LINE_EMPTY, 6, NULL);
    next_is(TOOL_LINE_GOOD, 7, "abcd");
    next_is(TOOL_LINE_END, 0, NULL);
    next_is(TOOL_LINE_END, 0, NULL);
    done();
    read_from(NULL, 0);
    next_is(TOOL_LINE_END, 0, NULL);
    done();
}
END_TEST

/* Whoever writes the line again has it as it came. */
START_TEST(a_line_keeps_its_text)
{
    struct tool_line line;

    read_from("  YWI=\r\nx\0y\n", 12);
    tool_list_next(list, &line);
    ck_assert_uint_eq(line.text_len, 7);
    ck_assert_mem_eq(line.text, "  YWI=\r", 7);
    ck_assert(line.newline);
    tool_list_next(list, &line);
    ck_assert_int_eq((int)line.state, (int)TOOL_LINE_BAD);
    ck_assert_uint_eq(line.text_len, 3);
    ck_assert_mem_eq(line.text, "x\0y", 3);
    ck_assert(line.newline);
    done();
    read_from("YQ==\nYWI=", 9);
    tool_list_next(list, &line);
    ck_assert(line.newline);
    tool_list_next(list, &line);
    ck_assert(!line.newline);
    done();
}
END_TEST

/* What editors put before the first line belongs to no row; elsewhere it is no base64. */
START_TEST(a_byte_order_mark_is_passed_over)
{
    struct tool_line line;

    read_from("\xEF\xBB\xBFYWI=\n\xEF\xBB\xBFYWI=\n", 16);
    tool_list_next(list, &line);
    ck_assert_int_eq((int)line.state, (int)TOOL_LINE_GOOD);
    ck_assert_uint_eq(line.row->message_at, 3);
    ck_assert_uint_eq(line.row->message_text_len, 4);
    ck_assert_uint_eq(line.text_len, 7);
    next_is(TOOL_LINE_BAD, 2, "not base64");
    done();
    read_from("\xEF\xBB\xBF{\"message\":\"YWI=\"}", 21);
    next_is(TOOL_LINE_GOOD, 1, "ab");
    done();
}
END_TEST

START_TEST(what_is_not_base64_is_refused)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"YQ", 2},           {"YQ=", 3},      {"YQ===", 5},      {"=", 1},
        {"====", 4},         {"Y===", 4},     {"YQ==YQ==", 8},   {"YR==", 4}, /* bits left over */
        {"YWJ=", 4},         {"YW J", 4},     {"YW-_", 4},       {"YQ\n=", 4},
        {"YQ\0=", 4},        {"YWJj-", 5},    {"-WJj", 4},       {"YWJj=YWJ", 8},
        {"YWJj\0\0\0\0", 8}, {"YWJjYW-Q", 8}, {"\xC3\xA4YQ", 4},
    };
    uint8_t bytes[16];
    size_t len;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *why = tool_row_base64(cases[i].text, cases[i].len, bytes, &len);

        ck_assert_msg(why != NULL, "case %zu accepted", i);
        ck_assert_str_eq(why, "not base64");
        ck_assert_uint_eq(len, 0);
    }
}
END_TEST

START_TEST(every_length_is_decoded)
{
    uint8_t bytes[300];
    uint8_t back[304];
    char text[420];
    size_t len;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t n = 1; n <= sizeof(bytes); n++) {
        int text_len = EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);

        ck_assert_ptr_null(tool_row_base64(text, (size_t)text_len, back, &len));
        ck_assert_uint_eq(len, n);
        ck_assert_mem_eq(back, bytes, n);
        text[text_len / 2] = '*';
        ck_assert_ptr_nonnull(tool_row_base64(text, (size_t)text_len, back, &len));
    }
}
END_TEST

/* A line at the limit is read; one longer is passed over, and the next is read again. */
START_TEST(a_line_that_is_too_long_is_passed_over)
{
    size_t size = 2 * (size_t)TOOL_LINE_MAX + 100;
    char *text = malloc(size);
    struct tool_line line;

    ck_assert_ptr_nonnull(text);
    memset(text, 'A', size);
    text[TOOL_LINE_MAX] = '\n';
    text[2 * TOOL_LINE_MAX + 2] = '\n'; /* one more than fits */
    memcpy(text + 2 * TOOL_LINE_MAX + 3, "YQ==", 4);
    read_from(text, 2 * (size_t)TOOL_LINE_MAX + 7);
    tool_list_next(list, &line);
    ck_assert_int_eq((int)line.state, (int)TOOL_LINE_GOOD);
    ck_assert_uint_eq(line.row->message_len, TOOL_LINE_MAX / 4 * 3);
    next_is(TOOL_LINE_BAD, 2, "the line is too long");
    next_is(TOOL_LINE_GOOD, 3, "a");
    next_is(TOOL_LINE_END, 0, NULL);
    done();
    free(text);
}
END_TEST

static ssize_t endless(void *cookie, char *buffer, size_t size)
{
    size_t *left = cookie;
    size_t n = size < *left ? size : *left;

    for (size_t i = 0; i < n; i++)
        buffer[i] = "YQ==\n"[(*left - i) % 5 == 0 ? 0 : 5 - (*left - i) % 5];
    *left -= n;
    return (ssize_t)n;
}

/* A million lines in no more memory than one: nothing is left on the heap by reading them. */
START_TEST(a_million_lines_leave_no_memory_behind)
{
    size_t left = 5000000;
    struct tool_line line;
    struct mallinfo2 before;
    struct mallinfo2 after;
    uint64_t good = 0;

    in = fopencookie(&left, "r", (cookie_io_functions_t){.read = endless});
    ck_assert_ptr_nonnull(in);
    list = tool_list_new(in);
    ck_assert_ptr_nonnull(list);
    tool_list_next(list, &line);
    before = mallinfo2();
    while (line.state == TOOL_LINE_GOOD) {
        good++;
        tool_list_next(list, &line);
    }
    after = mallinfo2();
    ck_assert_int_eq((int)line.state, (int)TOOL_LINE_END);
    ck_assert_uint_eq(good, 1000000);
    ck_assert_uint_eq(after.uordblks, before.uordblks);
    done();
}
END_TEST

static ssize_t broken(void *cookie, char *buffer, size_t size)
{
    bool *begun = cookie;

    if (*begun) {
        errno = EIO;
        return -1;
    }
    *begun = true;
    ck_assert_uint_ge(size, 5);
    memcpy(buffer, "YQ==\n", 5);
    return 5;
}

START_TEST(a_read_error_ends_the_list)
{
    bool begun = false;

    in = fopencookie(&begun, "r", (cookie_io_functions_t){.read = broken});
    ck_assert_ptr_nonnull(in);
    list = tool_list_new(in);
    next_is(TOOL_LINE_GOOD, 1, "a");
    next_is(TOOL_LINE_FAILED, 2, "Input/output error");
    done();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: lists of messages in base64");
    TCase *tcase = tcase_create("list");

    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, lines_are_numbered_trimmed_and_told_apart);
    tcase_add_test(tcase, a_line_keeps_its_text);
    tcase_add_test(tcase, a_byte_order_mark_is_passed_over);
    tcase_add_test(tcase, what_is_not_base64_is_refused);
    tcase_add_test(tcase, every_length_is_decoded);
    tcase_add_test(tcase, a_line_that_is_too_long_is_passed_over);
    tcase_add_test(tcase, a_million_lines_leave_no_memory_behind);
    tcase_add_test(tcase, a_read_error_ends_the_list);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
