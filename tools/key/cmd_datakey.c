/* SPDX-License-Identifier: Apache-2.0 */
/* envelope datakey: EVP_PKEY_encapsulate and _decapsulate for shells. */
#include "tools/key/cmd_datakey.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "envelope/message/sealed_key.h"
#include "envelope/message/stream.h"
#include "tools/common/source.h"
#include "tools/key/key_bytes.h"
#include "tools/key/key_tell.h"

#define STANDARD_INPUT "-"

struct datakey {
    struct tool_run *run;
    const char *path; /* of the sealed key; NULL: only in JSON */
    bool making;
    enum tool_key_form form;
    uint8_t *secret; /* in secret memory */
    uint8_t *sealed; /* freed with OPENSSL_free */
    size_t sealed_len;
};

static enum tool_status end_json(struct tool_run *run, unsigned failed)
{
    if (run->options.json) {
        env_json_object(&run->json, NULL);
        env_json_text(&run->json, "type", "summary");
        env_json_number(&run->json, "failed", failed);
        env_json_object_end(&run->json);
    }
    return failed == 0 ? TOOL_FINE : TOOL_WRONG;
}

static void begin_json(struct datakey *key)
{
    struct env_json *json = &key->run->json;

    env_json_object(json, NULL);
    env_json_text(json, "type", "datakey");
    if (key->path != NULL)
        env_json_path(json, "path", key->path);
}

static enum tool_status fails(struct datakey *key, const struct tool_failure *failure)
{
    struct tool_run *run = key->run;

    if (run->options.json) {
        begin_json(key);
        env_json_number(&run->json, "reason", failure->reason);
        env_json_text(&run->json, "error", failure->text);
        env_json_object_end(&run->json);
    } else if (key->path != NULL) {
        tool_complain(run, "%s: %s", key->path, failure->text);
    } else {
        tool_complain(run, "%s", failure->text);
    }
    return end_json(run, 1);
}

/* ---- the sealed key's file ---- */

/* It must be a new file: an existing one may be the only way to get at some data. */
static bool write_sealed(const struct datakey *key, struct tool_failure *failure)
{
    int fd = open(key->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool ok;

    if (fd < 0) {
        tool_failure_set(failure, "%s", strerrordesc_np(errno));
        return false;
    }
    ok = tool_key_bytes_write(fd, TOOL_KEY_RAW, key->sealed, key->sealed_len) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (!ok) {
        tool_failure_set(failure, "%s", strerrordesc_np(errno));
        (void)unlink(key->path);
    }
    return ok;
}

static bool read_source(struct datakey *key, struct tool_source *source,
                        struct tool_failure *failure)
{
    ssize_t n = tool_source_read(source, key->sealed, ENV_HEADER_MAX + 4);
    const struct env_span head = {key->sealed, n > 0 ? (size_t)n : 0};

    if (n >= 0 && tool_base64_is_message(head)) {
        tool_source_is_base64(source, head);
        n = tool_source_read(source, key->sealed, ENV_HEADER_MAX + 4);
    }
    key->sealed_len = n > 0 ? (size_t)n : 0;
    if (n < 0)
        tool_failure_set(failure, "%s", source->why);
    return n >= 0;
}

/* Reads one byte more than a header may have, so that a longer one is noticed. */
static bool read_sealed(struct datakey *key, struct tool_failure *failure)
{
    const bool standard = strcmp(key->path, STANDARD_INPUT) == 0;
    struct tool_source *source = OPENSSL_zalloc(sizeof(*source));
    int fd = standard ? STDIN_FILENO : open(key->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool ok = false;

    key->sealed = OPENSSL_malloc(ENV_HEADER_MAX + 4);
    if (fd < 0) {
        tool_failure_set(failure, "%s", strerrordesc_np(errno));
    } else if (source == NULL || key->sealed == NULL) {
        tool_failure_set(failure, "out of memory");
    } else {
        tool_source_of_fd(source, fd);
        ok = read_source(key, source, failure);
    }
    if (fd >= 0 && !standard)
        (void)close(fd);
    OPENSSL_free(source);
    return ok;
}

/* ---- the key ---- */

static struct env_span bound_to(const struct datakey *key)
{
    const char *text = key->run->options.context;

    return (struct env_span){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

static bool make(struct datakey *key, struct tool_failure *failure)
{
    const struct env_selector selector = {.name = key->run->options.kek};
    ENV_RESULT r = env_sealed_key_make(&key->run->keys->dek, &selector, bound_to(key), key->secret,
                                       &key->sealed, &key->sealed_len);

    if (!env_ok(r)) {
        tool_failure_take(r, failure);
        return false;
    }
    return key->path == NULL || write_sealed(key, failure);
}

static bool open_again(struct datakey *key, struct tool_failure *failure)
{
    ENV_RESULT r;

    if (!read_sealed(key, failure))
        return false;
    r = env_sealed_key_open(&key->run->keys->dek, (struct env_span){key->sealed, key->sealed_len},
                            bound_to(key), key->secret);
    if (!env_ok(r))
        tool_failure_take(r, failure);
    return env_ok(r);
}

static bool write_json(struct datakey *key)
{
    struct env_json *json = &key->run->json;
    char *text = env_secret_alloc(TOOL_KEY_TEXT);
    bool ok = text != NULL &&
              tool_key_bytes_text(key->form, key->secret, ENV_SEALED_KEY_SECRET_LEN, text);

    if (ok) {
        begin_json(key);
        env_json_text(json, "key", text);
        if (key->making)
            ok = env_json_base64(json, "sealed", key->sealed, key->sealed_len);
        env_json_object_end(json);
    }
    env_secret_free(text, TOOL_KEY_TEXT);
    return ok;
}

static enum tool_status give_out(struct datakey *key)
{
    struct tool_failure failure = {.reason = ENV_R_NONE};
    bool ok = key->run->options.json ? write_json(key)
                                     : tool_key_bytes_write(STDOUT_FILENO, key->form, key->secret,
                                                            ENV_SEALED_KEY_SECRET_LEN);

    if (ok)
        return end_json(key->run, 0);
    tool_failure_set(&failure, "the key could not be written");
    return fails(key, &failure);
}

static enum tool_status work(struct datakey *key)
{
    struct tool_failure failure = {.reason = ENV_R_NONE};

    if (!tool_run_keys(key->run))
        return TOOL_UNABLE;
    if (key->making ? make(key, &failure) : open_again(key, &failure))
        return give_out(key);
    return fails(key, &failure);
}

/* ---- the command line ---- */

/* False: the operands are wrong, which was reported. */
static bool read_operands(struct datakey *key)
{
    const struct tool_options *options = &key->run->options;
    const char *action = options->operands[0];

    key->making = strcmp(action, "new") == 0;
    if (!key->making && strcmp(action, "open") != 0) {
        tool_complain(key->run, "the first operand must be new or open");
        return false;
    }
    key->path = options->operand_count > 1 ? options->operands[1] : NULL;
    if (options->operand_count > 2 || (key->path == NULL && !(key->making && options->json))) {
        tool_complain(key->run, "name one file for the sealed key");
        return false;
    }
    if (key->making && key->path != NULL && strcmp(key->path, STANDARD_INPUT) == 0) {
        tool_complain(key->run, "new writes the sealed key to a file: its output is the key "
                                "(--json has both)");
        return false;
    }
    if (bound_to(key).len > ENV_CONTEXT_MAX) {
        tool_complain(key->run, "--context takes up to %u bytes", ENV_CONTEXT_MAX);
        return false;
    }
    if (!key->making && options->kek != NULL) {
        tool_complain(key->run, "--kek is for new: a sealed key names its KEK");
        return false;
    }
    return true;
}

static bool may_be_shown(const struct tool_run *run)
{
    if (run->options.yes || isatty(STDOUT_FILENO) == 0)
        return true;
    tool_complain(run, "the key would be shown on this terminal: --yes allows it");
    return false;
}

static enum tool_status run_datakey(struct tool_run *run)
{
    struct datakey key = {.run = run, .form = TOOL_KEY_HEX};
    struct tool_key_output output;
    enum tool_status status = TOOL_UNABLE;

    if (!read_operands(&key) ||
        !tool_key_form(run, run->options.json ? TOOL_KEY_BASE64 : TOOL_KEY_HEX, &key.form) ||
        !tool_key_output_is_wanted(run) || !may_be_shown(run))
        return TOOL_UNABLE;
    if (run->options.json && key.form == TOOL_KEY_RAW) {
        tool_complain(run, "--json has the key as --hex or --base64");
        return TOOL_UNABLE;
    }
    if (!tool_key_output_begin(&output))
        return tool_key_output_end(&output, TOOL_UNABLE);
    key.secret = env_secret_alloc(ENV_SEALED_KEY_SECRET_LEN);
    if (key.secret != NULL)
        status = work(&key);
    else
        tool_complain(run, "out of memory");
    env_secret_free(key.secret, ENV_SEALED_KEY_SECRET_LEN);
    OPENSSL_free(key.sealed);
    return tool_key_output_end(&output, status);
}

static const struct tool_option options[] = {
    TOOL_TEXT("kek", kek, "NAME", "make it under this KEK (default: those in the configuration)"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "what the key is for: another context gives another key"),
    TOOL_FLAG("yes", yes, "the key may be shown on a terminal"),
    TOOL_FLAG("hex", hex, "the key as hexadecimal digits (default)"),
    TOOL_FLAG("base64", base64, "the key as base64"),
    TOOL_FLAG("raw", raw, "the key as its 32 bytes, without a newline"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_command_datakey = {
    .name = "datakey",
    .operands = "new|open SEALED",
    .summary = "Makes a data key and its sealed form, or opens one",
    .tables = tables,
    .needs_operands = true,
    .run = run_datakey,
};
