/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of envelope(1). */
#include <string.h>

#include "caller.h"
#include "tools/common/options.h"

static const struct tool_option own[] = {
    TOOL_TEXT("kek", kek, "REF", ""),
    TOOL_FLAG("files", files, ""),
    TOOL_TEXT_LETTER("output", 'o', output, "OUT", ""),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[TOOL_OPTION_TABLES] = {tool_options_common,
                                                                     tool_options_tree, own, NULL};

static char copies[16][64];
static char *argv[17];
static struct tool_options options;
static char why[128];

/* words are separated by blanks */
static bool parse(const char *line)
{
    char text[256];
    char *rest = text;
    char *word;
    int argc = 0;

    (void)snprintf(text, sizeof(text), "%s", line);
    while ((word = strsep(&rest, " ")) != NULL && argc < 16) {
        (void)snprintf(copies[argc], sizeof(copies[argc]), "%s", word);
        argv[argc] = copies[argc];
        argc++;
    }
    if (*line == '\0')
        argc = 0;
    why[0] = '\0';
    return tool_options_parse(tables, argc, argv, &options, why, sizeof(why));
}

static void refused(const char *line, const char *words)
{
    ck_assert_msg(!parse(line), "accepted: %s", line);
    ck_assert_str_eq(why, words);
}

START_TEST(without_options_the_defaults_hold)
{
    ck_assert(parse(""));
    ck_assert_uint_eq(options.operand_count, 0);
    ck_assert_uint_eq(options.workers, 0);
    ck_assert(!options.json && !options.help && options.kek == NULL);
}
END_TEST

START_TEST(options_and_operands_come_in_any_order)
{
    ck_assert(parse("one --files two --kek 00ff --workers=3 - three --list"));
    ck_assert(options.files && options.list && !options.json);
    ck_assert_str_eq(options.kek, "00ff");
    ck_assert_uint_eq(options.workers, 3);
    ck_assert_uint_eq(options.operand_count, 4);
    ck_assert_str_eq(options.operands[0], "one");
    ck_assert_str_eq(options.operands[1], "two");
    ck_assert_str_eq(options.operands[2], "-");
    ck_assert_str_eq(options.operands[3], "three");
}
END_TEST

START_TEST(after_two_dashes_all_are_operands)
{
    ck_assert(parse("--json -- --files -x --"));
    ck_assert(options.json && !options.files);
    ck_assert_uint_eq(options.operand_count, 3);
    ck_assert_str_eq(options.operands[0], "--files");
    ck_assert_str_eq(options.operands[2], "--");
}
END_TEST

START_TEST(an_option_takes_its_value_from_either_place)
{
    ck_assert(parse("--kek=a=b --kek --files"));
    ck_assert_str_eq(options.kek, "--files"); /* the last one holds */
    ck_assert(!options.files);
    ck_assert(parse("-h"));
    ck_assert(options.help);
    ck_assert(parse("--workers 64"));
    ck_assert_uint_eq(options.workers, 64);
}
END_TEST

START_TEST(a_letter_stands_for_an_option)
{
    ck_assert(parse("-o out one"));
    ck_assert_str_eq(options.output, "out");
    ck_assert_uint_eq(options.operand_count, 1);
    ck_assert(parse("one -oout=x"));
    ck_assert_str_eq(options.output, "out=x");
    ck_assert(parse("-o -"));
    ck_assert_str_eq(options.output, "-");
    ck_assert(parse("--output=- -"));
    ck_assert_str_eq(options.output, "-");
    ck_assert(parse("-- -o"));
    ck_assert(options.output == NULL && options.operand_count == 1);
    refused("one -o", "--output needs a value: OUT");
    refused("-p x", "there is no option -p");
}
END_TEST

START_TEST(a_wrong_option_says_what_is_wrong)
{
    static const char *const workers = "--workers takes a number from 1 to 64";

    refused("--file", "there is no option --file");
    refused("--filesx", "there is no option --filesx");
    refused("--=x", "there is no option --");
    refused("-j", "there is no option -j");
    refused("--config x", "there is no option --config"); /* of another subcommand */
    refused("--files=yes", "--files takes no value");
    refused("--kek", "--kek needs a value: REF");
    refused("--kek=", "--kek needs a value: REF");
    refused("--workers 0", workers);
    refused("--workers 65", workers);
    refused("--workers -1", workers);
    refused("--workers +1", workers);
    refused("--workers 1x", workers);
    refused("--workers 99999999999999999999", workers);
    refused("--json --quiet", "--json and --quiet cannot be combined");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: options");
    TCase *tcase = tcase_create("options");

    tcase_add_test(tcase, without_options_the_defaults_hold);
    tcase_add_test(tcase, options_and_operands_come_in_any_order);
    tcase_add_test(tcase, after_two_dashes_all_are_operands);
    tcase_add_test(tcase, an_option_takes_its_value_from_either_place);
    tcase_add_test(tcase, a_letter_stands_for_an_option);
    tcase_add_test(tcase, a_wrong_option_says_what_is_wrong);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
