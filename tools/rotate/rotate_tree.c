/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/rotate_tree.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/common/report.h"
#include "tools/common/sidecar.h"
#include "tools/rotate/from_kek.h"

enum outcome {
    OUTCOME_CURRENT,
    OUTCOME_IN_PLACE,
    OUTCOME_REPLACED, /* by a new file, or by a new line of a list */
    OUTCOME_SKIPPED,  /* it has no header */
    OUTCOME_FAILED,
    OUTCOMES,
};

static const char *const words[OUTCOMES] = {
    [OUTCOME_CURRENT] = "current", [OUTCOME_IN_PLACE] = "in-place", [OUTCOME_REPLACED] = "replaced",
    [OUTCOME_SKIPPED] = "skipped", [OUTCOME_FAILED] = "failed",
};

/* The result for one item; the state is its outcome. */
struct result {
    struct tool_finding finding;
    bool recovered;
    struct opener {
        bool known; /* otherwise it was not opened, or only by today's KEKs */
        struct env_kek_id id;
        char label[ENV_KEK_TEXT];
        char token[ENV_KEK_TEXT];
    } opener;
    char *line; /* for a list, or NULL */
    size_t line_len;
};

struct rotate {
    struct tool_run *run;
    const struct tool_rotate_kind *kind;
    struct tool_rotation rotation;
    bool output_failed;
    bool unfinished;     /* a list could not be read to its end, or not passed on completely */
    bool newline_is_due; /* a list ended without a newline, and another one may follow */
    uint64_t recovered;
    uint64_t counts[OUTCOMES];
};

/* ---- the workers' side ---- */

static void work_file(const struct rotate *rotate, const struct tool_rotation *rotation,
                      const struct tool_item *item, struct result *result)
{
    static const enum outcome outcomes[] = {
        [TOOL_ROTATED_NOT] = OUTCOME_CURRENT,
        [TOOL_ROTATED_IN_PLACE] = OUTCOME_IN_PLACE,
        [TOOL_ROTATED_REPLACED] = OUTCOME_REPLACED,
    };
    struct tool_locked_file locked = {
        .errors = rotate->rotation.dek->errors,
        .dir = tool_dir_fd(item->entry.dir),
        .name = item->entry.name,
    };
    struct tool_rotated_file rotated = {TOOL_ROTATED_NOT, false};
    ENV_RESULT r = rotate->kind->file(rotation, &locked, &rotated);

    /* too short for any header: its first bytes mean nothing (as in census) */
    if (r.reason == ENV_R_TRUNCATED && item->entry.size < ENV_HEADER_PEEK)
        r = ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    result->finding.state = outcomes[rotated.done];
    if (!env_ok(r))
        tool_finding_fails(&result->finding,
                           r.reason == ENV_R_NOT_A_MESSAGE ? OUTCOME_SKIPPED : OUTCOME_FAILED, r);
    result->recovered = rotated.recovered;
    if (!rotated.recovered)
        return;
    result->finding.told = true;
    result->finding.note =
        rotate->rotation.dry_run
            ? "an interrupted run left something beside it, which would be repaired"
            : "an interrupted run left something beside it, which was repaired";
}

static void work_line(const struct rotate *rotate, const struct tool_rotation *rotation,
                      const struct tool_item *item, struct result *result)
{
    ENV_RESULT r = rotate->kind->line(rotation, item, &result->line, &result->line_len);

    result->finding.state = result->line != NULL ? OUTCOME_REPLACED : OUTCOME_CURRENT;
    if (!env_ok(r))
        tool_finding_fails(&result->finding, OUTCOME_FAILED, r);
}

/* Anyone can seal to an RSA KEK, so the KEK that opened is reported. */
static void take_opener(struct opener *opener, struct env_kek *kek)
{
    struct env_kek_info info;

    opener->known = kek != NULL;
    if (kek == NULL)
        return;
    kek->vtable->describe(kek, &info);
    opener->id = *kek->vtable->id(kek);
    memcpy(opener->label, info.label, sizeof(opener->label));
    memcpy(opener->token, info.token, sizeof(opener->token));
    env_kek_free(kek);
}

static void work(void *arg, void *mine, const struct tool_item *item, struct tool_finding *finding)
{
    const struct rotate *rotate = arg;
    struct result *result = (struct result *)finding;
    struct tool_rotation rotation = rotate->rotation;
    struct env_dek_context dek = *rotation.dek;
    struct env_kek *kek = NULL;

    (void)mine;
    dek.opened_by = &kek;
    rotation.dek = &dek;
    if (item->kind == TOOL_ITEM_LINE)
        work_line(rotate, &rotation, item, result);
    else
        work_file(rotate, &rotation, item, result);
    take_opener(&result->opener, kek);
}

/* The sidecar is handled with its file, here or in another run, which may have finished. */
static void judge_sidecar(void *arg, const struct tool_item *item, struct tool_finding *finding)
{
    struct stat st;
    int dir = tool_dir_fd(item->entry.dir);

    (void)arg;
    /* unfinished output of seal and open: the next run with that output clears it up */
    finding->silent = tool_sidecar_kind(item->entry.name) == TOOL_SIDECAR_PART ||
                      tool_sidecar_has_file(dir, item->entry.name) ||
                      fstatat(dir, item->entry.name, &st, AT_SYMLINK_NOFOLLOW) != 0;
    tool_failure_set(&finding->failure, "left by an interrupted run, and its file is not here");
}

static void clear(struct tool_finding *finding)
{
    OPENSSL_free(((struct result *)finding)->line);
}

/* ---- output ---- */

static void show_text(void *arg, FILE *out, const struct tool_finding *finding)
{
    const struct rotate *rotate = arg;
    const struct opener *opener = &((const struct result *)finding)->opener;

    if (finding->state == OUTCOME_CURRENT) {
        (void)fputs(": is current", out);
        return;
    }
    (void)fprintf(out, ": %s%s%s", rotate->rotation.dry_run ? "would be " : "",
                  rotate->kind->participle, finding->state == OUTCOME_IN_PLACE ? " in place" : "");
    if (!opener->known)
        return;
    (void)fputs(", opened through ", out);
    tool_report_key(out, opener->label, opener->token);
}

static void show_json(void *arg, struct env_json *json, const struct tool_finding *finding)
{
    const struct result *result = (const struct result *)finding;

    (void)arg;
    env_json_bool(json, "recovered", result->recovered);
    if (!result->opener.known || finding->state == OUTCOME_CURRENT)
        return;
    env_json_object(json, "opened_by");
    env_json_hex(json, "kek", result->opener.id.bytes, result->opener.id.len);
    env_json_text(json, "label", result->opener.label);
    env_json_text(json, "token", result->opener.token);
    env_json_object_end(json);
}

/* A line that could not be re-wrapped is output unchanged, with or without its newline. */
static void write_line(struct rotate *rotate, const struct tool_item *item,
                       const struct result *result)
{
    const char *text = result->line != NULL ? result->line : item->text;
    size_t len = result->line != NULL ? result->line_len : item->text_len;

    if (rotate->rotation.dry_run)
        return;
    if ((rotate->newline_is_due && fputc('\n', stdout) == EOF) ||
        fwrite(text, 1, len, stdout) != len || (item->newline && fputc('\n', stdout) == EOF))
        rotate->output_failed = true;
    rotate->newline_is_due = !item->newline;
}

static void add_up(void *arg, const struct tool_item *item, struct tool_finding *finding)
{
    struct rotate *rotate = arg;
    const struct result *result = (const struct result *)finding;

    /* only the beginning of an overlong line was kept, so nothing is written from there on */
    if (rotate->run->options.list &&
        (item->kind == TOOL_ITEM_FAILURE ||
         (item->kind == TOOL_ITEM_BAD_LINE && item->text_len >= TOOL_LINE_MAX)))
        rotate->unfinished = true;
    if (item->line > 0 && !rotate->unfinished)
        write_line(rotate, item, result);
    if (finding->silent)
        return;
    rotate->counts[finding->state]++;
    rotate->recovered += result->recovered;
}

static void sum_up_json(struct rotate *rotate)
{
    struct env_json *json = &rotate->run->json;
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
    FILE *out = rotate->run->out;

    if (rotate->run->options.json) {
        sum_up_json(rotate);
        return;
    }
    (void)fprintf(out, "%" PRIu64 " %s%s", counts[OUTCOME_IN_PLACE] + counts[OUTCOME_REPLACED],
                  rotate->rotation.dry_run ? "to be " : "", rotate->kind->participle);
    if (counts[OUTCOME_IN_PLACE] > 0)
        (void)fprintf(out, " (%" PRIu64 " in place)", counts[OUTCOME_IN_PLACE]);
    (void)fprintf(out, ", %" PRIu64 " current, %" PRIu64 " skipped, %" PRIu64 " failed\n",
                  counts[OUTCOME_CURRENT], counts[OUTCOME_SKIPPED], counts[OUTCOME_FAILED]);
}

/* ---- both ---- */

static const struct tool_tree_ops ops = {
    .size = sizeof(struct result),
    .member = "state",
    .words = words,
    .failed = OUTCOME_FAILED,
    .skipped = OUTCOME_SKIPPED,
    .sidecar = OUTCOME_FAILED,
    .all_in_json = true,
    .work = work,
    .judge_sidecar = judge_sidecar,
    .add_up = add_up,
    .text = show_text,
    .json = show_json,
    .clear = clear,
};

/* A typo in --kek would otherwise only show in each message, and in an empty tree not at all. */
static bool kek_is_there(struct rotate *rotate)
{
    struct env_keyring *keyring = rotate->rotation.dek->keyring;
    struct env_kek_list list = {0};
    struct tool_failure failure;
    ENV_RESULT r = keyring->vtable->select(keyring, &rotate->rotation.selector, &list);

    env_kek_list_clear(&list);
    if (env_ok(r))
        return true;
    tool_failure_take(r, &failure);
    if (failure.reason != ENV_R_KEK_NOT_FOUND && failure.reason != ENV_R_KEK_FILE)
        return true; /* the messages will show it */
    tool_complain(rotate->run, "--kek: %s", failure.text);
    return false;
}

enum tool_status tool_rotate_tree(struct tool_run *run, const struct tool_rotate_kind *kind)
{
    struct rotate rotate = {.run = run, .kind = kind};
    enum tool_status status;

    if (!tool_run_keys(run) || (run->options.from != NULL && !tool_from_kek_is_there(run)))
        return TOOL_UNABLE;
    rotate.rotation = (struct tool_rotation){
        .dek = &run->keys->dek,
        .selector = {.name = run->options.kek, .all = true}, /* no message may lose a recipient */
        .context = tool_keys_context(run->keys, &run->options),
        .configured = run->keys->settings.config.context,
        .dry_run = run->options.dry_run,
        .single = run->options.single,
        .trust_rsa = run->options.trust_rsa,
        .tenants = kind->tenants,
    };
    if (run->options.kek != NULL && !kek_is_there(&rotate))
        return TOOL_UNABLE;
    if (run->options.list) /* the lines go to standard output */
        tool_run_report_to_stderr(run);
    status = tool_tree_run(run, &ops, &rotate);
    if (fflush(stdout) != 0 || rotate.output_failed || rotate.unfinished) {
        tool_complain(run, rotate.unfinished ? "the list was not read to its end, and not written"
                                             : "the output could not be written");
        status = TOOL_UNABLE;
    }
    sum_up(&rotate);
    return rotate.counts[OUTCOME_FAILED] > 0 ? tool_worse(status, TOOL_WRONG) : status;
}
