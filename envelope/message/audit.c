/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/audit.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "envelope/base/log_sink.h"
#include "envelope/base/json.h"

#define MESSAGE_ID_LEN 16u
#define WHY 512u

static const char *const operations[] = {
    [ENV_AUDIT_WRAP] = "wrap",         [ENV_AUDIT_UNWRAP] = "unwrap",
    [ENV_AUDIT_RAW_WRAP] = "raw-wrap", [ENV_AUDIT_RAW_UNWRAP] = "raw-unwrap",
    [ENV_AUDIT_GENERATE] = "generate", [ENV_AUDIT_SELF_TEST] = "self-test",
};

/* The info of HKDF-Expand for a message's id in the log: tells nothing of the DEK. */
static const char message_label[] = "envelope message id v1";

static void put_time(struct env_json *json)
{
    struct timespec now;
    struct tm tm;
    char text[64];
    size_t len;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm) == NULL)
        return;
    len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + len, sizeof(text) - len, ".%06ldZ", now.tv_nsec / 1000);
    env_json_text(json, "time", text);
}

static bool put_kek(struct env_json *json, const struct env_audit_use *use)
{
    struct env_kek_facts *facts;

    if (use->kek == NULL) {
        if (use->id != NULL)
            env_json_hex(json, "kek", use->id->bytes, use->id->len);
        else
            env_json_text(json, "kek", NULL);
        env_json_text(json, "label", NULL);
        env_json_text(json, "token", NULL);
        return true;
    }
    facts = OPENSSL_zalloc(sizeof(*facts));
    if (facts == NULL)
        return false;
    use->kek->vtable->describe(use->kek, facts);
    env_json_hex(json, "kek", facts->id.bytes, facts->id.len);
    env_json_text(json, "label", facts->label);
    env_json_text(json, "token", facts->token);
    OPENSSL_free(facts);
    return true;
}

static void put_result(struct env_json *json, ENV_RESULT result)
{
    char code[32];

    env_json_text(json, "result", env_ok(result) ? "ok" : "failed");
    if (env_ok(result))
        return;
    env_json_number(json, "reason", (uint64_t)result.reason);
    env_json_text(json, "error", env_reason_text(result.reason));
    if (result.ckr == 0)
        return;
    (void)snprintf(code, sizeof(code), "0x%lx", result.ckr);
    env_json_text(json, "ckr", code);
}

static bool put_message(struct env_json *json, const struct env_audit *audit, const uint8_t *dek)
{
    const struct env_span label = {(const uint8_t *)message_label, sizeof(message_label) - 1};
    uint8_t id[MESSAGE_ID_LEN];

    if (!env_ok(env_hkdf_expand(audit->crypto, (struct env_span){dek, ENV_DEK_LEN}, &label, 1, id,
                                sizeof(id))))
        return false;
    env_json_hex(json, "message", id, sizeof(id));
    return true;
}

static void put_process(struct env_json *json)
{
    char program[1024];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program));

    env_json_number(json, "pid", (uint64_t)getpid());
    env_json_number(json, "uid", (uint64_t)getuid());
    env_json_number(json, "euid", (uint64_t)geteuid());
    if (len > 0)
        env_json_bytes(json, "program", program, (size_t)len);
    else
        env_json_text(json, "program", program_invocation_name);
}

static bool compose(FILE *out, const struct env_audit *audit, const struct env_audit_use *use,
                    ENV_RESULT result)
{
    struct env_json json;
    bool whole;

    env_json_init(&json, out);
    env_json_object(&json, NULL);
    put_time(&json);
    env_json_text(&json, "operation", operations[use->operation]);
    whole = put_kek(&json, use);
    put_result(&json, result);
    if (whole && use->dek != NULL && env_ok(result))
        whole = put_message(&json, audit, use->dek);
    put_process(&json);
    env_json_object_end(&json);
    return whole && ferror(out) == 0;
}

static bool record(const struct env_audit *audit, const struct env_audit_use *use,
                   ENV_RESULT result, char *why, size_t why_size)
{
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);
    bool done = out != NULL && compose(out, audit, use, result);

    if (out != NULL && fclose(out) != 0)
        done = false;
    if (done)
        done = env_audit_sink_write(audit->config->audit_log, line, len, why, why_size);
    else
        (void)snprintf(why, why_size, "the line could not be composed: no memory");
    free(line);
    return done;
}

bool env_audit_write(const struct env_audit *audit, const struct env_audit_use *use,
                     ENV_RESULT result, char *why, size_t why_size)
{
    int error = errno;
    bool done;

    if (audit == NULL || audit->config->audit_log == NULL)
        return true;
    done = record(audit, use, result, why, why_size);
    errno = error;
    return done || !audit->config->audit_required_on;
}

ENV_RESULT env_audit_record(const struct env_audit *audit, const struct env_audit_use *use,
                            ENV_RESULT result)
{
    char why[WHY];

    if (env_audit_write(audit, use, result, why, sizeof(why)))
        return result;
    return ENV_RAISE(audit->errors, ENV_R_AUDIT_FAILED, "%s", why);
}

ENV_RESULT env_audit_check(const struct env_audit *audit)
{
    char why[WHY];

    if (audit->config->audit_log == NULL ||
        env_audit_sink_write(audit->config->audit_log, "", 0, why, sizeof(why)))
        return ENV_OK;
    return ENV_RAISE(audit->errors, ENV_R_CONFIG_VALUE, "audit-log: %s", why);
}
