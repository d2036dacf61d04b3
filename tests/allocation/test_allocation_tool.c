/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of envelope(1) that goes through a tree. A run that says that all is well has
 * said and done what one with memory does; one that does not has lost nothing, and the next one
 * does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "failing_alloc.h"
#include "fake_keyring.h"
#include "softhsm_fixture.h"
#include "tools/common/run.h"
#include "tools/common/workers.h"

#define OUTPUT (1u << 16)
#define FILES 3u

static unsigned at_most; /* runs of one command; ENVELOPE_ALLOCATION_ALL: all */
static char conf[600];
static char tree[600];
static struct bytes messages[FILES];
static char output[OUTPUT];

/* ---- work is done where it is added, in this thread: memory fails in a thread ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*): the linker's names */
struct tool_workers *__wrap_tool_workers_new(unsigned count, const struct tool_workers_ops *ops,
                                             void *arg);
void __wrap_tool_workers_add(struct tool_workers *workers, void *job);
void __wrap_tool_workers_finish(struct tool_workers *workers);

struct tool_workers {
    const struct tool_workers_ops *ops;
    void *arg;
    void *mine;
};

struct tool_workers *__wrap_tool_workers_new(unsigned count, const struct tool_workers_ops *ops,
                                             void *arg)
{
    struct tool_workers *workers = calloc(1, sizeof(*workers));

    (void)count;
    if (workers == NULL)
        return NULL;
    *workers = (struct tool_workers){ops, arg, ops->begin != NULL ? ops->begin(arg) : NULL};
    return workers;
}

void __wrap_tool_workers_add(struct tool_workers *workers, void *job)
{
    workers->ops->work(workers->arg, workers->mine, job);
    workers->ops->deliver(workers->arg, job);
}

void __wrap_tool_workers_finish(struct tool_workers *workers)
{
    if (workers->ops->end != NULL)
        workers->ops->end(workers->arg, workers->mine);
    free(workers);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* ---- the command ---- */

struct call {
    const char *name;
    const struct tool_command *command;
    char *options[4];
    bool changes; /* the files */
};

/* As main.c does it. *count: of allocations; the configuration is read before they are counted. */
static enum tool_status run(const struct call *call, unsigned nth, bool and_on, unsigned *count)
{
    const struct tool_option *tables[TOOL_OPTION_TABLES] = {tool_options_common};
    struct tool_run run = {.command = call->command};
    struct tool_failure failure;
    char *argv[8] = {(char *)(uintptr_t) "--config", conf, tree};
    char why[256];
    int argc = 3;
    enum tool_status status;

    for (size_t i = 0; call->options[i] != NULL; i++)
        argv[argc++] = call->options[i];
    for (size_t i = 0; call->command->tables[i] != NULL; i++)
        tables[i + 1] = call->command->tables[i];
    ck_assert_msg(tool_options_parse(tables, argc, argv, &run.options, why, sizeof(why)), "%s",
                  why);
    memset(output, 0, sizeof(output));
    run.out = fmemopen(output, sizeof(output), "w");
    ck_assert_ptr_nonnull(run.out);
    env_json_init(&run.json, run.out);
    ck_assert_msg(tool_run_open_keys(&run, &failure), "%s", failure.text);
    failing_alloc_arm(nth, and_on);
    status = call->command->run(&run);
    *count = failing_alloc_disarm();
    tool_keys_close(run.keys);
    ck_assert_int_eq(fclose(run.out), 0);
    return status;
}

static const struct call census = {
    "census --verify", &tool_command_census, {"--verify", "--json"}, false};
static const struct call verify = {
    "verify --each-recipient", &tool_command_verify, {"--each-recipient", "--json"}, false};

/* ---- the files ---- */

static void path_of(size_t i, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/%s%zu", tree, i > 0 ? "below/" : "", i);
}

static void write_files(void)
{
    for (size_t i = 0; i < FILES; i++) {
        char path[700];
        FILE *file;

        path_of(i, path, sizeof(path));
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fwrite(messages[i].data, 1, messages[i].len, file), messages[i].len);
        ck_assert_int_eq(fclose(file), 0);
    }
}

static char *said(const struct call *call)
{
    unsigned count;

    ck_assert_int_eq(run(call, 0, false, &count), TOOL_FINE);
    return strdup(output);
}

/* ---- the runs ---- */

struct expected {
    char *output; /* of the command */
    char *census; /* after it */
};

/* Nothing beside the files is left, and each opens with each of its KEKs. */
static void all_is_there(const struct call *call, unsigned nth)
{
    unsigned count;

    ck_assert_msg(run(&verify, 0, false, &count) == TOOL_FINE, "%s without allocation %u: %s",
                  call->name, nth, output);
}

static void is_as_expected(const struct call *call, unsigned nth, const struct expected *expected)
{
    char *after;

    ck_assert_msg(strcmp(output, expected->output) == 0, "%s without allocation %u: %s\nnot\n%s",
                  call->name, nth, output, expected->output);
    if (!call->changes)
        return;
    after = said(&census);
    ck_assert_msg(strcmp(after, expected->census) == 0, "%s without allocation %u: %s", call->name,
                  nth, after);
    free(after);
}

static void run_without(const struct call *call, unsigned nth, bool and_on,
                        const struct expected *expected)
{
    unsigned count;

    if (call->changes)
        write_files();
    if (run(call, nth, and_on, &count) == TOOL_FINE)
        is_as_expected(call, nth, expected);
    if (!call->changes)
        return;
    all_is_there(call, nth);
    ck_assert_int_eq(run(call, 0, false, &count), TOOL_FINE);
    all_is_there(call, nth);
}

static void run_all(const struct call *call)
{
    struct expected expected = {0};
    unsigned phase = (unsigned)getpid();
    unsigned count;
    unsigned runs;
    int errors = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY);

    ck_assert_int_eq(run(call, 0, false, &count), TOOL_FINE);
    expected.output = strdup(output);
    expected.census = said(&census);
    runs = count < at_most ? count : at_most;
    fprintf(stderr, "%s: %u of %u allocations\n", call->name, runs, count);
    ck_assert_int_ge(dup2(nowhere, STDERR_FILENO), 0);
    for (unsigned i = 0; i < runs; i++) {
        unsigned first = i * count / runs;
        unsigned width = (i + 1) * count / runs - first;

        run_without(call, 1 + first + phase % width, false, &expected);
        run_without(call, 1 + first + phase % width, true, &expected);
    }
    ck_assert_int_ge(dup2(errors, STDERR_FILENO), 0);
    ck_assert(close(errors) == 0 && close(nowhere) == 0);
    free(expected.output);
    free(expected.census);
}

START_TEST(each_fails)
{
    static const struct call calls[] = {
        {"census", &tool_command_census, {"--verbose"}, false},
        {"census --verify --json", &tool_command_census, {"--verify", "--json"}, false},
        {"verify --json", &tool_command_verify, {"--json"}, false},
        {"verify --each-recipient", &tool_command_verify, {"--each-recipient", "--verbose"}, false},
        {"rewrap in place", &tool_command_rewrap, {"--kek", "other", "--json"}, true},
        {"rewrap", &tool_command_rewrap, {"--json"}, true},
        {"reencrypt", &tool_command_reencrypt, {"--json"}, true},
    };

    run_all(&calls[_i]);
}
END_TEST

/* ---- tokens and messages ---- */

/* Three messages for "orders", and the configuration is for both KEKs. */
static void make_messages(void)
{
    static const char lines[] = "pkcs11-module-path = %s\ntoken = \"pkcs11:token=kek\"\n"
                                "pin-source = env:TEST_PIN\nkek = %s\n";
    OSSL_LIB_CTX *libctx;
    char section[1024];
    FILE *file = fopen(conf, "w");

    (void)snprintf(section, sizeof(section), lines, softhsm_module(), "orders");
    libctx = libctx_new_configured(NULL, section, true);
    for (size_t i = 0; i < FILES; i++) {
        struct bytes plain = bytes_plain(1000 + 5000 * i, i + 1);

        messages[i] = caller_seal(libctx, plain);
        bytes_free(&plain);
    }
    OSSL_LIB_CTX_free(libctx);
    (void)fprintf(file, "openssl_conf = init\n[init]\nproviders = all\n[all]\n"
                        "default = other\nenvelope = ours\n[other]\nactivate = 1\n[ours]\n");
    (void)fprintf(file, lines, softhsm_module(), "orders other");
    ck_assert_int_eq(fclose(file), 0);
}

static void set_up(void)
{
    const struct softhsm_key orders = {.label = "orders", .id = "01"};
    const struct softhsm_key other = {.label = "other", .id = "02"};
    char path[700];

    softhsm_setup();
    softhsm_make_key(&orders);
    softhsm_make_key(&other);
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    (void)snprintf(conf, sizeof(conf), "%s/openssl.cnf", softhsm_dir());
    (void)snprintf(tree, sizeof(tree), "%s/tree", softhsm_dir());
    (void)snprintf(path, sizeof(path), "%s/below", tree);
    ck_assert(mkdir(tree, 0700) == 0 && mkdir(path, 0700) == 0);
    make_messages();
    write_files();
}

static void tear_down(void)
{
    for (size_t i = 0; i < FILES; i++)
        bytes_free(&messages[i]);
    softhsm_teardown();
}

int main(void)
{
    Suite *suite = suite_create("allocation, tool");
    TCase *tcase = tcase_create("failures");

    at_most = getenv("ENVELOPE_ALLOCATION_ALL") != NULL ? UINT_MAX : 16;
    failing_alloc_install();
    tcase_set_timeout(tcase, 400);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, each_fails, 0, 7);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
