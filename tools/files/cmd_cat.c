/* SPDX-License-Identifier: Apache-2.0 */
/* envelope cat: outputs part of a sealed file, and reads only that part. */
#include "tools/files/cmd_cat.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/report.h"
#include "tools/files/byte_io.h"
#include "tools/files/cat_body.h"
#include "tools/files/input.h"
#include "tools/files/size_text.h"

struct cat_run {
    struct tool_run *run;
    struct tool_input input;
    struct tool_message *message;
    uint64_t given;
};

static ENV_RESULT read_part(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got)
{
    const struct cat_run *cat = arg;

    return tool_locked_file_read(&cat->input.file, (off_t)offset, to, len, got);
}

static ENV_RESULT give(void *arg, struct env_span bytes)
{
    struct cat_run *cat = arg;

    cat->given += bytes.len;
    return tool_write_all(&cat->run->keys->errors, STDOUT_FILENO, bytes);
}

/* Reads the headers, and what the size and the last segment's length show. */
static ENV_RESULT read_message(struct cat_run *cat)
{
    const struct env_errors *errors = &cat->run->keys->errors;
    struct tool_source *source = OPENSSL_malloc(sizeof(*source));
    struct tool_failure failure;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);
    bool ok = true;
    bool base64 = false;

    if (source != NULL) {
        tool_source_of_fd(source, cat->input.file.fd);
        ok = tool_message_read(source, cat->message, &r, &failure);
        base64 = source->base64;
    }
    OPENSSL_free(source);
    if (!ok)
        return ENV_RAISE(errors, ENV_R_FILE_FAILED, "read: %s", failure.text);
    ENV_TRY(r);
    return base64 ? ENV_FAIL(ENV_R_MESSAGE_IN_BASE64) : ENV_OK;
}

static ENV_RESULT cat_file(struct cat_run *cat, const char *path, uint64_t offset, uint64_t length)
{
    const struct tool_keys *keys = cat->run->keys;
    const struct tool_cat body = {
        .dek = &keys->dek,
        .configured = keys->settings.config.context,
        .context = tool_keys_context(keys, &cat->run->options),
        .message = cat->message,
        .offset = offset,
        .length = length,
        .read = read_part,
        .give = give,
        .arg = cat,
    };

    ENV_TRY(tool_input_open(&keys->errors, path, &cat->input));
    if (!cat->input.regular || cat->input.from != 0)
        return ENV_RAISE(&keys->errors, ENV_R_FILE_UNSAFE,
                         "only part of a regular file can be read: envelope open reads streams");
    ENV_TRY(read_message(cat));
    return tool_cat_body(&body);
}

static void report(struct cat_run *cat, const char *path, const struct tool_failure *failure)
{
    struct tool_run *run = cat->run;
    struct env_json *json = &run->json;

    if (run->options.json) {
        env_json_object(json, NULL);
        env_json_text(json, "type", "file");
        env_json_path(json, "path", path);
        env_json_number(json, "length", cat->given);
        if (failure == NULL)
            env_json_number(json, "plaintext_length", cat->message->plain_len);
        if (failure != NULL) {
            env_json_number(json, "reason", failure->reason);
            env_json_text(json, "error", failure->text);
        }
        env_json_object_end(json);
    } else if (failure != NULL && !run->options.quiet) {
        tool_complain(run, "%s: %s", path, failure->text);
    }
}

static enum tool_status cat_it(struct cat_run *cat, uint64_t offset, uint64_t length)
{
    const char *path = cat->run->options.operands[0];
    struct tool_failure failure;
    ENV_RESULT r;

    cat->message = OPENSSL_zalloc(sizeof(*cat->message));
    cat->input.file.fd = cat->input.file.dir = -1;
    r = cat->message != NULL ? cat_file(cat, path, offset, length) : ENV_FAIL(ENV_R_NO_MEMORY);
    if (!env_ok(r))
        tool_failure_take(r, &failure);
    report(cat, path, env_ok(r) ? NULL : &failure);
    tool_input_close(&cat->input);
    OPENSSL_free(cat->message);
    return env_ok(r) ? TOOL_FINE : TOOL_WRONG;
}

static enum tool_status run_cat(struct tool_run *run)
{
    struct cat_run cat = {.run = run};
    const struct tool_options *options = &run->options;
    uint64_t offset = 0;
    uint64_t length = UINT64_MAX;

    if (options->operand_count != 1) {
        tool_complain(run, "one FILE is needed");
        return TOOL_UNABLE;
    }
    if ((options->offset != NULL && !tool_size_read(options->offset, &offset)) ||
        (options->length != NULL && !tool_size_read(options->length, &length))) {
        tool_complain(
            run, "--offset and --length take bytes, or multiples of 1024 such as 64K, 10M and 2G");
        return TOOL_UNABLE;
    }
    tool_run_report_to_stderr(run);
    if (!tool_run_keys(run))
        return TOOL_UNABLE;
    return cat_it(&cat, offset, length);
}

static const struct tool_option options[] = {
    TOOL_TEXT("offset", offset, "N", "the first byte of the plaintext to write (default: 0)"),
    TOOL_TEXT("length", length, "N", "how many bytes to write (default: all that follow)"),
    TOOL_TEXT("from", from, "TEXT", "a label, id or pkcs11: URI of a KEK that opens in this run"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "the application context of the message (default: context in the file)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_command_cat = {
    .name = "cat",
    .operands = "FILE",
    .summary = "Opens part of a sealed file, reading only what it needs",
    .tables = tables,
    .needs_operands = true,
    .run = run_cat,
};
