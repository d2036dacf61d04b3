/* SPDX-License-Identifier: Apache-2.0 */
/* Key bytes read from and written to a descriptor: hex, base64 and raw. */
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "temporary.h"
#include "tools/key/key_bytes.h"

static struct tool_key_bytes bytes;
static const char *why;

static const char *read_text(const void *text, size_t len, enum tool_key_form form)
{
    int fd = temporary_nameless_file();

    ck_assert_int_eq(pwrite(fd, text, len, 0), (ssize_t)len);
    why = tool_key_bytes_read(fd, form, &bytes);
    ck_assert_int_eq(close(fd), 0);
    return why;
}

static void gives(const char *text, enum tool_key_form form, const char *wanted, size_t len)
{
    ck_assert_msg(read_text(text, strlen(text), form) == NULL, "%s: %s", text, why);
    ck_assert_uint_eq(bytes.len, len);
    ck_assert_mem_eq(bytes.data, wanted, len);
    tool_key_bytes_clear(&bytes);
}

static void refused(const char *text, enum tool_key_form form, const char *wanted)
{
    ck_assert_msg(read_text(text, strlen(text), form) != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(why, wanted));
    ck_assert_ptr_null(bytes.data);
}

START_TEST(one_newline_is_cut_but_not_of_raw_bytes)
{
    gives("00ffAb", TOOL_KEY_HEX, "\x00\xff\xab", 3);
    gives("00ffab\n", TOOL_KEY_HEX, "\x00\xff\xab", 3);
    gives("AP+r", TOOL_KEY_BASE64, "\x00\xff\xab", 3);
    gives("AP8=\n", TOOL_KEY_BASE64, "\x00\xff", 2);
    gives("AA==", TOOL_KEY_BASE64, "\x00", 1);
    gives("ab\n", TOOL_KEY_RAW, "ab\n", 3);
    refused("00ff\n\n", TOOL_KEY_HEX, "not hex");
    refused("AA==\n\n", TOOL_KEY_BASE64, "not base64");
}
END_TEST

START_TEST(what_is_not_of_the_form_is_refused)
{
    static const char *const hex[] = {"0", "0g", "00 ff", "0x00", "00:ff", " 00", "00\r\n"};
    static const char *const base64[] = {
        "AA", "AA=", "AB==", "A===", "AA==AA==", "A A=", "AA-_", " AA==", "AA==\r\n"};

    for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++)
        refused(hex[i], TOOL_KEY_HEX, "not hex");
    for (size_t i = 0; i < sizeof(base64) / sizeof(base64[0]); i++)
        refused(base64[i], TOOL_KEY_BASE64, "not base64");
    refused("", TOOL_KEY_HEX, "is empty");
    refused("\n", TOOL_KEY_BASE64, "is empty");
    refused("", TOOL_KEY_RAW, "is empty");
    ck_assert_ptr_nonnull(read_text("00\0ff", 5, TOOL_KEY_HEX));
    ck_assert_ptr_nonnull(read_text("AA\0=", 4, TOOL_KEY_BASE64));
}
END_TEST

START_TEST(a_key_has_at_most_1024_bytes)
{
    static const enum tool_key_form forms[] = {TOOL_KEY_HEX, TOOL_KEY_BASE64, TOOL_KEY_RAW};
    uint8_t key[TOOL_KEY_BYTES_MAX + 1];
    char text[TOOL_KEY_TEXT];

    memset(key, 0x5a, sizeof(key));
    for (size_t i = 0; i < 3; i++) {
        int fd = temporary_nameless_file();

        ck_assert(tool_key_bytes_write(fd, forms[i], key, TOOL_KEY_BYTES_MAX));
        ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
        ck_assert_ptr_null(tool_key_bytes_read(fd, forms[i], &bytes));
        ck_assert_uint_eq(bytes.len, TOOL_KEY_BYTES_MAX);
        ck_assert_mem_eq(bytes.data, key, TOOL_KEY_BYTES_MAX);
        tool_key_bytes_clear(&bytes);
        ck_assert_int_eq(close(fd), 0);
    }
    ck_assert(!tool_key_bytes_text(TOOL_KEY_HEX, key, sizeof(key), text));
    ck_assert_ptr_nonnull(read_text(key, sizeof(key), TOOL_KEY_RAW));
}
END_TEST

START_TEST(what_cannot_be_read_says_why)
{
    why = tool_key_bytes_read(-1, TOOL_KEY_HEX, &bytes);
    ck_assert_str_eq(why, "Bad file descriptor");
    ck_assert_ptr_null(bytes.data);
    ck_assert(!tool_key_bytes_write(-1, TOOL_KEY_HEX, (const uint8_t *)"a", 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: key bytes");
    TCase *tcase = tcase_create("key bytes");

    tcase_add_test(tcase, one_newline_is_cut_but_not_of_raw_bytes);
    tcase_add_test(tcase, what_is_not_of_the_form_is_refused);
    tcase_add_test(tcase, a_key_has_at_most_1024_bytes);
    tcase_add_test(tcase, what_cannot_be_read_says_why);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
