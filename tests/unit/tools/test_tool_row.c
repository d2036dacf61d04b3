/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a list: id, context and message as JSON and as PostgreSQL's TSV, read and written. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/error.h"
#include "tools/common/row.h"

static struct tool_row row;

static const char *read_row(const char *line, size_t len)
{
    char *exact = malloc(len > 0 ? len : 1);
    const char *why;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, line, len);
    memset(&row, 0xEE, sizeof(row));
    why = tool_row_read(exact, len, &row);
    free(exact);
    return why;
}

/* id and context: NULL when the row has none. */
static void row_is(const char *line, const char *id, const char *context, const char *message)
{
    const char *why = read_row(line, strlen(line));

    ck_assert_msg(why == NULL, "%s: %s", line, why);
    ck_assert_msg(row.has_id == (id != NULL), "%s: id", line);
    ck_assert_msg(row.has_context == (context != NULL), "%s: context", line);
    ck_assert_msg(row.empty == (message == NULL), "%s: message", line);
    if (id != NULL) {
        ck_assert_uint_eq(row.id_len, strlen(id));
        ck_assert_mem_eq(row.id, id, row.id_len);
    }
    if (context != NULL) {
        ck_assert_uint_eq(row.context_len, strlen(context));
        ck_assert_mem_eq(row.context, context, row.context_len);
    }
    if (message != NULL) {
        ck_assert_uint_eq(row.message_len, strlen(message));
        ck_assert_mem_eq(row.message, message, row.message_len);
    }
}

static void row_is_bad(const char *line, const char *wanted)
{
    const char *why = read_row(line, strlen(line));

    ck_assert_msg(why != NULL, "%s: accepted", line);
    ck_assert_msg(strcmp(why, wanted) == 0, "%s: '%s', not '%s'", line, why, wanted);
}

START_TEST(a_json_row_has_id_context_and_message)
{
    row_is("{\"id\":17,\"context\":\"orders/17\",\"message\":\"YWI=\"}", "17", "orders/17", "ab");
    row_is(" { \"message\" : \"YWI=\" , \"context\" : \"\" , \"id\" : \"x y\" } \r", "x y", "",
           "ab");
    row_is("{\"message\":\"YWI=\"}", NULL, NULL, "ab");
    row_is("{\"id\":null,\"context\":null,\"message\":\"YWI=\"}", NULL, NULL, "ab");
    row_is("{\"id\":1,\"message\":null}", "1", NULL, NULL);
    row_is("{\"id\":-1.5e+3,\"message\":\"YWI=\"}", "-1.5e+3", NULL, "ab");
    /* what others put beside it */
    row_is(
        "{\"a\":[1,{\"message\":2},[]],\"b\":{},\"message\":\"YWI=\",\"c\":true,\"d\":\"\\u0000\"}",
        NULL, NULL, "ab");
    /* escaped slashes, and the line ends of PostgreSQL's encode() */
    row_is("{\"message\":\"\\/\\/\\/\\/\"}", NULL, NULL, "\xFF\xFF\xFF");
    row_is("{\"message\":\"YW\\nI=\\r\\n\"}", NULL, NULL, "ab");
}
END_TEST

START_TEST(escapes_of_json_are_decoded)
{
    row_is("{\"context\":\"\\\"\\\\\\/"
           "\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\uD83D\\uDD11\",\"message\":\"YQ==\"}",
           NULL, "\"\\/\b\f\n\r\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\x91", "a");
    row_is("{\"context\":\"\xC3\xA4\xF0\x9F\x94\x91\x7F\",\"message\":\"YQ==\"}", NULL,
           "\xC3\xA4\xF0\x9F\x94\x91\x7F", "a");
    ck_assert_ptr_null(read_row("{\"context\":\"a\\u0000b\",\"message\":\"YQ==\"}", 39));
    ck_assert_uint_eq(row.context_len, 3);
    ck_assert_mem_eq(row.context, "a\0b", 3);
}
END_TEST

START_TEST(a_context_that_is_no_good_text_is_refused)
{
    static const char *const bad_contexts[] = {
        "\"\\uD83D\"",
        "\"\\uD83Dx\"",
        "\"\\uD83D\\u0041\"",
        "\"\\uDD11\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\\x41\"",
        "\"\\\"",
        "\"\n\"",
        "\"\xC3\"",
        "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\xFF\"",
        "7",
        "true",
        "{\"a\":1}",
        "[]",
        "'a'",
        "\"a",
        "",
        "\"\\uD83D\\uD83D\"",
    };
    char line[256];

    for (size_t i = 0; i < sizeof(bad_contexts) / sizeof(bad_contexts[0]); i++) {
        (void)snprintf(line, sizeof(line), "{\"message\":\"YQ==\",\"context\":%s}",
                       bad_contexts[i]);
        row_is_bad(line, "a context that is not text");
    }
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
    static const char *const lines[] = {
        "{",
        "{}",
        "{\"message\":\"YQ==\"",
        "{\"message\":\"YQ==\",}",
        "{\"message\":\"YQ==\"} x",
        "{\"message\":\"YQ==\"}{}",
        "{\"message\" \"YQ==\"}",
        "{message:\"YQ==\"}",
        "{\"message\":\"YQ==\",\"a\":01}",
        "{\"message\":\"YQ==\",\"a\":.5}",
        "{\"message\":\"YQ==\",\"a\":1.}",
        "{\"message\":\"YQ==\",\"a\":1e}",
        "{\"message\":\"YQ==\",\"a\":-}",
        "{\"message\":\"YQ==\",\"a\":nul}",
        "{\"message\":\"YQ==\",\"a\":[1,]}",
        "{\"message\":\"YQ==\",\"a\":{\"b\"}}",
        "{\"message\":\"YQ==\",\"a\":[[[[[[[[[1]]]]]]]]]}",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        row_is_bad(lines[i], "not JSON");
    ck_assert_ptr_nonnull(read_row("{\"message\":\0\"YQ==\"}", 18));
}
END_TEST

START_TEST(json_that_is_no_row_is_refused)
{
    static const struct {
        const char *line;
        const char *why;
    } cases[] = {
        {"{\"id\":1}", "a row without a message"},
        {"{\"message\":\"\"}", "a row without a message"},
        {"{\"message\":1}", "a message that is not text"},
        {"{\"message\":\"YQ\"}", "base64 that ends too early"},
        {"{\"message\":\"Y-==\"}", "not base64"},
        {"{\"message\":\"YQ==\",\"message\":\"YQ==\"}", "a row with two messages"},
        {"{\"message\":null,\"message\":\"YQ==\"}", "a row with two messages"},
        {"{\"context\":\"\",\"context\":\"\",\"message\":\"YQ==\"}", "a row with two contexts"},
        {"{\"id\":1,\"id\":1,\"message\":\"YQ==\"}", "a row with two ids"},
        {"{\"id\":{},\"message\":\"YQ==\"}", "an id that is neither text nor a number"},
        {"{\"id\":true,\"message\":\"YQ==\"}", "an id that is neither text nor a number"},
        {"{\"id\":\"a\\u0000\",\"message\":\"YQ==\"}", "an id with a NUL"},
        {"{\"\\u006dessage\":\"YQ==\",\"message\":\"YQ==\"}", "a row with two messages"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        row_is_bad(cases[i].line, cases[i].why);
}
END_TEST

START_TEST(a_tsv_row_has_the_escapes_of_copy)
{
    row_is("17\torders/17\tYWI=", "17", "orders/17", "ab");
    row_is("17\t\tYWI=\r", "17", "", "ab");
    row_is("17\t\\N\tYWI=", "17", NULL, "ab");
    row_is("\\N\t\\N\tYWI=", NULL, NULL, "ab");
    row_is("17\tx\t\\N", "17", "x", NULL);
    row_is("a\\tb\t\\\\N\\b\\f\\n\\r\\t\\v\\\\\\q\\101\\x41\\x4\\1018\\x\tYW\\nI=", "a\tb",
           "\\N\b\f\n\r\t\v\\qAA\x04"
           "A8x",
           "ab");
    row_is("1\tx\\\tYWI=", "1", "x\\", "ab");
    row_is("1\tx\tYWI= \r", "1", "x", "ab");
    row_is("\xFF\t\xFE\tYWI=", "\xFF", "\xFE", "ab");
    /* no row: base64 between blanks, as before there were rows */
    row_is(" \tYWI=\r", NULL, NULL, "ab");
    row_is("", NULL, NULL, NULL);
    row_is(" \t\r", NULL, NULL, NULL);
}
END_TEST

START_TEST(tsv_that_is_no_row_is_refused)
{
    row_is_bad("17\torders/17\t", "a row without a message");
    row_is_bad("YWI=\t\t", "a row without a message");
    row_is_bad("17\torders/17\tYWI", "base64 that ends too early");
    row_is_bad("17\torders/17\tYWI=YWI=",
               "base64 of several messages, or with data after it: --list reads lists");
    row_is_bad("17\tYWI=", "not base64");
    row_is_bad("17\tx\ty\tYWI=", "not base64");
    row_is_bad("\\000\tx\tYWI=", "an id with a NUL");
}
END_TEST

START_TEST(a_context_has_a_longest_length)
{
    char line[5000];
    int len = snprintf(line, sizeof(line), "1\t%04096d\tYQ==", 0);

    ck_assert_ptr_null(read_row(line, (size_t)len));
    ck_assert_uint_eq(row.context_len, 4096);
    len = snprintf(line, sizeof(line), "1\t%04097d\tYQ==", 0);
    ck_assert_str_eq(read_row(line, (size_t)len), env_reason_text(ENV_R_CONTEXT_TOO_LONG));
}
END_TEST

/* All but the message is as it came. */
START_TEST(all_but_the_message_is_written_as_it_came)
{
    static const struct {
        const char *before;
        const char *after;
    } cases[] = {
        {"  YWI=\t\r", "  eHl6\t\r"},
        {"1\\t\tx\\\\\tYW\\nI=\r", "1\\t\tx\\\\\teHl6\r"},
        {" {\"a\":[ ],\"message\" : \"Y\\u0057I=\" , \"id\":1 }",
         " {\"a\":[ ],\"message\" : \"eHl6\" , \"id\":1 }"},
        {"{\"message\":\"YWI=\"}\r", "{\"message\":\"eHl6\"}\r"},
    };
    const struct env_span message = {(const uint8_t *)"xyz", 3};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *line = cases[i].before;
        struct tool_row_place place;
        char *out = NULL;
        size_t len = 0;

        ck_assert_ptr_null(tool_row_read(line, strlen(line), &row));
        place = (struct tool_row_place){row.message_at, row.message_text_len};
        ck_assert(env_ok(tool_row_write(line, strlen(line), place, message, &out, &len)));
        ck_assert_uint_eq(len, strlen(cases[i].after));
        ck_assert_mem_eq(out, cases[i].after, len);
        OPENSSL_free(out);
    }
}
END_TEST

START_TEST(a_row_longer_than_lists_have_is_not_written)
{
    size_t len = 4 * (((size_t)TOOL_LINE_MAX - 100) / 4);
    char *line = malloc(len);
    uint8_t *message = calloc(1, TOOL_LINE_MAX);
    struct tool_row_place place = {0, len};
    char *out = NULL;
    size_t out_len = 0;

    ck_assert(line != NULL && message != NULL);
    memset(line, 'A', len);
    ck_assert(env_ok(tool_row_write(
        line, len, place, (struct env_span){message, TOOL_LINE_MAX / 4 * 3}, &out, &out_len)));
    ck_assert_uint_eq(out_len, TOOL_LINE_MAX);
    OPENSSL_free(out);
    ck_assert_int_eq((int)tool_row_write(line, len, place,
                                         (struct env_span){message, TOOL_LINE_MAX / 4 * 3 + 1},
                                         &out, &out_len)
                         .reason,
                     ENV_R_LINE_TOO_LONG);
    ck_assert_ptr_null(out);
    free(line);
    free(message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: rows of lists");
    TCase *tcase = tcase_create("rows");

    tcase_add_test(tcase, a_json_row_has_id_context_and_message);
    tcase_add_test(tcase, escapes_of_json_are_decoded);
    tcase_add_test(tcase, a_context_that_is_no_good_text_is_refused);
    tcase_add_test(tcase, what_is_not_json_is_refused);
    tcase_add_test(tcase, json_that_is_no_row_is_refused);
    tcase_add_test(tcase, a_tsv_row_has_the_escapes_of_copy);
    tcase_add_test(tcase, tsv_that_is_no_row_is_refused);
    tcase_add_test(tcase, a_context_has_a_longest_length);
    tcase_add_test(tcase, all_but_the_message_is_written_as_it_came);
    tcase_add_test(tcase, a_row_longer_than_lists_have_is_not_written);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
