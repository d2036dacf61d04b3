/* SPDX-License-Identifier: Apache-2.0 */
/* envelope completion: scripts for shells, and the words that they ask for. Uses no token. */
#include "tools/cmd_completion.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/config_list.h"
#include "envelope/base/file_name.h"
#include "envelope/base/uri_text.h"
#include "envelope/named/folder.h"
#include "tools/completion.h"

/*
 * Prints labels as written in the file. URIs and files are not worth completing, and may contain a
 * PIN.
 */
static void print_labels(FILE *out, const char *list)
{
    const char *at = list;
    struct env_word word;

    while (list != NULL && env_word_next(&at, &word)) {
        char text[256];

        if (word.len >= sizeof(text) || !env_word_decode(&word, text) || env_uri_is(text) ||
            env_file_name_is(text) || strpbrk(text, " \t\n'\"\\$`") != NULL)
            continue;
        (void)fprintf(out, "%s\n", text);
    }
}

static void print_keks(FILE *out, const struct tool_settings *settings)
{
    print_labels(out, settings->config.kek);
    print_labels(out, settings->config.kek_optional);
    print_labels(out, settings->config.open_kek);
    print_labels(out, settings->config.open_only_kek);
}

static void print_keys(FILE *out, const struct tool_settings *settings)
{
    const struct env_errors errors = tool_errors();
    const char *path = settings->config.keys_directory;
    struct env_key_names names = {0};
    struct tool_failure failure;
    struct stat st;
    int folder = -1;
    ENV_RESULT r;

    path = path != NULL ? path : env_config_key_named("keys-directory")->text;
    r = env_key_folder_open(&errors, path, &folder, &st);
    if (env_ok(r))
        r = env_key_folder_list(&errors, path, folder, &names);
    for (size_t i = 0; env_ok(r) && i < names.count; i++) {
        if (i == 0 || strcmp(names.names[i].name, names.names[i - 1].name) != 0)
            (void)fprintf(out, "%s\n", names.names[i].name);
        (void)fprintf(out, "%s@%u\n", names.names[i].name, names.names[i].number);
    }
    env_key_names_clear(&names);
    if (folder >= 0)
        (void)close(folder);
    if (!env_ok(r))
        tool_failure_take(r, &failure); /* without a list there are no words */
}

/* An unreadable file gives no words: completion is not the place to report errors. */
static void print_words(struct tool_run *run,
                        void (*print)(FILE *out, const struct tool_settings *settings))
{
    struct tool_settings settings = {0};
    char why[TOOL_SETTINGS_WHY];

    if (tool_settings_read(NULL, run->options.config, run->options.provider_section, &settings, why,
                           sizeof(why)))
        print(run->out, &settings);
    tool_settings_clear(&settings);
}

static enum tool_status run_completion(struct tool_run *run)
{
    const char *what = run->options.operand_count == 1 ? run->options.operands[0] : "";

    if (strcmp(what, "bash") == 0) {
        tool_completion_bash(run->out, run->commands);
    } else if (strcmp(what, "zsh") == 0) {
        tool_completion_zsh(run->out, run->commands);
    } else if (strcmp(what, "keks") == 0) {
        print_words(run, print_keks);
    } else if (strcmp(what, "keys") == 0) {
        print_words(run, print_keys);
    } else {
        tool_complain(run, "which shell: bash or zsh?");
        return TOOL_UNABLE;
    }
    return TOOL_FINE;
}

static const struct tool_option *const tables[] = {tool_options_config, NULL};

const struct tool_command tool_command_completion = {
    .name = "completion",
    .operands = "bash|zsh",
    .summary = "Prints the completion of this command for a shell",
    .tables = tables,
    .run = run_completion,
};
