/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_call.h"

#include <check.h>
#include <stdint.h>

#include "failing_alloc.h"
#include "softhsm_fixture.h"

#define WORDS_MAX 12

char tool_call_conf[600];

void tool_call_configure(const char *lines)
{
    FILE *file;

    (void)snprintf(tool_call_conf, sizeof(tool_call_conf), "%s/openssl.cnf", softhsm_dir());
    file = fopen(tool_call_conf, "w");
    ck_assert_ptr_nonnull(file);
    (void)fprintf(file,
                  "openssl_conf = init\n[init]\nproviders = all\n[all]\ndefault = other\n"
                  "envelope = ours\n[other]\nactivate = 1\n[ours]\npkcs11-module-path = %s\n"
                  "token = \"pkcs11:token=kek\"\npin-source = env:TEST_PIN\n%s",
                  softhsm_module(), lines);
    ck_assert_int_eq(fclose(file), 0);
}

static char *argv[WORDS_MAX]; /* what is read of them stays there */
static int argc;

static void add(const char *word)
{
    ck_assert_int_lt(argc, WORDS_MAX);
    argv[argc++] = (char *)(uintptr_t)word;
}

static void parse(struct tool_run *run, const struct tool_command *command, char *const words[],
                  FILE *out)
{
    const struct tool_option *tables[TOOL_OPTION_TABLES] = {tool_options_common};
    char why[256];

    *run = (struct tool_run){.command = command};
    for (size_t i = 0; command->tables[i] != NULL; i++)
        tables[i + 1] = command->tables[i];
    for (size_t i = 0; words[i] != NULL; i++)
        add(words[i]);
    ck_assert_msg(tool_options_parse(tables, argc, argv, &run->options, why, sizeof(why)), "%s",
                  why);
    ck_assert_ptr_nonnull(out);
    run->out = out;
    env_json_init(&run->json, out);
}

void tool_call_begin_without_keys(struct tool_run *run, const struct tool_command *command,
                                  char *const words[], FILE *out)
{
    argc = 0;
    parse(run, command, words, out);
}

void tool_call_begin(struct tool_run *run, const struct tool_command *command, const char *operand,
                     char *const words[], FILE *out)
{
    struct tool_failure failure;

    argc = 0;
    add("--config");
    add(tool_call_conf);
    if (operand != NULL)
        add(operand);
    parse(run, command, words, out);
    ck_assert_msg(tool_run_open_keys(run, &failure), "%s", failure.text);
}

enum tool_status tool_call_run(struct tool_run *run, unsigned nth, bool and_on, unsigned *count)
{
    enum tool_status status;

    failing_alloc_arm(nth, and_on);
    status = run->command->run(run);
    *count = failing_alloc_disarm();
    return status;
}

void tool_call_end(struct tool_run *run)
{
    if (run->keys != NULL)
        tool_keys_close(run->keys);
    ck_assert_int_eq(fclose(run->out), 0);
}
