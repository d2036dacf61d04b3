/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of envelope(1) over a directory tree. A run that reports success has printed and
 * done the same as one with memory. A run that fails has lost nothing, and the next one succeeds.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "caller.h"
#include "failing_alloc.h"
#include "fake_keyring.h"
#include "softhsm_fixture.h"
#include "tool_call.h"
#include "tools/look/cmd_census.h"
#include "tools/look/cmd_verify.h"
#include "tools/rotate/cmd_reencrypt.h"
#include "tools/rotate/cmd_rewrap.h"

#define OUTPUT (1u << 16)
#define FILES 3u

static unsigned at_most; /* runs of one command; ENVELOPE_ALLOCATION_ALL: all */
static char tree[600];
static struct bytes messages[FILES];
static char output[OUTPUT];

/* ---- the command ---- */

struct call {
    const char *name;
    const struct tool_command *command;
    char *options[4];
    bool changes; /* the files */
};

static enum tool_status run(const struct call *call, unsigned nth, bool and_on, unsigned *count)
{
    struct tool_run run;
    enum tool_status status;

    memset(output, 0, sizeof(output));
    tool_call_begin(&run, call->command, tree, call->options,
                    fmemopen(output, sizeof(output), "w"));
    status = tool_call_run(&run, nth, and_on, count);
    tool_call_end(&run);
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
    const struct call *call;
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

static void try_without(void *arg, unsigned nth)
{
    const struct expected *expected = arg;

    run_without(expected->call, nth, false, expected);
    run_without(expected->call, nth, true, expected);
}

static void run_all(const struct call *call)
{
    struct expected expected = {.call = call};
    unsigned count;
    unsigned runs;

    ck_assert_int_eq(run(call, 0, false, &count), TOOL_FINE);
    expected.output = strdup(output);
    expected.census = said(&census);
    runs = failing_alloc_spread(count, at_most, try_without, &expected);
    fprintf(stderr, "%s: %u of %u allocations\n", call->name, runs, count);
    free(expected.output);
    free(expected.census);
}

START_TEST(subcommands_survive_each_failing_allocation)
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

    (void)snprintf(section, sizeof(section), lines, softhsm_module(), "orders");
    libctx = libctx_new_configured(NULL, section, true);
    for (size_t i = 0; i < FILES; i++) {
        struct bytes plain = bytes_plain(1000 + 5000 * i, i + 1);

        messages[i] = caller_seal(libctx, plain);
        bytes_free(&plain);
    }
    OSSL_LIB_CTX_free(libctx);
    tool_call_configure("kek = orders other\n");
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
    Suite *suite = suite_create("allocation: tool");
    TCase *tcase = tcase_create("failures");

    at_most = failing_alloc_at_most(16);
    failing_alloc_install();
    tcase_set_timeout(tcase, 400);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, subcommands_survive_each_failing_allocation, 0, 7);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
