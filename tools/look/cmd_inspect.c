/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope inspect: shows what a file says about itself, and with --here whether a key here opens
 * it.
 */
#include "tools/look/cmd_inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/printable.h"
#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "tools/common/mechanism.h"
#include "tools/common/message.h"
#include "tools/common/recipient.h"
#include "tools/common/report.h"
#include "tools/common/run.h"

struct inspection {
    struct tool_run *run;
    const char *path; /* as shown to users */
    struct tool_source *source;
    struct tool_message *message;
    struct tool_recipients *recipients; /* with --here, those of the message */
    uint8_t *deks;                      /* in secret memory */
    uint64_t files;
    uint64_t wrong;
};

static const char *kind_of(const struct tool_message *message)
{
    static const char *const kinds[] = {
        [ENV_CONTENT_MESSAGE] = "message",
        [ENV_CONTENT_SEALED_KEY] = "sealed key",
        [ENV_CONTENT_NAMED_KEY] = "named key",
    };

    return kinds[message->header.content];
}

/* ---- failures ---- */

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
    (void)fputs(": ", in->run->out);
    tool_report_text(in->run->out, failure->text);
    (void)fputc('\n', in->run->out);
}

/* ---- contents ---- */

static void show_json(const struct inspection *in)
{
    struct env_json *json = &in->run->json;
    const struct tool_message *message = in->message;
    const struct env_header *header = &message->header;
    char key_name[ENV_NAMED_FULL_NAME];

    env_json_object(json, NULL);
    env_json_text(json, "type", "file");
    env_json_path(json, "path", in->path);
    env_json_text(json, "kind", kind_of(message));
    env_json_bool(json, "base64", message->base64);
    env_json_number(json, "size", message->size);
    env_json_number(json, "header_length", message->der.len);
    if (header->content == ENV_CONTENT_NAMED_KEY)
        env_json_text(json, "named_key", tool_message_key_name(message, key_name));
    if (tool_message_has_body(message)) {
        env_json_number(json, "segment_length", message->segment_len);
        env_json_number(json, "body_length", message->body_len);
        if (message->end == ENV_R_NONE)
            env_json_number(json, "plaintext_length", message->plain_len);
        env_json_bool(json, "end_is_there", message->end == ENV_R_NONE);
        if (message->end != ENV_R_NONE) {
            env_json_number(json, "reason", message->end);
            env_json_text(json, "error", env_reason_text(message->end));
        }
    }
    if (in->run->options.here && in->recipients->opens)
        tool_message_id_json(json, in->recipients->message_id);
    env_json_array(json, "recipients");
    for (size_t i = 0; i < header->count; i++) {
        const struct tool_mechanism mechanism = tool_mechanism(header->recipients[i].wrapped.alg);

        env_json_object(json, NULL);
        env_json_text(json, "type", tool_kek_type(mechanism.type));
        env_json_hex(json, "kek", header->recipients[i].id.bytes, header->recipients[i].id.len);
        env_json_text(json, "mechanism", mechanism.words);
        env_json_text(json, "oid", mechanism.oid);
        if (in->run->options.here)
            tool_recipient_json(json, &in->recipients->list[i]);
        env_json_object_end(json);
    }
    env_json_array_end(json);
    env_json_object_end(json);
}

static void show_sizes(FILE *out, const struct tool_message *message)
{
    (void)fprintf(out, "  %" PRIu64 " bytes%s: header %zu", message->size,
                  message->base64 ? " in base64" : "", message->der.len);
    if (tool_message_has_body(message)) {
        (void)fprintf(out, ", body %" PRIu64, message->body_len);
        if (message->end == ENV_R_NONE)
            (void)fprintf(out, ", plaintext %" PRIu64, message->plain_len);
        else
            (void)fprintf(out, ": %s", env_reason_text(message->end));
    }
    (void)fputc('\n', out);
}

static void show_state(FILE *out, const struct env_kek_id *named,
                       const struct tool_recipient *recipient)
{
    char id[TOOL_REPORT_ID];

    if (recipient->state == TOOL_RECIPIENT_NOT_HERE) {
        (void)fputs("    its key is on no configured token\n", out);
        return;
    }
    (void)fputs("    ", out);
    if (recipient->token[0] != '\0')
        tool_report_key(out, recipient->label, recipient->token);
    else /* no token could be used: the reference must do */
        (void)fprintf(out, "KEK %s", tool_report_id(named, id));
    (void)fputs(": ", out);
    tool_report_text(out,
                     recipient->state == TOOL_RECIPIENT_OPENS ? "opens" : recipient->failure.text);
    (void)fputc('\n', out);
}

/* In the form of the audit log. */
static void show_message_id(FILE *out, const uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN])
{
    char text[ENV_HEX_TEXT];

    env_hex(text, sizeof(text), id, ENV_AUDIT_MESSAGE_ID_LEN);
    (void)fprintf(out, "  message id %s\n", text);
}

static void show_text(const struct inspection *in)
{
    FILE *out = in->run->out;
    const struct tool_message *message = in->message;
    char key_name[ENV_NAMED_FULL_NAME];
    char id[TOOL_REPORT_ID];

    tool_report_text(out, in->path);
    (void)fprintf(out, ": %s", kind_of(message));
    if (message->header.content == ENV_CONTENT_NAMED_KEY)
        (void)fprintf(out, " %s", tool_message_key_name(message, key_name));
    if (message->header.content == ENV_CONTENT_MESSAGE)
        (void)fprintf(out, ", segments of %s",
                      message->segment_len == env_stream_envelope.segment_len ? "4 KiB" : "64 KiB");
    (void)fputc('\n', out);
    show_sizes(out, message);
    if (in->run->options.here && in->recipients->opens)
        show_message_id(out, in->recipients->message_id);
    for (size_t i = 0; i < message->header.count; i++) {
        const struct env_recipient *recipient = &message->header.recipients[i];
        const struct tool_mechanism mechanism = tool_mechanism(recipient->wrapped.alg);

        (void)fprintf(out, "  %s KEK %s, %s, %s\n", tool_kek_type(mechanism.type),
                      tool_report_id(&recipient->id, id), mechanism.words, mechanism.oid);
        if (in->run->options.here)
            show_state(out, &recipient->id, &in->recipients->list[i]);
    }
}

/* ---- one file ---- */

/*
 * With --here the result is wrong if nothing here opens the file, or if a key that should does
 * not.
 */
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

    tool_source_of_fd(in->source, fd);
    if (!tool_message_read(in->source, in->message, &r, &failure)) {
        show_failure(in, &failure);
        return;
    }
    if (!env_ok(r)) {
        tool_failure_take(r, &failure);
        show_failure(in, &failure);
        return;
    }
    in->wrong += tool_message_has_body(in->message) && in->message->end != ENV_R_NONE;
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
    in.source = OPENSSL_zalloc(sizeof(*in.source));
    in.message = OPENSSL_zalloc(sizeof(*in.message));
    in.recipients = OPENSSL_zalloc(sizeof(*in.recipients));
    in.deks = env_secret_alloc(TOOL_TRY_ROOM);
    if (in.source == NULL || in.message == NULL || in.recipients == NULL || in.deks == NULL) {
        tool_complain(run, "out of memory");
        in.wrong = 0;
    } else {
        for (size_t i = 0; i < run->options.operand_count; i++)
            inspect_path(&in, run->options.operands[i]);
        show_summary(&in);
    }
    OPENSSL_free(in.source);
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
    .summary = "Describes a message and the keys that can open it (- is the standard input)",
    .tables = tables,
    .needs_operands = true,
    .run = run_inspect,
};
