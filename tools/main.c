/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope(1): selects the subcommand, prints usage, and does what is common before and after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/common/report.h"

static void print_command(FILE *out, const struct tool_command *command)
{
    (void)fprintf(out, "usage: envelope %s [options] %s\n%s.\n", command->name, command->operands,
                  command->summary);
}

static void print_options(FILE *out, const struct tool_option *options)
{
    for (; options->name != NULL; options++) {
        const char letter[] = {',', ' ', '-', options->letter, '\0'};
        int width =
            fprintf(out, "  --%s%s%s%s", options->name, options->argument != NULL ? " " : "",
                    options->argument != NULL ? options->argument : "",
                    options->letter != '\0' ? letter : "");

        (void)fprintf(out, "%*s%s\n", width < 26 ? 26 - width : 2, "", options->help);
    }
}

static void print_help(const struct tool_command *command)
{
    print_command(stdout, command);
    (void)fputs("options:\n", stdout);
    for (size_t i = 0; command->tables[i] != NULL; i++)
        print_options(stdout, command->tables[i]);
    print_options(stdout, tool_options_common);
}

static void print_usage(FILE *out)
{
    (void)fputs("usage: envelope SUBCOMMAND [options] [operands]\n", out);
    for (size_t i = 0; tool_commands[i] != NULL; i++)
        (void)fprintf(out, "  %-10s %s\n", tool_commands[i]->name, tool_commands[i]->summary);
    (void)fputs("envelope SUBCOMMAND --help lists its options; envelope --version prints the "
                "version.\nexit status: 0 success, 1 something failed, 2 usage or configuration\n",
                out);
}

/* Prints the actions of a group: "key new" and so on. */
static void print_actions(FILE *out, const struct tool_command *group)
{
    (void)fprintf(out, "usage: envelope %s ACTION [options] [operands]\n", group->name);
    for (size_t i = 0; group->actions[i] != NULL; i++)
        (void)fprintf(out, "  %-10s %s\n", group->actions[i]->name + strlen(group->name) + 1,
                      group->actions[i]->summary);
    (void)fprintf(out, "envelope %s ACTION --help lists its options\n", group->name);
}

/* Looks for the last word of the command's name. */
static const struct tool_command *find_command(const struct tool_command *const *among,
                                               const char *name)
{
    for (size_t i = 0; among[i] != NULL; i++) {
        const char *space = strrchr(among[i]->name, ' ');

        if (strcmp(space != NULL ? space + 1 : among[i]->name, name) == 0)
            return among[i];
    }
    return NULL;
}

static bool parse(struct tool_run *run, int argc, char **argv)
{
    const struct tool_option *tables[TOOL_OPTION_TABLES] = {tool_options_common};
    char why[256];

    for (size_t i = 0; i + 1 < TOOL_OPTION_TABLES && run->command->tables[i] != NULL; i++)
        tables[i + 1] = run->command->tables[i];
    if (!tool_options_parse(tables, argc, argv, &run->options, why, sizeof(why))) {
        tool_complain(run, "%s (envelope %s --help)", why, run->command->name);
        return false;
    }
    if (!run->options.help && run->command->needs_operands && !run->options.list &&
        run->options.operand_count == 0) {
        tool_complain(run, "nothing to do: %s is missing", run->command->operands);
        return false;
    }
    return true;
}

/* If the report could not be written, that outweighs any other status. */
static enum tool_status finish(struct tool_run *run, enum tool_status status)
{
    if (run->keys != NULL)
        tool_keys_close(run->keys);
    if (fflush(run->out) != 0 || ferror(run->out) != 0) {
        tool_complain(run, "the output could not be written");
        status = TOOL_UNABLE;
    }
    if (run->options.quiet)
        (void)fclose(run->out);
    return status;
}

static enum tool_status run_command(const struct tool_command *command, int argc, char **argv)
{
    struct tool_run run = {.command = command, .commands = tool_commands, .out = stdout};

    if (!parse(&run, argc, argv))
        return TOOL_UNABLE;
    if (run.options.help) {
        print_help(command);
        return finish(&run, TOOL_FINE);
    }
    if (run.options.quiet && (run.out = fopen("/dev/null", "we")) == NULL) {
        tool_complain(&run, "/dev/null cannot be opened");
        return TOOL_UNABLE;
    }
    env_json_init(&run.json, run.out);
    return finish(&run, command->run(&run));
}

/*
 * The caller may have closed some of these. Our first open files would then get their numbers, and
 * the report would be written into a message. The replacement for a closed descriptor fails when it
 * is used, just as the closed one would.
 */
static bool hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

static bool asks_for_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static void complain_of(const char *what, const char *name)
{
    (void)fprintf(stderr, "envelope: there is no %s ", what);
    tool_report_text(stderr, name);
    (void)fputc('\n', stderr);
}

/* argv[0] is the action of the group, if one was given. */
static enum tool_status run_group(const struct tool_command *group, int argc, char **argv)
{
    const struct tool_command *action = argc > 0 ? find_command(group->actions, argv[0]) : NULL;

    if (action != NULL)
        return run_command(action, argc - 1, argv + 1);
    if (argc > 0 && asks_for_help(argv[0])) {
        print_actions(stdout, group);
        return fflush(stdout) == 0 ? TOOL_FINE : TOOL_UNABLE;
    }
    if (argc > 0)
        complain_of(group->name, argv[0]);
    print_actions(stderr, group);
    return TOOL_UNABLE;
}

int main(int argc, char **argv)
{
    const struct tool_command *command = NULL;

    if (!hold_standard_descriptors())
        return TOOL_UNABLE;
    /*
     * Only our own library context loads the file. OpenSSL's default one, which a PKCS#11 module
     * may use in this process, must not: the provider in it would use the same module.
     */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        (void)printf("envelope %s (%s)\n", ENVELOPE_VERSION, OpenSSL_version(OPENSSL_VERSION));
        return fflush(stdout) == 0 ? TOOL_FINE : TOOL_UNABLE;
    }
    if (argc > 1 && asks_for_help(argv[1])) {
        print_usage(stdout);
        return fflush(stdout) == 0 ? TOOL_FINE : TOOL_UNABLE;
    }
    if (argc > 1)
        command = find_command(tool_commands, argv[1]);
    if (command != NULL && command->actions != NULL)
        return (int)run_group(command, argc - 2, argv + 2);
    if (command != NULL)
        return (int)run_command(command, argc - 2, argv + 2);
    if (argc > 1)
        complain_of("subcommand", argv[1]);
    print_usage(stderr);
    return TOOL_UNABLE;
}
