/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and paths cannot affect a terminal, in errors, reports or JSON. */
#include "envelope/base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/error.h"
#include "envelope/base/json.h"
#include "envelope/base/utf8.h"

static const struct {
    const char *text;
    const char *printable;
    const char *json;
} cases[] = {
    {"", "", ""},
    {"orders \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91",
     "orders \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91",
     "orders \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91"},
    {"\x1B[31m", "?[31m", "\\u001b[31m"},
    {"a\nb\tc\x7F", "a?b?c?", "a\\u000ab\\u0009c\\u007f"},
    /* U+0080, U+009B (CSI), U+009F; U+00A0 is shown */
    {"\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", "???\xC2\xA0", "\\u0080\\u009b\\u009f\xC2\xA0"},
    {"\xD8\x9C\xD8\x9B", "?\xD8\x9B", "\\u061c\xD8\x9B"}, /* U+061C; U+061B is a semicolon */
    /* U+200D, U+200E, U+200F, U+2010 */
    {"\xE2\x80\x8D\xE2\x80\x8E\xE2\x80\x8F\xE2\x80\x90", "\xE2\x80\x8D??\xE2\x80\x90",
     "\xE2\x80\x8D\\u200e\\u200f\xE2\x80\x90"},
    /* U+2027, U+2028 to U+202E, U+202F */
    {"\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD\xE2\x80"
     "\xAE"
     "\xE2\x80\xAF",
     "\xE2\x80\xA7???????\xE2\x80\xAF",
     "\xE2\x80\xA7\\u2028\\u2029\\u202a\\u202b\\u202c\\u202d\\u202e\xE2\x80\xAF"},
    /* U+2065, U+2066 to U+2069, U+206A */
    {"\xE2\x81\xA5\xE2\x81\xA6\xE2\x81\xA7\xE2\x81\xA8\xE2\x81\xA9\xE2\x81\xAA",
     "\xE2\x81\xA5????\xE2\x81\xAA", "\xE2\x81\xA5\\u2066\\u2067\\u2068\\u2069\xE2\x81\xAA"},
    /* no UTF-8: Latin-1, a surrogate, too long a form of CSI, the end of a text that was cut */
    {"\xE9t\xE9", "?t?", "\xEF\xBF\xBDt\xEF\xBF\xBD"},
    {"\xED\xA0\x80", "???", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xE0\x82\x9B", "???", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a\xE2\x82", "a??", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
};
#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

START_TEST(a_terminal_is_given_nothing_to_obey)
{
    const char *text = cases[_i].text;
    char out[128];

    env_printable(out, sizeof(out), text, strlen(text));
    ck_assert_str_eq(out, cases[_i].printable);
    (void)strcpy(out, text);
    env_printable(out, sizeof(out), out, strlen(out));
    ck_assert_str_eq(out, cases[_i].printable);
}
END_TEST

START_TEST(json_escapes_it)
{
    char *line = NULL;
    char wanted[256];
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);
    struct env_json json;

    ck_assert_ptr_nonnull(out);
    env_json_init(&json, out);
    env_json_object(&json, NULL);
    env_json_text(&json, "label", cases[_i].text);
    env_json_object_end(&json);
    ck_assert_int_eq(fclose(out), 0);
    (void)snprintf(wanted, sizeof(wanted), "{\"label\":\"%s\"}\n", cases[_i].json);
    ck_assert_str_eq(line, wanted);
    free(line);
}
END_TEST

static char raised[128];

static void keep(void *arg, const char *file, int line, const char *func, enum env_reason reason,
                 const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));

static void keep(void *arg, const char *file, int line, const char *func, enum env_reason reason,
                 const char *fmt, va_list ap)
{
    (void)arg;
    ck_assert(file != NULL && line > 0 && func != NULL && reason == ENV_R_KEK_FILE);
    (void)vsnprintf(raised, sizeof(raised), fmt, ap);
}

/* Whoever raises it, and whatever it quotes: a path has passed through nothing else. */
START_TEST(an_error_quotes_nothing_else)
{
    const struct env_errors errors = {.raise = keep};
    char wanted[128];
    ENV_RESULT r = ENV_RAISE(&errors, ENV_R_KEK_FILE, "/etc/%s: %d%%", cases[_i].text, 5);

    ck_assert(!env_ok(r) && r.raised);
    (void)snprintf(wanted, sizeof(wanted), "/etc/%s: 5%%", cases[_i].printable);
    ck_assert_str_eq(raised, wanted);
}
END_TEST

START_TEST(what_does_not_fit_is_cut_between_characters)
{
    char out[6] = "xxxxx";

    env_printable(out, 4, "ab\xE2\x82\xAC", 5);
    ck_assert_str_eq(out, "ab");
    env_printable(out, 6, "ab\xE2\x82\xAC", 5);
    ck_assert_str_eq(out, "ab\xE2\x82\xAC");
    env_printable(out, 4, "ab\xE2\x80\xAE", 5);
    ck_assert_str_eq(out, "ab?");
    env_printable(out, 1, "ab", 2);
    ck_assert_str_eq(out, "");
}
END_TEST

/* All of them, by the lists of Unicode: Cc, Bidi_Control, Zl, Zp. */
START_TEST(no_other_character_is_replaced)
{
    for (uint32_t code = 1; code <= 0x10FFFF; code++) {
        bool shown = !(code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C ||
                       code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
                       (code >= 0x2066 && code <= 0x2069));
        size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        uint32_t rest = code;
        char bytes[4];

        if (code >= 0xD800 && code < 0xE000)
            continue;
        for (size_t i = n - 1; i > 0; i--, rest >>= 6)
            bytes[i] = (char)(0x80 | (rest & 0x3F));
        bytes[0] = (char)(n == 1 ? rest : (0xF00u >> n & 0xFF) | rest);
        ck_demand(env_utf8_char(bytes, n) == n && env_utf8_code(bytes, n) == code &&
                      env_char_is_shown(bytes, n) == shown,
                  "U+%04X", (unsigned)code);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: text that is shown");
    TCase *tcase = tcase_create("printable");

    tcase_add_loop_test(tcase, a_terminal_is_given_nothing_to_obey, 0, CASES);
    tcase_add_loop_test(tcase, json_escapes_it, 0, CASES);
    tcase_add_loop_test(tcase, an_error_quotes_nothing_else, 0, CASES);
    tcase_add_test(tcase, what_does_not_fit_is_cut_between_characters);
    tcase_add_test(tcase, no_other_character_is_replaced);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
