/* SPDX-License-Identifier: Apache-2.0 */
/* The output of envelope(1): JSON that any parser accepts, and text that is safe on a terminal. */
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/json.h"
#include "tools/common/progress.h"
#include "tools/common/report.h"

static char *written;
static size_t written_len;
static FILE *out;
static struct env_json json;

static void set_up(void)
{
    out = open_memstream(&written, &written_len);
    ck_assert_ptr_nonnull(out);
    env_json_init(&json, out);
}

static void tear_down(void)
{
    (void)fclose(out);
    free(written);
}

static void wrote(const char *wanted)
{
    ck_assert_int_eq(fflush(out), 0);
    ck_assert_str_eq(written, wanted);
}

START_TEST(json_values_and_nesting_are_written)
{
    const uint8_t bytes[] = {0x00, 0xAB, 0xFF};

    env_json_object(&json, NULL);
    env_json_text(&json, "a", "x");
    env_json_text(&json, "none", NULL);
    env_json_number(&json, "n", UINT64_MAX);
    env_json_bool(&json, "yes", true);
    env_json_bool(&json, "no", false);
    env_json_hex(&json, "hex", bytes, sizeof(bytes));
    env_json_hex(&json, "empty", bytes, 0);
    env_json_array(&json, "list");
    env_json_object(&json, NULL);
    env_json_object_end(&json);
    env_json_object(&json, NULL);
    env_json_number(&json, "k", 1);
    env_json_object_end(&json);
    env_json_array_end(&json);
    env_json_array(&json, "nothing");
    env_json_array_end(&json);
    env_json_text(&json, "last", "");
    env_json_object_end(&json);
    env_json_object(&json, NULL);
    env_json_object_end(&json);
    wrote("{\"a\":\"x\",\"none\":null,\"n\":18446744073709551615,\"yes\":true,\"no\":false,"
          "\"hex\":\"00abff\",\"empty\":\"\",\"list\":[{},{\"k\":1}],\"nothing\":[],\"last\":\"\"}"
          "\n{}\n");
}
END_TEST

static const struct {
    const char *text;
    const char *json;
    const char *terminal;
} texts[] = {
    {"plain", "plain", "plain"},
    {"a\"b\\c/d", "a\\\"b\\\\c/d", "a\"b\\x5cc/d"},
    {"\n\t\r\x01\x1b\x7f", "\\u000a\\u0009\\u000d\\u0001\\u001b\\u007f",
     "\\x0a\\x09\\x0d\\x01\\x1b\\x7f"},
    {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\x91", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\x91",
     "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\x91"},
    /* a C1 control character is UTF-8 and still nothing for a terminal */
    {"\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", "\\u0080\\u009b\\u009f\xC2\xA0",
     "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xC2\xA0"},
    /* not UTF-8: a lone byte, a cut one, overlong ones, a surrogate, beyond the last */
    {"x\xFFy", "x\xEF\xBF\xBDy", "x\\xffy"},
    {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD", "\\xe2\\x82"},
    {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD", "\\xc0\\xaf"},
    {"\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", "\\xe0\\x80\\xaf"},
    {"\xF0\x80\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
     "\\xf0\\x80\\x80\\xaf"},
    {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", "\\xed\\xa0\\x80"},
    {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
     "\\xf4\\x90\\x80\\x80"},
    {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
};

START_TEST(text_is_escaped_in_json)
{
    char wanted[128];

    (void)snprintf(wanted, sizeof(wanted), "{\"t\":\"%s\"}\n", texts[_i].json);
    env_json_object(&json, NULL);
    env_json_text(&json, "t", texts[_i].text);
    env_json_object_end(&json);
    wrote(wanted);
}
END_TEST

START_TEST(text_is_escaped_for_a_terminal)
{
    tool_report_text(out, texts[_i].text);
    wrote(texts[_i].terminal);
}
END_TEST

START_TEST(a_nul_in_text_is_escaped)
{
    env_json_object(&json, NULL);
    env_json_bytes(&json, "t", "a\0b", 3);
    env_json_object_end(&json);
    wrote("{\"t\":\"a\\u0000b\"}\n");
}
END_TEST

START_TEST(a_path_that_is_no_utf8_comes_in_base64_too)
{
    env_json_object(&json, NULL);
    env_json_path(&json, "path", "ok/\xC3\xA4");
    env_json_path(&json, "path", "a\xFF");
    env_json_object_end(&json);
    wrote("{\"path\":\"ok/\xC3\xA4\",\"path\":\"a\xEF\xBF\xBD\",\"path_base64\":\"Yf8=\"}\n");
}
END_TEST

START_TEST(sizes_are_written_in_binary_units)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 bytes"},           {1, "1 byte"},           {1023, "1023 bytes"},
        {1024, "1.0 KiB"},        {1536, "1.5 KiB"},       {1048575, "1.0 MiB"},
        {1048576, "1.0 MiB"},     {1073741824, "1.0 GiB"}, {1099511627776, "1.0 TiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    char text[TOOL_REPORT_SIZE];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(tool_report_size(cases[i].bytes, text), cases[i].text);
}
END_TEST

START_TEST(the_progress_line_shows_share_speed_and_time)
{
    struct tool_progress progress = {.total_files = 10, .total_bytes = 4096};
    char line[TOOL_PROGRESS_LINE];

    tool_progress_line(&progress, 0, line);
    ck_assert_str_eq(line, "[....................]   0% 0/10 files, 0 bytes/s, 0:00 left");
    progress.files = 5;
    progress.bytes = 2048;
    tool_progress_line(&progress, 65000, line);
    ck_assert_str_eq(line, "[##########..........]  50% 5/10 files, 31 bytes/s, 1:05 left");
    progress.files = 20; /* there was more than was counted before */
    progress.bytes = 8192;
    tool_progress_line(&progress, 130000, line);
    ck_assert_str_eq(line, "[####################] 100% 20/10 files, 63 bytes/s, 0:00 left");
    progress = (struct tool_progress){.total_files = 0};
    tool_progress_line(&progress, INT64_MAX / 4, line);
    ck_assert_ptr_nonnull(strstr(line, "0/0 files"));
    progress = (struct tool_progress){.total_files = 1, .total_bytes = 4096, .bytes = 3072};
    tool_progress_line(&progress, 3000, line);
    ck_assert_str_eq(line, "[###############.....]  75% 0/1 files, 1.0 KiB/s, 0:01 left");
    progress = (struct tool_progress){.bytes = 10485760}; /* of a stream nobody knows the length */
    tool_progress_line(&progress, 5000, line);
    ck_assert_str_eq(line, "10.0 MiB, 2.0 MiB/s");
}
END_TEST

START_TEST(without_a_terminal_no_progress_is_written)
{
    struct tool_progress progress;

    tool_progress_begin(&progress, NULL, 3, 0);
    tool_progress_add(&progress, 1, 10);
    tool_progress_hide(&progress);
    ck_assert_uint_eq(progress.files, 1);
    tool_progress_begin(&progress, out, 3, 0);
    tool_progress_hide(&progress);
    wrote("");
    tool_progress_add(&progress, 1, 10);
    tool_progress_hide(&progress);
    ck_assert_int_eq(fflush(out), 0);
    ck_assert_ptr_nonnull(strstr(written, "1/3 files"));
    ck_assert_str_eq(written + written_len - 4, "\r\x1b[K");
}
END_TEST

int main(void)
{
    const int count = (int)(sizeof(texts) / sizeof(texts[0]));
    Suite *suite = suite_create("tools: JSON, text and progress");
    TCase *tcase = tcase_create("output");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, json_values_and_nesting_are_written);
    tcase_add_loop_test(tcase, text_is_escaped_in_json, 0, count);
    tcase_add_loop_test(tcase, text_is_escaped_for_a_terminal, 0, count);
    tcase_add_test(tcase, a_nul_in_text_is_escaped);
    tcase_add_test(tcase, a_path_that_is_no_utf8_comes_in_base64_too);
    tcase_add_test(tcase, sizes_are_written_in_binary_units);
    tcase_add_test(tcase, the_progress_line_shows_share_speed_and_time);
    tcase_add_test(tcase, without_a_terminal_no_progress_is_written);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
