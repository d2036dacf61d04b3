/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key verify: checks that a file is a key file that opens here, before it is installed. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "tools/common/report.h"
#include "tools/key/key_actions.h"
#include "tools/key/key_options.h"
#include "tools/key/key_seal.h"
#include "tools/key/key_show.h"

struct verify {
    struct tool_run *run;
    struct tool_key_place place; /* without a folder */
};

static ENV_RESULT failed(const struct verify *verify, const char *what)
{
    char text[128] = "";

    return ENV_RAISE(&verify->place.errors, ENV_R_FILE_FAILED, "%s: %s", what,
                     strerror_r(errno, text, sizeof(text)));
}

/* Reads one byte more than a key file may have: a longer file is not a key file. */
static ENV_RESULT read_whole(const struct verify *verify, const char *path, uint8_t *bytes,
                             size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ENV_RESULT r = ENV_OK;

    *len = 0;
    if (fd < 0)
        return failed(verify, "open");
    while (env_ok(r) && *len <= ENV_KEY_FILE_MAX) {
        ssize_t n = TEMP_FAILURE_RETRY(read(fd, bytes + *len, ENV_KEY_FILE_MAX + 1 - *len));

        if (n < 0)
            r = failed(verify, "read");
        if (n <= 0)
            break;
        *len += (size_t)n;
    }
    (void)close(fd);
    return r;
}

/*
 * Tools that copy files give them temporary names (Ansible: .source.envkey). If the file has the
 * name of a key, it must be that key.
 */
static ENV_RESULT judge_name(const struct verify *verify, const char *path,
                             const struct env_named_clear *clear)
{
    const char *slash = strrchr(path, '/');
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;

    if (!env_named_file_name_read(slash != NULL ? slash + 1 : path, name, &number) ||
        (strcmp(name, clear->name) == 0 && number == clear->number))
        return ENV_OK;
    return ENV_RAISE(&verify->place.errors, ENV_R_KEY_FILE_BAD, "its contents are %s@%u",
                     clear->name, clear->number);
}

static ENV_RESULT open_it(const struct verify *verify, const struct env_key_file *file,
                          struct env_kek_info *opener)
{
    const struct tool_keys *keys = verify->run->keys;
    struct env_dek_context context = keys->dek;
    struct env_named_sealed *sealed = env_secret_alloc(sizeof(*sealed));
    struct env_kek *kek = NULL;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    context.opened_by = &kek;
    if (sealed != NULL)
        r = tool_keys_may_use(keys, file->clear.name, file->clear.number);
    if (env_ok(r))
        r = env_named_open(&context, file, keys->settings.config.keys_by_rsa_on, sealed);
    if (env_ok(r) && kek != NULL)
        kek->vtable->describe(kek, opener);
    env_kek_free(kek);
    env_secret_free(sealed, sizeof(*sealed));
    return r;
}

static void tell(struct verify *verify, const char *path, const struct env_key_file *file,
                 const struct env_kek_info *opener)
{
    FILE *out = verify->run->out;
    struct env_json *json;

    if (verify->run->options.json) {
        json = tool_key_place_json(&verify->place, path, false);
        tool_key_show_json(json, file, verify->place.now);
        env_json_bool(json, "opened", opener != NULL);
        env_json_object_end(json);
        return;
    }
    tool_report_text(out, path);
    (void)fprintf(out, ": %s@%u, ", file->clear.name, file->clear.number);
    tool_key_show_line(out, file, verify->place.now);
    if (opener != NULL) {
        (void)fputs(", opens through ", out);
        tool_report_key(out, opener->label, opener->token);
    }
    (void)fputc('\n', out);
}

static void verify_file(struct verify *verify, const char *path, uint8_t *bytes,
                        struct env_kek_info *opener)
{
    bool opens = !verify->run->options.no_token;
    struct env_key_file *file = NULL;
    size_t len = 0;
    ENV_RESULT r = read_whole(verify, path, bytes, &len);

    if (env_ok(r))
        r = env_key_file_parse(&verify->place.errors, verify->place.crypto, path,
                               (struct env_span){bytes, len}, &file);
    if (env_ok(r))
        r = judge_name(verify, path, &file->clear);
    if (env_ok(r) && opens)
        r = open_it(verify, file, opener);
    if (env_ok(r))
        tell(verify, path, file, opens ? opener : NULL);
    else
        tool_key_place_fails(&verify->place, path, r);
    env_key_file_free(file);
}

static enum tool_status run_verify(struct tool_run *run)
{
    struct verify verify = {.run = run};
    struct env_kek_info *opener = OPENSSL_zalloc(sizeof(*opener));
    uint8_t *bytes = OPENSSL_malloc(ENV_KEY_FILE_MAX + 1);
    enum tool_status status = TOOL_UNABLE;

    if (opener == NULL || bytes == NULL) {
        tool_complain(run, "out of memory");
    } else if (tool_key_place_without_folder(run, !run->options.no_token, &verify.place)) {
        for (size_t i = 0; i < run->options.operand_count; i++)
            verify_file(&verify, run->options.operands[i], bytes, opener);
        status = tool_key_place_end(&verify.place);
    }
    OPENSSL_free(opener);
    OPENSSL_free(bytes);
    return status;
}

static const struct tool_option options[] = {
    TOOL_FLAG("no-token", no_token, "check only the file, not whether it opens"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_key_verify = {
    .name = "key verify",
    .operands = "FILE...",
    .summary = "Reports whether a file is a key file and opens here",
    .tables = tables,
    .needs_operands = true,
    .run = run_verify,
};
