/* SPDX-License-Identifier: Apache-2.0 */
/* envelope(1): which subcommand, its usage, and what is done before and after it. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/run.h"

static const struct tool_command *const commands[] = {
    &tool_command_inspect,
    &tool_command_census,
    &tool_command_verify,
    &tool_command_check,
    &tool_command_rewrap,
    &tool_command_reencrypt,
    NULL,
};

static void print_command(FILE *out, const struct tool_command *command)
{
    (void)fprintf(out, "usage: envelope %s [options] %s\n%s.\n", command->name, command->operands,
                  command->summary);
}

static void print_options(FILE *out, const struct tool_option *options)
{
    for (; options->name != NULL; options++) {
        int width = fprintf(out, "  --%s%s%s", options->name, options->argument != NULL ? " " : "",
                            options->argument != NULL ? options->argument : "");

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
    for (size_t i = 0; commands[i] != NULL; i++)
        (void)fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    (void)fputs("envelope SUBCOMMAND --help lists its options; envelope --version says which this "
                "is.\nexit status: 0 all is well, 1 something is not, 2 usage or configuration\n",
                out);
}

static const struct tool_command *find_command(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
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
        tool_complain(run, "nothing to look at: %s is missing", run->command->operands);
        return false;
    }
    return true;
}

/* What could not be written was not said: that outweighs everything. */
static enum tool_status finish(struct tool_run *run, enum tool_status status)
{
    if (run->keys != NULL)
        tool_keys_close(run->keys);
    if (fflush(run->out) != 0 || ferror(run->out) != 0) {
        tool_complain(run, "the output could not be written");
        status = TOOL_UNABLE;
    }
    if (run->out != stdout)
        (void)fclose(run->out);
    return status;
}

static enum tool_status run_command(const struct tool_command *command, int argc, char **argv)
{
    struct tool_run run = {.command = command, .out = stdout};

    if (!parse(&run, argc, argv))
        return TOOL_UNABLE;
    if (run.options.help) {
        print_help(command);
        return finish(&run, TOOL_FINE);
    }
    if (run.options.quiet && (run.out = fopen("/dev/null", "we")) == NULL) {
        tool_complain(&run, "/dev/null can not be opened");
        return TOOL_UNABLE;
    }
    env_json_init(&run.json, run.out);
    return finish(&run, command->run(&run));
}

/*
 * Whoever starts us may have closed some of these: the first files that are opened would then have
 * their numbers, and the report would be written into a message. What takes the place of a closed
 * one fails when it is used, as that would.
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

int main(int argc, char **argv)
{
    const struct tool_command *command = NULL;

    if (!hold_standard_descriptors())
        return TOOL_UNABLE;
    /*
     * The file is for our own library context. OpenSSL's default one, which a PKCS#11 module may
     * use in this process, gets none of it: the provider in it would use the same module.
     */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        (void)printf("envelope %s (%s)\n", ENVELOPE_VERSION, OpenSSL_version(OPENSSL_VERSION));
        return fflush(stdout) == 0 ? TOOL_FINE : TOOL_UNABLE;
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_usage(stdout);
        return fflush(stdout) == 0 ? TOOL_FINE : TOOL_UNABLE;
    }
    if (argc > 1)
        command = find_command(argv[1]);
    if (command != NULL)
        return (int)run_command(command, argc - 2, argv + 2);
    if (argc > 1)
        (void)fprintf(stderr, "envelope: there is no subcommand %s\n", argv[1]);
    print_usage(stderr);
    return TOOL_UNABLE;
}
