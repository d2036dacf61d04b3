/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of envelope seal, open and cat. A run that reports success has made the same
 * output as one with memory. A run that fails has made nothing and lost nothing.
 */
#include <fcntl.h>
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
#include "tool_call.h"
#include "tools/files/cmd_cat.h"
#include "tools/files/cmd_open.h"
#include "tools/files/cmd_seal.h"

#define PLAIN_LEN 300000u
#define KEK "kek = orders\n"

static unsigned at_most; /* runs of one command; ENVELOPE_ALLOCATION_ALL: all */
static char plain_path[600];
static char sealed_path[600];
static char out_path[600];
static char part_path[600];
static struct bytes plain;

struct call {
    const char *name;
    const struct tool_command *command;
    const char *input; /* plain_path or sealed_path */
    char *options[4];
    bool to_stdout;
};

static enum tool_status run(const struct call *call, unsigned nth, bool and_on, unsigned *count)
{
    struct tool_run run;
    enum tool_status status;

    tool_call_begin(&run, call->command, call->input, call->options, fopen("/dev/null", "w"));
    if (!call->to_stdout)
        run.options.output = out_path;
    run.options.quiet = true;
    status = tool_call_run(&run, nth, and_on, count);
    tool_call_end(&run);
    return status;
}

static struct bytes read_file(const char *path)
{
    struct bytes bytes = bytes_new(2 * PLAIN_LEN);
    FILE *file = fopen(path, "r");

    ck_assert_msg(file != NULL, "%s is not there", path);
    bytes.len = fread(bytes.data, 1, bytes.len, file);
    ck_assert_int_eq(fclose(file), 0);
    return bytes;
}

static void is_plain(const char *what, unsigned nth, struct bytes got)
{
    ck_assert_msg(got.len == plain.len && memcmp(got.data, plain.data, plain.len) == 0,
                  "%s without allocation %u: %zu bytes, and not those", what, nth, got.len);
}

/* Another program's, with the same KEK. */
static OSSL_LIB_CTX *new_libctx(void)
{
    static const char lines[] = "pkcs11-module-path = %s\ntoken = \"pkcs11:token=kek\"\n"
                                "pin-source = env:TEST_PIN\n" KEK;
    char section[1024];

    (void)snprintf(section, sizeof(section), lines, softhsm_module());
    return libctx_new_configured(NULL, section, true);
}

/* What is made of the input: sealed, it has to open with another program. */
static void check_output(const struct call *call, unsigned nth)
{
    struct bytes out = read_file(out_path);

    if (call->command == &tool_command_seal) {
        OSSL_LIB_CTX *libctx = new_libctx();
        struct bytes opened = caller_open(libctx, out);

        is_plain(call->name, nth, opened);
        bytes_free(&opened);
        OSSL_LIB_CTX_free(libctx);
    } else {
        is_plain(call->name, nth, out);
    }
    bytes_free(&out);
}

static void run_without(const struct call *call, unsigned nth, bool and_on)
{
    unsigned count;
    bool fine;

    if (call->to_stdout) {
        ck_assert_int_eq(ftruncate(STDOUT_FILENO, 0), 0);
        ck_assert_int_eq(lseek(STDOUT_FILENO, 0, SEEK_SET), 0);
    } else {
        (void)unlink(out_path);
    }
    fine = run(call, nth, and_on, &count) == TOOL_FINE;
    ck_assert_msg(access(part_path, F_OK) != 0, "%s without allocation %u: a part is left",
                  call->name, nth);
    if (fine)
        check_output(call, nth);
    else if (!call->to_stdout)
        ck_assert_msg(access(out_path, F_OK) != 0, "%s without allocation %u: an output, and %s",
                      call->name, nth, "a failure");
}

static void try_without(void *arg, unsigned nth)
{
    run_without(arg, nth, false);
    run_without(arg, nth, true);
}

START_TEST(files_survive_each_failing_allocation)
{
    static const struct call calls[] = {
        {"seal", &tool_command_seal, plain_path, {NULL}, false},
        {"seal --kek",
         &tool_command_seal,
         plain_path,
         {"--kek", "orders", "--no-read-back"},
         false},
        {"open", &tool_command_open, sealed_path, {NULL}, false},
        {"cat", &tool_command_cat, sealed_path, {NULL}, true},
    };
    struct call call = calls[_i];
    int output = dup(STDOUT_FILENO);
    int out = -1;
    unsigned count;
    unsigned runs;

    if (call.to_stdout) {
        out = open(out_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        ck_assert_int_ge(dup2(out, STDOUT_FILENO), 0);
    }
    ck_assert_int_eq(run(&call, 0, false, &count), TOOL_FINE);
    runs = failing_alloc_spread(count, at_most, try_without, &call);
    ck_assert_int_ge(dup2(output, STDOUT_FILENO), 0);
    ck_assert_int_eq(close(output), 0);
    if (out >= 0)
        ck_assert_int_eq(close(out), 0);
    fprintf(stderr, "%s: %u of %u allocations\n", call.name, runs, count);
}
END_TEST

/* ---- a token, a file and a message ---- */

static void write_file(const char *path, struct bytes bytes)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    ck_assert_int_eq(fclose(file), 0);
}

static void set_up(void)
{
    const struct softhsm_key orders = {.label = "orders", .id = "01"};
    OSSL_LIB_CTX *libctx;
    struct bytes sealed;

    softhsm_setup();
    softhsm_make_key(&orders);
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    (void)snprintf(plain_path, sizeof(plain_path), "%s/plain", softhsm_dir());
    (void)snprintf(sealed_path, sizeof(sealed_path), "%s/sealed", softhsm_dir());
    (void)snprintf(out_path, sizeof(out_path), "%s/out", softhsm_dir());
    (void)snprintf(part_path, sizeof(part_path), "%s/.out.envelope-part", softhsm_dir());
    tool_call_configure(KEK);
    plain = bytes_plain(PLAIN_LEN, 1);
    libctx = new_libctx();
    sealed = caller_seal(libctx, plain);
    OSSL_LIB_CTX_free(libctx);
    write_file(plain_path, plain);
    write_file(sealed_path, sealed);
    bytes_free(&sealed);
}

static void tear_down(void)
{
    bytes_free(&plain);
    softhsm_teardown();
}

int main(void)
{
    Suite *suite = suite_create("allocation: tool, files");
    TCase *tcase = tcase_create("failures");

    at_most = failing_alloc_at_most(24);
    failing_alloc_install();
    tcase_set_timeout(tcase, 400);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, files_survive_each_failing_allocation, 0, 4);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
