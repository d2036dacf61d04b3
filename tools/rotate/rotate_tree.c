/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/rotate_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#include "tools/common/sidecar.h"
#include "tools/common/report.h"
#include "tools/rotate/rotate_line.h"
#include "tools/common/tree.h"

enum outcome {
    OUTCOME_CURRENT,
    OUTCOME_IN_PLACE,
    OUTCOME_REPLACED, /* by a new file; a line of a list by another */
    OUTCOME_SKIPPED,  /* nothing that has a header */
    OUTCOME_FAILED,
    OUTCOMES,
};

static const char *const outcome_words[OUTCOMES] = {
    [OUTCOME_CURRENT] = "current", [OUTCOME_IN_PLACE] = "in-place", [OUTCOME_REPLACED] = "replaced",
    [OUTCOME_SKIPPED] = "skipped", [OUTCOME_FAILED] = "failed",
};

/* What became of one item; work makes it, deliver frees it. */
struct result {
    enum outcome outcome;
    bool recovered;
    bool silent; /* nothing is told of it, nor counted */
    struct tool_failure failure;
    char *line; /* of a list, or NULL */
    size_t line_len;
};

struct rotate {
    struct tool_run *run;
    struct tool_rotation rotation;
    tool_rotate_fn *file;
    const char *participle;
    FILE *report; /* the standard error when lines go to the standard output */
    struct env_json json;
    bool output_failed;
    bool unfinished; /* a list could not be read to its end, or not passed on whole */
    uint64_t recovered;
    uint64_t counts[OUTCOMES];
};

/* ---- the workers' side ---- */

static void fail(struct result *result, ENV_RESULT r)
{
    result->outcome = r.reason == ENV_R_NOT_A_MESSAGE ? OUTCOME_SKIPPED : OUTCOME_FAILED;
    tool_failure_take(r, &result->failure);
}

static void work_file(const struct rotate *rotate, const struct tool_item *item,
                      struct result *result)
{
    static const enum outcome outcomes[] = {
        [TOOL_ROTATED_NOT] = OUTCOME_CURRENT,
        [TOOL_ROTATED_IN_PLACE] = OUTCOME_IN_PLACE,
        [TOOL_ROTATED_REPLACED] = OUTCOME_REPLACED,
    };
    struct tool_target target = {
        .errors = rotate->rotation.dek->errors,
        .dir = tool_dir_fd(item->entry.dir),
        .name = item->entry.name,
    };
    struct tool_rotated_file rotated = {TOOL_ROTATED_NOT, false};
    ENV_RESULT r = rotate->file(&rotate->rotation, &target, &rotated);

    result->recovered = rotated.recovered;
    /* too short for any header: what it begins with means nothing (census has the same) */
    if (r.reason == ENV_R_TRUNCATED && item->entry.size < ENV_HEADER_PEEK)
        r = ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    if (env_ok(r))
        result->outcome = outcomes[rotated.done];
    else
        fail(result, r);
}

static void work_line(const struct rotate *rotate, const struct tool_item *item,
                      struct result *result)
{
    ENV_RESULT r = tool_rewrap_line(&rotate->rotation, item, &result->line, &result->line_len);

    result->outcome = result->line != NULL ? OUTCOME_REPLACED : OUTCOME_CURRENT;
    if (!env_ok(r)) {
        tool_failure_take(r, &result->failure);
        result->outcome = OUTCOME_FAILED;
    }
}

/* Whoever treats its file treats the leftover, here or in another run; and it may be done by now.
 */
static void work_leftover(const struct tool_item *item, struct result *result)
{
    struct stat st;
    int dir = tool_dir_fd(item->entry.dir);

    result->silent = tool_leftover_has_file(dir, item->entry.name) ||
                     fstatat(dir, item->entry.name, &st, AT_SYMLINK_NOFOLLOW) != 0;
    result->outcome = OUTCOME_FAILED;
    tool_failure_set(&result->failure, "left by a broken-off run, and its file is not here");
}

/* Whoever names a link or a FIFO expects that something is done with it. */
static bool is_operand(const struct rotate *rotate, const struct tool_item *item)
{
    const struct tool_options *options = &rotate->run->options;

    for (size_t i = 0; i < options->operand_count; i++) {
        if (strcmp(options->operands[i], item->entry.path) == 0)
            return true;
    }
    return false;
}

static void work_other(const struct rotate *rotate, const struct tool_item *item,
                       struct result *result)
{
    result->outcome = item->kind == TOOL_ITEM_OTHER && !is_operand(rotate, item) ? OUTCOME_SKIPPED
                                                                                 : OUTCOME_FAILED;
    tool_failure_set(&result->failure, "%s", item->entry.what);
}

static void work(void *arg, void *mine, struct tool_item *item)
{
    const struct rotate *rotate = arg;
    struct result *result = OPENSSL_zalloc(sizeof(*result));

    (void)mine;
    item->result = result;
    if (result == NULL)
        return;
    switch (item->kind) {
    case TOOL_ITEM_FILE:
        work_file(rotate, item, result);
        break;
    case TOOL_ITEM_LINE:
        work_line(rotate, item, result);
        break;
    case TOOL_ITEM_LEFTOVER:
        work_leftover(item, result);
        break;
    case TOOL_ITEM_EMPTY:
        result->silent = true;
        break;
    case TOOL_ITEM_OTHER:
    case TOOL_ITEM_FAILURE:
    case TOOL_ITEM_BAD_LINE:
        work_other(rotate, item, result);
        break;
    }
}

/* ---- what is told ---- */

static void tell_json(struct rotate *rotate, const struct tool_item *item,
                      const struct result *result)
{
    struct env_json *json = &rotate->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", item->line > 0 ? "line" : "file");
    tool_item_json(json, item);
    env_json_text(json, "state", outcome_words[result->outcome]);
    env_json_bool(json, "recovered", result->recovered);
    if (result->outcome >= OUTCOME_SKIPPED) {
        env_json_number(json, "reason", result->failure.reason);
        env_json_text(json, "error", result->failure.text);
    }
    env_json_object_end(json);
}

static void tell_text(const struct rotate *rotate, const struct tool_item *item,
                      const struct result *result)
{
    FILE *out = rotate->report;
    bool dry_run = rotate->rotation.dry_run;
    const char *would = dry_run ? "would be " : "";

    tool_item_print(out, item);
    if (result->recovered)
        (void)fprintf(out, ": a broken-off run left something beside it, which %s put right",
                      dry_run ? "would be" : "was");
    if (result->outcome >= OUTCOME_SKIPPED) {
        (void)fputs(result->outcome == OUTCOME_SKIPPED ? ": skipped: " : ": ", out);
        tool_report_text(out, result->failure.text);
        (void)fputc('\n', out);
    } else if (result->outcome == OUTCOME_CURRENT)
        (void)fputs(": is current\n", out);
    else
        (void)fprintf(out, ": %s%s%s\n", would, rotate->participle,
                      result->outcome == OUTCOME_IN_PLACE ? " in place" : "");
}

static void tell(struct rotate *rotate, const struct tool_item *item, const struct result *result)
{
    if (rotate->run->options.json) {
        tell_json(rotate, item, result);
    } else if (rotate->run->options.verbose || result->recovered ||
               result->outcome >= OUTCOME_SKIPPED) {
        tool_progress_hide(&rotate->run->progress);
        tell_text(rotate, item, result);
    }
}

/* A line that could not be re-wrapped goes on as it came. */
static void write_line(struct rotate *rotate, const struct tool_item *item,
                       const struct result *result)
{
    const char *text = result != NULL && result->line != NULL ? result->line : item->text;
    size_t len = result != NULL && result->line != NULL ? result->line_len : item->text_len;

    if (rotate->rotation.dry_run)
        return;
    if (fwrite(text, 1, len, stdout) != len || fputc('\n', stdout) == EOF)
        rotate->output_failed = true;
}

static void deliver(void *arg, struct tool_item *item)
{
    struct rotate *rotate = arg;
    struct result *result = item->result;
    static const struct result no_memory = {.outcome = OUTCOME_FAILED,
                                            .failure = {.text = "out of memory"}};

    /* of a line that is too long only the beginning is here: nothing is written from there on */
    if (rotate->run->options.list &&
        (item->kind == TOOL_ITEM_FAILURE ||
         (item->kind == TOOL_ITEM_BAD_LINE && item->text_len >= TOOL_LINE_MAX)))
        rotate->unfinished = true;
    if (item->line > 0 && !rotate->unfinished)
        write_line(rotate, item, result);
    if (result == NULL || !result->silent) {
        const struct result *told = result != NULL ? result : &no_memory;

        rotate->counts[told->outcome]++;
        rotate->recovered += told->recovered;
        tell(rotate, item, told);
    }
    if (result != NULL)
        OPENSSL_free(result->line);
    OPENSSL_free(result);
}

static void sum_up_json(struct rotate *rotate)
{
    struct env_json *json = &rotate->json;
    uint64_t all = 0;

    for (size_t i = 0; i < OUTCOMES; i++)
        all += rotate->counts[i];
    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    env_json_bool(json, "dry_run", rotate->rotation.dry_run);
    env_json_number(json, rotate->run->options.list ? "lines" : "files", all);
    env_json_number(json, "in_place", rotate->counts[OUTCOME_IN_PLACE]);
    env_json_number(json, "replaced", rotate->counts[OUTCOME_REPLACED]);
    env_json_number(json, "current", rotate->counts[OUTCOME_CURRENT]);
    env_json_number(json, "skipped", rotate->counts[OUTCOME_SKIPPED]);
    env_json_number(json, "failed", rotate->counts[OUTCOME_FAILED]);
    env_json_number(json, "recovered", rotate->recovered);
    env_json_object_end(json);
}

static void sum_up(struct rotate *rotate)
{
    const uint64_t *counts = rotate->counts;
    uint64_t done = counts[OUTCOME_IN_PLACE] + counts[OUTCOME_REPLACED];

    if (rotate->run->options.json) {
        sum_up_json(rotate);
        return;
    }
    (void)fprintf(rotate->report, "%" PRIu64 " %s%s", done,
                  rotate->rotation.dry_run ? "to be " : "", rotate->participle);
    if (counts[OUTCOME_IN_PLACE] > 0)
        (void)fprintf(rotate->report, " (%" PRIu64 " in place)", counts[OUTCOME_IN_PLACE]);
    (void)fprintf(rotate->report,
                  ", %" PRIu64 " current, %" PRIu64 " skipped, %" PRIu64 " failed\n",
                  counts[OUTCOME_CURRENT], counts[OUTCOME_SKIPPED], counts[OUTCOME_FAILED]);
}

/* ---- both ---- */

enum tool_status tool_rotate_tree(struct tool_run *run, tool_rotate_fn *file,
                                  const char *participle)
{
    static const struct tool_tree_ops ops = {NULL, NULL, work, deliver};
    struct rotate rotate = {.run = run, .file = file, .participle = participle};
    enum tool_status status;

    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    rotate.rotation = (struct tool_rotation){
        .dek = &run->keys->dek,
        .selector = {.name = run->options.kek, .all = true}, /* no message loses a recipient */
        .context = tool_keys_context(run->keys, &run->options),
        .dry_run = run->options.dry_run,
    };
    rotate.report = run->options.list && !run->options.quiet ? stderr : run->out;
    env_json_init(&rotate.json, rotate.report);
    status = tool_tree_run(run, &ops, &rotate);
    if (fflush(stdout) != 0 || rotate.output_failed || rotate.unfinished) {
        tool_complain(run, rotate.unfinished ? "the list was not read to its end, nor written"
                                             : "the output could not be written");
        status = TOOL_UNABLE;
    }
    sum_up(&rotate);
    return rotate.counts[OUTCOME_FAILED] > 0 ? tool_worse(status, TOOL_WRONG) : status;
}
