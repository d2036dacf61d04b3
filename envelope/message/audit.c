/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/audit.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "envelope/base/config_list.h"
#include "envelope/base/json.h"
#include "envelope/base/log_sink.h"
#include "envelope/base/secret.h"
#include "envelope/base/uri_text.h"
#include "envelope/format/wrap_algorithm.h"
#include "envelope/message/audit_process.h"

#define WHY 512u

static const char *const operations[] = {
    [ENV_AUDIT_WRAP] = "wrap",
    [ENV_AUDIT_UNWRAP] = "unwrap",
    [ENV_AUDIT_KEY_WRAP] = "key-wrap",
    [ENV_AUDIT_KEY_UNWRAP] = "key-unwrap",
    [ENV_AUDIT_GENERATE] = "generate",
    [ENV_AUDIT_SELF_TEST] = "self-test",
    [ENV_AUDIT_OPEN] = "open",
    [ENV_AUDIT_CREATE] = "create",
    [ENV_AUDIT_IMPORT] = "import",
    [ENV_AUDIT_EXPORT] = "export",
    [ENV_AUDIT_ROTATE] = "rotate",
    [ENV_AUDIT_STAND_IN] = "stand-in",
    [ENV_AUDIT_DESTROY] = "destroy",
    [ENV_AUDIT_TENANT_KEY] = "tenant-key",
    [ENV_AUDIT_STATE_CHANGE] = "state-change",
    [ENV_AUDIT_SEAL_COUNT] = "seal-count",
};

const char *env_audit_operation_word(enum env_audit_operation operation)
{
    return operations[operation];
}

const char *env_audit_mechanism_word(enum env_wrap_alg alg)
{
    static const char *const words[] = {
        [ENV_WRAP_FAMILY_KW] = "aes-kw",
        [ENV_WRAP_FAMILY_KWP] = "aes-kwp",
        [ENV_WRAP_FAMILY_GCM] = "aes-gcm",
        [ENV_WRAP_FAMILY_OAEP] = "rsa-oaep",
    };
    const struct env_wrap_algorithm *algorithm = env_wrap_algorithm(alg);

    return algorithm != NULL ? words[algorithm->family] : NULL;
}

/*
 * The info for HKDF-Expand that derives a message's id in the log. The id reveals nothing of the
 * DEK.
 */
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

/* Leaves out what may be its PIN. */
static bool put_name(struct env_json *json, const char *name, size_t len)
{
    char *text = env_secret_alloc(len + 1);
    char shown[ENV_URI_TEXT];

    if (text == NULL)
        return false;
    memcpy(text, name, len);
    env_uri_shown(shown, sizeof(shown), text);
    env_secret_free(text, len + 1);
    env_json_text(json, NULL, shown);
    return true;
}

/* Writes the name that was asked for, or else those in the list. */
static bool put_asked(struct env_json *json, const char *name, const char *list)
{
    struct env_word word;
    bool whole = true;

    env_json_array(json, "asked");
    if (name != NULL)
        whole = put_name(json, name, strlen(name));
    while (name == NULL && whole && env_word_next(&list, &word))
        whole = put_name(json, word.text, word.len);
    env_json_array_end(json);
    return whole;
}

/* No KEK was found, so the line only has what was asked for. */
static bool put_wanted(struct env_json *json, const struct env_config *config,
                       const struct env_audit_use *use)
{
    const struct env_selector *selector = use->selector;
    const char *name = use->label;

    if (use->id != NULL)
        env_json_hex(json, "kek", use->id->bytes, use->id->len);
    else
        env_json_text(json, "kek", NULL);
    env_json_text(json, "label", NULL);
    env_json_text(json, "token", NULL);
    if (selector != NULL)
        name = selector->name;
    if (name != NULL)
        return put_asked(json, name, NULL);
    if (selector != NULL && selector->marked == NULL && config->kek != NULL)
        return put_asked(json, NULL, config->kek);
    return true;
}

static void put_names(struct env_json *json, const struct env_kek_id *id, const char *label,
                      const char *token)
{
    if (id->len > 0)
        env_json_hex(json, "kek", id->bytes, id->len);
    else
        env_json_text(json, "kek", NULL);
    env_json_text(json, "label", label);
    env_json_text(json, "token", token);
}

static bool put_kek(struct env_json *json, const struct env_config *config,
                    const struct env_audit_use *use)
{
    struct env_kek_info *info;

    if (use->kek == NULL && use->refused != NULL && use->refused->known) {
        put_names(json, &use->refused->id, use->refused->label, use->refused->token);
        return true;
    }
    if (use->kek == NULL)
        return put_wanted(json, config, use);
    info = OPENSSL_zalloc(sizeof(*info));
    if (info == NULL)
        return false;
    use->kek->vtable->describe(use->kek, info);
    put_names(json, &info->id, info->label, info->token);
    OPENSSL_free(info);
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

ENV_RESULT env_audit_message_id(const struct env_crypto *crypto, const uint8_t dek[ENV_DEK_LEN],
                                uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN])
{
    const struct env_span label = {(const uint8_t *)message_label, sizeof(message_label) - 1};

    return env_hkdf_expand(crypto, (struct env_span){dek, ENV_DEK_LEN}, &label, 1, id,
                           ENV_AUDIT_MESSAGE_ID_LEN);
}

static bool put_message(struct env_json *json, const struct env_audit *audit, const uint8_t *dek)
{
    uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN];

    if (!env_ok(env_audit_message_id(audit->crypto, dek, id)))
        return false;
    env_json_hex(json, "message", id, sizeof(id));
    return true;
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
    whole = put_kek(&json, audit->config, use);
    if (use->named_key != NULL)
        env_json_text(&json, "named_key", use->named_key);
    if (use->operation == ENV_AUDIT_SEAL_COUNT || use->count > 1)
        env_json_number(&json, "count", use->count);
    if (use->way != NULL)
        env_json_text(&json, "way", use->way);
    put_result(&json, result);
    if (use->wrapped != NULL && env_ok(result))
        env_json_text(&json, "mechanism", env_audit_mechanism_word(use->wrapped->alg));
    if (whole && use->dek != NULL && env_ok(result))
        whole = put_message(&json, audit, use->dek);
    env_audit_put_process(&json, audit->config, use->application);
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
