/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/files_run.h"

#include <string.h>
#include <unistd.h>

#include "tools/files/files_report.h"
#include "tools/files/input.h"
#include "tools/files/interrupt.h"
#include "tools/files/one_file.h"
#include "tools/files/output.h"
#include "tools/files/output_name.h"

const struct tool_option tool_options_files[] = {
    TOOL_TEXT_LETTER("output", 'o', output, "OUT",
                     "the output for one FILE; - is the standard output"),
    TOOL_TEXT("suffix", suffix, "TEXT", "the suffix of sealed files' names (default: .sealed)"),
    TOOL_FLAG("force", force, "replace an existing output"),
    TOOL_FLAG("remove-source", remove_source,
              "remove FILE once the sealed file was read back and compared with it"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "the application context of the message (default: context in the file)"),
    TOOL_OPTIONS_END,
};

struct files {
    struct tool_run *run;
    struct tool_carrier *carrier;
    struct tool_files_report report;
    const char *suffix;
    bool sealing;
    bool to_stream; /* the result goes to standard output */
};

/* ---- checking the command line ---- */

static const char *output_of(const struct files *files)
{
    const struct tool_options *options = &files->run->options;

    if (options->output != NULL)
        return options->output;
    return options->operand_count == 0 || tool_input_is_standard(options->operands[0]) ? "-" : NULL;
}

static const char *misuse(const struct files *files, const char *output)
{
    const struct tool_options *options = &files->run->options;

    if (options->operand_count > 1 && options->output != NULL)
        return "-o works with one FILE only";
    for (size_t i = 0; options->operand_count > 1 && i < options->operand_count; i++) {
        if (tool_input_is_standard(options->operands[i]))
            return "the standard input must be the only input, since its output has no name";
    }
    if (files->suffix[0] == '\0' || strchr(files->suffix, '/') != NULL)
        return "--suffix takes the end of a file name, without a slash";
    if (options->remove_source && options->no_read_back)
        return "--remove-source needs the reading back that --no-read-back skips";
    if (options->remove_source && files->to_stream)
        return "--remove-source needs an output that can be read back: a file (-o)";
    if (files->to_stream && files->sealing && isatty(STDOUT_FILENO) == 1 &&
        tool_output_is_standard(output))
        return "a sealed message cannot be written to a terminal: use -o OUT";
    if (!files->sealing && options->operand_count == 0 && isatty(STDIN_FILENO) == 1)
        return "nothing to open: FILE is missing";
    return NULL;
}

static bool is_well_used(struct files *files)
{
    const char *output = output_of(files);
    const char *why;

    files->suffix = files->run->options.suffix != NULL ? files->run->options.suffix : ".sealed";
    files->to_stream = output != NULL && tool_output_is_standard(output);
    why = misuse(files, output);
    if (why != NULL)
        tool_complain(files->run, "%s", why);
    return why == NULL;
}

/* A --kek that names nothing would otherwise fail for each file. */
static bool kek_is_there(const struct files *files)
{
    struct tool_run *run = files->run;
    struct env_keyring *keyring = run->keys->dek.keyring;
    const struct env_selector selector = {.name = run->options.kek};
    struct env_kek_list list = {0};
    struct tool_failure failure;
    ENV_RESULT r;

    if (!files->sealing || run->options.kek == NULL)
        return true;
    r = keyring->vtable->select(keyring, &selector, &list);
    env_kek_list_clear(&list);
    if (env_ok(r))
        return true;
    tool_failure_take(r, &failure);
    tool_complain(run, "--kek: %s", failure.text);
    return false;
}

/* ---- one after the other ---- */

static void begin_progress(struct files *files)
{
    struct tool_run *run = files->run;
    const struct tool_options *options = &run->options;
    bool shown = !options->json && !options->quiet && tool_progress_wanted();
    bool twice =
        files->sealing ? !options->no_read_back && !files->to_stream : options->remove_source;
    uint64_t bytes = 0;
    uint64_t count = 0;

    /* output on the same terminal would interfere with the bar */
    if (files->to_stream && isatty(STDOUT_FILENO) == 1)
        shown = false;
    for (size_t i = 0; i < options->operand_count; i++) {
        struct stat st;

        if (!tool_input_is_standard(options->operands[i]) && stat(options->operands[i], &st) == 0 &&
            S_ISREG(st.st_mode)) {
            bytes += (uint64_t)st.st_size;
            count++;
        }
    }
    /* without a size the remaining amount is unknown */
    if (count < options->operand_count)
        bytes = count = 0;
    tool_progress_begin(&run->progress, shown ? stderr : NULL, count, twice ? 2 * bytes : bytes);
}

static void do_one(struct files *files, const char *path)
{
    const struct tool_options *options = &files->run->options;
    struct tool_one_file one = {
        .errors = &files->run->keys->errors,
        .carrier = files->carrier,
        .progress = &files->run->progress,
        .sealing = files->sealing,
        .again = options->again,
        .read_back = !options->no_read_back,
        .force = options->force,
        .remove_source = options->remove_source,
        .path = path,
        .output = output_of(files),
    };
    char name[PATH_MAX];
    ENV_RESULT r = ENV_OK;

    if (one.output == NULL) {
        r = tool_output_name(one.errors, path, files->suffix, files->sealing, name);
        one.output = name;
    }
    if (env_ok(r))
        r = tool_one_file(&one);
    tool_progress_add(&files->run->progress, 1, 0);
    tool_progress_hide(&files->run->progress);
    tool_files_report_one(&files->report, &one, r);
}

static enum tool_status go_through(struct files *files)
{
    const struct tool_options *options = &files->run->options;

    begin_progress(files);
    if (options->operand_count == 0)
        do_one(files, NULL);
    for (size_t i = 0; i < options->operand_count && !tool_interrupt_seen(); i++)
        do_one(files, options->operands[i]);
    tool_files_report_sum(&files->report);
    return files->report.failed > 0 ? TOOL_WRONG : TOOL_FINE;
}

static enum tool_status run_noting_signals(struct files *files)
{
    struct tool_run *run = files->run;
    struct env_span context = tool_keys_context(run->keys, &run->options);
    struct tool_failure failure;
    enum tool_status status;
    ENV_RESULT r = tool_carrier_new(run->keys, run->options.kek, context, &files->carrier);

    if (!env_ok(r)) {
        tool_failure_take(r, &failure);
        tool_complain(run, "%s", failure.text);
        return TOOL_UNABLE;
    }
    status = go_through(files);
    tool_carrier_free(files->carrier);
    return status;
}

enum tool_status tool_files_run(struct tool_run *run, bool sealing)
{
    struct files files = {.run = run, .sealing = sealing};
    enum tool_status status;

    if (!is_well_used(&files))
        return TOOL_UNABLE;
    if (files.to_stream)
        tool_run_report_to_stderr(run);
    files.report = (struct tool_files_report){.run = run, .streamed = files.to_stream};
    if (!tool_run_keys(run) || !kek_is_there(&files))
        return TOOL_UNABLE;
    tool_interrupt_note();
    status = run_noting_signals(&files);
    (void)fflush(run->out);
    tool_interrupt_end();
    return status;
}
