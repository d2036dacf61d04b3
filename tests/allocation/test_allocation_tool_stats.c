/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope stats while memory runs out: it prints the same as with memory, or fails; and
 * the state still counts each line once.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "failing_alloc.h"
#include "temporary.h"
#include "tools/stats/cmd_stats.h"

#define LINES 6
#define AT_MOST 15u /* allocations, evenly spread: each run waits for the disk several times */

static char directory[TEMPORARY_PATH];
static char log_path[TEMPORARY_PATH + 16];
static char state_path[TEMPORARY_PATH + 16];
static char metrics_path[TEMPORARY_PATH + 16];
static char output[20000];

static void write_log(void)
{
    FILE *file = fopen(log_path, "w");

    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < LINES; i++)
        (void)fprintf(file,
                      "{\"time\":\"2026-11-22T09:30:00.123456Z\",\"operation\":\"wrap\",\"kek\":"
                      "\"00%02x\",\"label\":\"k%d\",\"token\":\"kek\",\"result\":\"failed\","
                      "\"reason\":183}\n",
                      (unsigned)i, i);
    temporary_close(file, log_path);
}

static enum tool_status run(bool json, unsigned nth, bool and_on, unsigned *count)
{
    char *operands[] = {log_path};
    struct tool_run run = {.command = &tool_command_stats,
                           .options = {.json = json,
                                       .state = state_path,
                                       .prometheus = metrics_path,
                                       .operands = operands,
                                       .operand_count = 1}};
    enum tool_status status;

    memset(output, 0, sizeof(output));
    run.out = fmemopen(output, sizeof(output), "w");
    ck_assert_ptr_nonnull(run.out);
    env_json_init(&run.json, run.out);
    failing_alloc_arm(nth, and_on);
    status = tool_command_stats.run(&run);
    *count = failing_alloc_disarm();
    ck_assert_int_eq(fclose(run.out), 0);
    return status;
}

static void begin_anew(void)
{
    (void)unlink(state_path);
    (void)unlink(metrics_path);
}

struct trial {
    bool json;
    const char *expected;
};

static void try_without(void *arg, unsigned nth)
{
    const struct trial *trial = arg;
    unsigned ignored;

    for (int and_on = 0; and_on < 2; and_on++) {
        begin_anew();
        if (run(trial->json, nth, and_on, &ignored) == TOOL_FINE)
            ck_assert_str_eq(output, trial->expected);
        ck_assert_int_eq(run(trial->json, 0, false, &ignored), TOOL_FINE);
        ck_assert_str_eq(output, trial->expected);
    }
}

START_TEST(stats_survives_each_failing_allocation)
{
    char expected[sizeof(output)];
    struct trial trial = {_i != 0, expected};
    unsigned count;

    temporary_directory(directory);
    (void)snprintf(log_path, sizeof(log_path), "%s/audit.log", directory);
    (void)snprintf(state_path, sizeof(state_path), "%s/state", directory);
    (void)snprintf(metrics_path, sizeof(metrics_path), "%s/m.prom", directory);
    write_log();
    ck_assert_int_eq(run(_i, 0, false, &count), TOOL_FINE);
    memcpy(expected, output, sizeof(expected));
    ck_assert_uint_gt(count, 5);
    (void)failing_alloc_spread(count, failing_alloc_at_most(AT_MOST), try_without, &trial);
    begin_anew();
    (void)unlink(log_path);
    ck_assert_int_eq(rmdir(directory), 0); /* and nothing else is in it */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation: stats");
    TCase *tcase = tcase_create("all");

    failing_alloc_install();
    tcase_set_timeout(tcase, 200);
    tcase_add_loop_test(tcase, stats_survives_each_failing_allocation, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
