/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of envelope kek. A run that reports success has printed and done the same as one
 * with memory. A run that fails has made nothing, or a key that the next run finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "failing_alloc.h"
#include "softhsm_fixture.h"
#include "stopped_clock.h"
#include "tool_call.h"
#include "tools/kek/kek_actions.h"
#include "tools/kek/versions_seen.h"

#define OUTPUT (1u << 16)
#define TODAY (INT64_C(22000) * 86400)

static unsigned at_most; /* runs of one command; ENVELOPE_ALLOCATION_ALL: all */
static char output[OUTPUT];

struct call {
    const char *name;
    const struct tool_command *command;
    char *options[3];
};

static void begin(const struct call *call, struct tool_run *run)
{
    memset(output, 0, sizeof(output));
    tool_call_begin(run, call->command, "orders", call->options,
                    fmemopen(output, sizeof(output), "w"));
}

static enum tool_status run(const struct call *call, unsigned nth, bool and_on, unsigned *count)
{
    struct tool_run run;
    enum tool_status status;

    begin(call, &run);
    status = tool_call_run(&run, nth, and_on, count);
    tool_call_end(&run);
    return status;
}

/* How many keys are versions; all but the first are destroyed. */
static size_t versions(void)
{
    static const struct call list = {"list", &tool_kek_list, {NULL}};
    struct tool_versions seen;
    struct tool_run run;
    size_t count;

    begin(&list, &run);
    ck_assert(env_ok(tool_versions_read(&run, "orders", &seen)));
    count = seen.count;
    for (size_t i = 0; i < count; i++) {
        if (seen.list[i].number > 1)
            softhsm_delete_key("kek", seen.list[i].info.label);
    }
    tool_versions_clear(&seen);
    tool_call_end(&run);
    return count;
}

struct expected {
    const struct call *call;
    char *output;
    size_t made; /* versions */
};

static void run_without(const struct expected *expected, unsigned nth, bool and_on)
{
    const struct call *call = expected->call;
    const size_t made = expected->made;
    unsigned count;
    enum tool_status status = run(call, nth, and_on, &count);
    char *said = strdup(output);
    size_t there = versions();

    ck_assert_msg(there >= 1 && there <= 1 + made, "%s without allocation %u: %zu versions",
                  call->name, nth, there);
    if (status == TOOL_FINE && made > 0)
        ck_assert_msg(there == 1 + made, "%s without allocation %u: %s", call->name, nth, said);
    else if (status == TOOL_FINE)
        ck_assert_msg(strcmp(said, expected->output) == 0, "%s without allocation %u: %s\nnot\n%s",
                      call->name, nth, said, expected->output);
    free(said);
}

static void try_without(void *arg, unsigned nth)
{
    run_without(arg, nth, false);
    run_without(arg, nth, true);
}

START_TEST(actions_survive_each_failing_allocation)
{
    static const struct call calls[] = {
        {"kek list --verify", &tool_kek_list, {"--verify", "--json"}},
        {"kek rotate --dry-run", &tool_kek_rotate, {"--dry-run"}},
        {"kek rotate", &tool_kek_rotate, {"--json"}},
    };
    struct expected expected = {.call = &calls[_i]};
    unsigned count;
    unsigned runs;

    ck_assert_int_eq(run(expected.call, 0, false, &count), TOOL_FINE);
    expected.output = strdup(output);
    expected.made = versions() - 1;
    runs = failing_alloc_spread(count, at_most, try_without, &expected);
    fprintf(stderr, "%s: %u of %u allocations\n", expected.call->name, runs, count);
    free(expected.output);
}
END_TEST

static void set_up(void)
{
    clock_set(TODAY);
    softhsm_setup();
    softhsm_make_key(&(struct softhsm_key){.label = "orders/1", .id = "01"});
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    tool_call_configure("kek = orders/*\n");
}

static void tear_down(void)
{
    clock_set(0);
    softhsm_teardown();
}

int main(void)
{
    Suite *suite = suite_create("allocation: envelope kek");
    TCase *tcase = tcase_create("failures");

    at_most = failing_alloc_at_most(16);
    failing_alloc_install();
    tcase_set_timeout(tcase, 400);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, actions_survive_each_failing_allocation, 0, 3);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
