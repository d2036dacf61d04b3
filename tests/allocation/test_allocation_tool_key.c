/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of envelope key. A run that reports success has done its work. A run that fails
 * has left every key file so that it opens.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/named/key_file.h"
#include "failing_alloc.h"
#include "softhsm_fixture.h"
#include "temporary.h"
#include "tool_call.h"
#include "tools/key/cmd_datakey.h"
#include "tools/key/key_actions.h"
#include "tools/look/cmd_inventory.h"

#define OUTPUT (1u << 16)
#define BASE "base@1.envkey"

static unsigned at_most; /* runs of one command; ENVELOPE_ALLOCATION_ALL: all */
static char keys[600];
static char base_path[700];
static uint8_t base[ENV_KEY_FILE_MAX];
static size_t base_len;
static char output[OUTPUT]; /* what went through the run's own stream */
static char given[OUTPUT];  /* and through the standard output: keys and stand-ins */

/* What a run that says that all is well has done. */
enum effect {
    MADE,      /* a file of the other name, and the base is as it was */
    CHANGED,   /* the base is another file */
    REMOVED,   /* the base is gone */
    SAME_TEXT, /* nothing but to give out the same as with memory */
    AS_LONG,   /* the same with what differs from run to run */
};

struct call {
    const char *name;
    const struct tool_command *command;
    char *words[8];
    const char *input; /* what is on the standard input */
    const char *makes; /* of MADE */
    enum effect effect;
};

/* ---- the command ---- */

static int swap_in(int fd, int by)
{
    int before = dup(fd);

    ck_assert(before >= 0 && dup2(by, fd) == fd && close(by) == 0);
    return before;
}

static void take_given(int fd)
{
    ssize_t n = pread(fd, given, sizeof(given) - 1, 0);

    ck_assert_int_ge(n, 0);
    given[n] = '\0';
}

static enum tool_status run(const struct call *call, unsigned nth, bool and_on, unsigned *count)
{
    struct tool_run run;
    int in = temporary_nameless_file();
    int usual_in;
    int usual_out;
    FILE *said;
    enum tool_status status;

    if (call->input != NULL)
        ck_assert_int_eq(pwrite(in, call->input, strlen(call->input), 0),
                         (ssize_t)strlen(call->input));
    memset(output, 0, sizeof(output));
    said = fmemopen(output, sizeof(output), "w");
    if (call->command == &tool_command_inventory)
        tool_call_begin_without_keys(&run, call->command, call->words, said);
    else
        tool_call_begin(&run, call->command, NULL, call->words, said);
    ck_assert_int_eq(fflush(stdout), 0);
    usual_in = swap_in(STDIN_FILENO, in);
    usual_out = swap_in(STDOUT_FILENO, temporary_nameless_file());
    status = tool_call_run(&run, nth, and_on, count);
    (void)fflush(stdout);
    take_given(STDOUT_FILENO);
    (void)close(swap_in(STDIN_FILENO, usual_in));
    (void)close(swap_in(STDOUT_FILENO, usual_out));
    tool_call_end(&run);
    return status;
}

/* ---- the folder ---- */

static void empty_folder(void)
{
    DIR *dir = opendir(keys);
    const struct dirent *entry;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
    }
    ck_assert_int_eq(closedir(dir), 0);
}

static void write_base(void)
{
    int fd;

    empty_folder();
    fd = open(base_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, base, base_len), (ssize_t)base_len);
    ck_assert_int_eq(close(fd), 0);
}

static bool has(const char *name)
{
    char path[700];

    (void)snprintf(path, sizeof(path), "%s/%s", keys, name);
    return access(path, F_OK) == 0;
}

static bool base_is_as_it_was(void)
{
    static uint8_t now[ENV_KEY_FILE_MAX];
    int fd = open(base_path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, now, sizeof(now)) : -1;

    if (fd >= 0)
        (void)close(fd);
    return n == (ssize_t)base_len && memcmp(now, base, base_len) == 0;
}

/* Every key file opens, and the next run that makes one finds nothing in its way. */
static void all_is_there(const struct call *call, unsigned nth)
{
    struct call verify = {"verify", &tool_key_verify, {NULL}, NULL, NULL, AS_LONG};
    DIR *dir = opendir(keys);
    const struct dirent *entry;
    unsigned count;

    ck_assert_ptr_nonnull(dir);
    ck_assert_msg(call->effect == REMOVED || has(BASE), "%s without allocation %u: the key is gone",
                  call->name, nth);
    while ((entry = readdir(dir)) != NULL) {
        char path[900];
        char name[ENV_NAMED_NAME_MAX + 1];
        uint32_t number;

        if (entry->d_name[0] == '.' || env_named_tombstone_name_read(entry->d_name, name, &number))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", keys, entry->d_name);
        verify.words[0] = path;
        ck_assert_msg(run(&verify, 0, false, &count) == TOOL_FINE,
                      "%s without allocation %u: %s does not open", call->name, nth, path);
    }
    ck_assert_int_eq(closedir(dir), 0);
}

/* ---- the runs ---- */

struct expected {
    const struct call *call;
    char *output;
    char *given;
};

static size_t lines(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static bool is_done(const struct call *call, const struct expected *expected)
{
    if (lines(output) != lines(expected->output) || strlen(given) != strlen(expected->given))
        return false;
    switch (call->effect) {
    case MADE:
        return has(call->makes) && base_is_as_it_was();
    case CHANGED:
        return has(BASE) && !base_is_as_it_was();
    case REMOVED:
        return !has(BASE);
    case SAME_TEXT:
        return strcmp(given, expected->given) == 0 && base_is_as_it_was();
    case AS_LONG:
    default:
        return base_is_as_it_was();
    }
}

static void run_without(const struct call *call, unsigned nth, bool and_on,
                        const struct expected *expected)
{
    unsigned count;

    write_base();
    if (run(call, nth, and_on, &count) == TOOL_FINE)
        ck_assert_msg(is_done(call, expected), "%s without allocation %u: %s%s", call->name, nth,
                      output, given);
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

    write_base();
    ck_assert_msg(run(call, 0, false, &count) == TOOL_FINE, "%s: %s", call->name, output);
    expected.output = strdup(output);
    expected.given = strdup(given);
    ck_assert_msg(is_done(call, &expected), "%s", call->name);
    runs = failing_alloc_spread(count, at_most, try_without, &expected);
    fprintf(stderr, "%s: %u of %u allocations\n", call->name, runs, count);
    free(expected.output);
    free(expected.given);
}

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

START_TEST(actions_survive_each_failing_allocation)
{
    static const struct call calls[] = {
        {"new",
         &tool_key_new,
         {"two", "--for", "AES-256-GCM", "--single"},
         NULL,
         "two@1.envkey",
         MADE},
        {"import",
         &tool_key_import,
         {"two", "--for", "laravel", "--single", "--json"},
         HEX,
         "two@1.envkey",
         MADE},
        {"export", &tool_key_export, {"base", "--yes"}, NULL, NULL, SAME_TEXT},
        {"stand-in",
         &tool_key_stand_in,
         {"base", "--for-app", "shop", "--single"},
         NULL,
         NULL,
         CHANGED},
        {"list", &tool_key_list, {"--verbose"}, NULL, NULL, AS_LONG},
        {"verify", &tool_key_verify, {base_path}, NULL, NULL, AS_LONG},
        {"rotate", &tool_key_rotate, {"base", "--single"}, NULL, "base@2.envkey", MADE},
        {"activate",
         &tool_key_activate,
         {"base", "--seal-from", "+1d", "--single"},
         NULL,
         NULL,
         CHANGED},
        {"destroy", &tool_key_destroy, {"base", "--yes"}, NULL, NULL, REMOVED},
        {"datakey", &tool_command_datakey, {"new", "--json"}, NULL, NULL, AS_LONG},
        {"inventory", &tool_command_inventory, {keys}, NULL, NULL, AS_LONG},
    };

    run_all(&calls[_i]);
}
END_TEST

/* ---- a key ---- */

static void make_base(void)
{
    const struct call make = {"new", &tool_key_new, {"base", "--for", "AES-256-GCM", "--single"},
                              NULL,  NULL,          MADE};
    unsigned count;
    ssize_t n;
    int fd;

    ck_assert_int_eq(run(&make, 0, false, &count), TOOL_FINE);
    fd = open(base_path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    n = read(fd, base, sizeof(base));
    ck_assert(n > 0 && close(fd) == 0);
    base_len = (size_t)n;
}

static void set_up(void)
{
    const struct softhsm_key orders = {.label = "orders", .id = "01"};
    char lines[700];

    softhsm_setup();
    softhsm_make_key(&orders);
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    (void)snprintf(keys, sizeof(keys), "%s/keys", softhsm_dir());
    (void)snprintf(base_path, sizeof(base_path), "%s/" BASE, keys);
    ck_assert_int_eq(mkdir(keys, 0700), 0);
    (void)snprintf(lines, sizeof(lines), "kek = orders\nkeys-directory = \"%s\"\n", keys);
    tool_call_configure(lines);
    make_base();
}

int main(void)
{
    Suite *suite = suite_create("allocation: envelope key");
    TCase *tcase = tcase_create("failures");

    at_most = failing_alloc_at_most(16);
    failing_alloc_install();
    tcase_set_timeout(tcase, 400);
    tcase_add_checked_fixture(tcase, set_up, softhsm_teardown);
    tcase_add_loop_test(tcase, actions_survive_each_failing_allocation, 0, 11);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
