/* SPDX-License-Identifier: Apache-2.0 */
/* envelope inspect: what a file says of itself, and with --here whether a key here opens it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "tools/common/mechanism.h"
#include "tools/common/message.h"
#include "tools/common/recipient.h"
#include "tools/common/report.h"
#include "tools/common/run.h"

struct inspection {
    struct tool_run *run;
    const char *path; /* as it is shown */
    struct tool_message *message;
    struct tool_recipients *recipients; /* of the message: with --here */
    uint8_t *deks;                      /* in secret memory */
    uint64_t files;
    uint64_t wrong;
};

static const char *kind_of(const struct tool_message *message)
{
    return message->header.content == ENV_CONTENT_SEALED_KEY ? "sealed key" : "message";
}

/* ---- what failed ---- */

static void show_failure(struct inspection *in, const struct tool_failure *failure)
{
    struct env_json *json = &in->run->json;

    in->wrong++;
    if (in->run->options.json) {
        env_json_object(json, NULL);
        env_json_text(json, "type", "file");
        env_json_path(json, "path", in->path);
        env_json_number(json, "reason", failure->reason);
        env_json_text(json, "error", failure->text);
        env_json_object_end(json);
        return;
    }
    tool_report_text(in->run->out, in->path);
    (void)fprintf(in->run->out, ": %s\n", failure->text);
}

/* ---- what it is ---- */

static void show_json(const struct inspection *in)
{
    struct env_json *json = &in->run->json;
    const struct tool_message *message = in->message;
    const struct env_header *header = &message->header;

    env_json_object(json, NULL);
    env_json_text(json, "type", "file");
    env_json_path(json, "path", in->path);
    env_json_text(json, "kind", kind_of(message));
    env_json_number(json, "size", message->size);
    env_json_number(json, "header_length", message->der.len);
    if (header->content == ENV_CONTENT_MESSAGE) {
        env_json_number(json, "segment_length", message->segment_len);
        env_json_number(json, "body_length", message->body_len);
        if (message->plain_known)
            env_json_number(json, "plaintext_length", message->plain_len);
        env_json_bool(json, "length_is_possible", message->plain_known);
    }
    env_json_array(json, "recipients");
    for (size_t i = 0; i < header->count; i++) {
        const struct tool_mechanism *mechanism = tool_mechanism(header->recipients[i].wrapped.alg);

        env_json_object(json, NULL);
        env_json_text(json, "type", tool_kek_type(mechanism->type));
        env_json_hex(json, "kek", header->recipients[i].id.bytes, header->recipients[i].id.len);
        env_json_text(json, "mechanism", mechanism->words);
        env_json_text(json, "oid", mechanism->oid);
        if (in->run->options.here)
            tool_recipient_json(json, &in->recipients->list[i]);
        env_json_object_end(json);
    }
    env_json_array_end(json);
    env_json_object_end(json);
}

static void show_sizes(FILE *out, const struct tool_message *message)
{
    (void)fprintf(out, "  %" PRIu64 " bytes: header %zu", message->size, message->der.len);
    if (message->header.content == ENV_CONTENT_MESSAGE) {
        (void)fprintf(out, ", body %" PRIu64, message->body_len);
        if (message->plain_known)
            (void)fprintf(out, ", plaintext %" PRIu64, message->plain_len);
        else
            (void)fputs(", a length that no whole message has: truncated", out);
    }
    (void)fputc('\n', out);
}

static void show_state(FILE *out, const struct tool_recipient *recipient)
{
    if (recipient->state == TOOL_RECIPIENT_NOT_HERE) {
        (void)fputs("    its key is on no configured token\n", out);
        return;
    }
    (void)fputs("    key '", out);
    tool_report_text(out, recipient->label);
    (void)fputs("' of token '", out);
    tool_report_text(out, recipient->token);
    (void)fprintf(out, "': %s\n",
                  recipient->state == TOOL_RECIPIENT_OPENS ? "opens" : recipient->failure.text);
}

static void show_text(const struct inspection *in)
{
    FILE *out = in->run->out;
    const struct tool_message *message = in->message;
    char id[TOOL_REPORT_ID];

    tool_report_text(out, in->path);
    (void)fprintf(out, ": %s", kind_of(message));
    if (message->header.content == ENV_CONTENT_MESSAGE)
        (void)fprintf(out, ", segments of %s",
                      message->segment_len == env_stream_envelope.segment_len ? "4 KiB" : "1 MiB");
    (void)fputc('\n', out);
    show_sizes(out, message);
    for (size_t i = 0; i < message->header.count; i++) {
        const struct env_recipient *recipient = &message->header.recipients[i];
        const struct tool_mechanism *mechanism = tool_mechanism(recipient->wrapped.alg);

        (void)fprintf(out, "  %s KEK %s, %s, %s\n", tool_kek_type(mechanism->type),
                      tool_report_id(&recipient->id, id), mechanism->words, mechanism->oid);
        if (in->run->options.here)
            show_state(out, &in->recipients->list[i]);
    }
}

/* ---- one file ---- */

/* With --here it is wrong when nothing here opens it, and when something should but does not. */
static void try_recipients(struct inspection *in)
{
    tool_recipients_try(in->run->keys, &in->message->header, in->message->der, in->deks,
                        in->recipients);
    in->wrong += !in->recipients->opens || in->recipients->fails;
}

static void inspect_fd(struct inspection *in, int fd)
{
    struct tool_failure failure;
    ENV_RESULT r;

    if (!tool_message_read(fd, in->message, &r, &failure)) {
        show_failure(in, &failure);
        return;
    }
    if (!env_ok(r)) {
        tool_failure_take(r, &failure);
        show_failure(in, &failure);
        return;
    }
    in->wrong += in->message->header.content == ENV_CONTENT_MESSAGE && !in->message->plain_known;
    if (in->run->options.here)
        try_recipients(in);
    if (in->run->options.json)
        show_json(in);
    else
        show_text(in);
}

static void inspect_path(struct inspection *in, const char *operand)
{
    bool standard = strcmp(operand, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(operand, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct tool_failure failure;

    in->path = standard ? "(stdin)" : operand;
    in->files++;
    if (fd < 0) {
        tool_failure_set(&failure, "%s", strerrordesc_np(errno));
        show_failure(in, &failure);
        return;
    }
    inspect_fd(in, fd);
    if (!standard)
        (void)close(fd);
}

static void show_summary(const struct inspection *in)
{
    struct env_json *json = &in->run->json;

    if (!in->run->options.json)
        return;
    env_json_object(json, NULL);
    env_json_text(json, "type", "summary");
    env_json_number(json, "files", in->files);
    env_json_number(json, "wrong", in->wrong);
    env_json_object_end(json);
}

static enum tool_status run_inspect(struct tool_run *run)
{
    struct inspection in = {.run = run};

    if (run->options.here && !tool_run_keys(run))
        return TOOL_UNABLE;
    in.message = OPENSSL_zalloc(sizeof(*in.message));
    in.recipients = OPENSSL_zalloc(sizeof(*in.recipients));
    in.deks = env_secret_alloc(TOOL_TRY_ROOM);
    if (in.message == NULL || in.recipients == NULL || in.deks == NULL) {
        tool_complain(run, "out of memory");
        in.wrong = 0;
    } else {
        for (size_t i = 0; i < run->options.operand_count; i++)
            inspect_path(&in, run->options.operands[i]);
        show_summary(&in);
    }
    OPENSSL_free(in.message);
    OPENSSL_free(in.recipients);
    env_secret_free(in.deks, TOOL_TRY_ROOM);
    return in.files == 0 ? TOOL_UNABLE : in.wrong > 0 ? TOOL_WRONG : TOOL_FINE;
}

static const struct tool_option options[] = {
    TOOL_FLAG("here", here, "ask the tokens which recipients' KEKs are here, and try them"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_config, NULL};

const struct tool_command tool_command_inspect = {
    .name = "inspect",
    .operands = "FILE...",
    .summary = "Says what a message is and whose keys can open it (- is the standard input)",
    .tables = tables,
    .needs_operands = true,
    .run = run_inspect,
};
