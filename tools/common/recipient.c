/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/recipient.h"

#include <openssl/crypto.h>
#include <string.h>

#include "tools/common/subject.h"

/* Sets the names that the tokens have for it, fit for use or not; nothing if it is not here. */
static void describe(const struct tool_keys *keys, const struct env_recipient *recipient,
                     struct tool_recipient *out)
{
    struct env_keyring *keyring = keys->dek.keyring;
    struct env_refused_kek refused = {.known = false};
    struct env_kek_info info;
    struct env_kek *kek = NULL;

    env_errors_mark(&keys->errors);
    if (env_ok(keyring->vtable->lookup(keyring, &recipient->id, recipient->wrapped.alg, &kek,
                                       &refused))) {
        kek->vtable->describe(kek, &info);
        memcpy(out->label, info.label, sizeof(out->label));
        memcpy(out->token, info.token, sizeof(out->token));
        env_kek_free(kek);
    } else if (refused.known) {
        memcpy(out->label, refused.label, sizeof(out->label));
        memcpy(out->token, refused.token, sizeof(out->token));
    }
    env_errors_unmark(&keys->errors, true);
}

static void try_one(const struct tool_keys *keys, const struct env_header *header, size_t number,
                    struct env_span der, uint8_t dek[ENV_DEK_LEN], struct tool_recipient *out)
{
    struct env_dek_context context = keys->dek;
    struct tool_subject subject;
    ENV_RESULT r;

    context.subject = tool_subject_of(header, ENV_AUDIT_UNWRAP, &subject);
    r = env_dek_open_recipient(&context, header, number, der, dek);
    out->label[0] = '\0';
    out->token[0] = '\0';
    out->failure.reason = ENV_R_NONE;
    out->failure.text[0] = '\0';
    out->state = env_ok(r)                        ? TOOL_RECIPIENT_OPENS
                 : r.reason == ENV_R_KEK_NOT_HERE ? TOOL_RECIPIENT_NOT_HERE
                                                  : TOOL_RECIPIENT_FAILS;
    if (out->state != TOOL_RECIPIENT_OPENS)
        tool_failure_take(r, &out->failure);
    if (out->state != TOOL_RECIPIENT_NOT_HERE)
        describe(keys, &header->recipients[number], out);
}

void tool_recipients_try(const struct tool_keys *keys, const struct env_header *header,
                         struct env_span der, uint8_t *deks, struct tool_recipients *out)
{
    uint8_t *first = deks;
    uint8_t *dek = deks + ENV_DEK_LEN;

    out->count = header->count;
    out->opens = false;
    out->fails = false;
    for (size_t i = 0; i < header->count; i++) {
        struct tool_recipient *recipient = &out->list[i];

        try_one(keys, header, i, der, dek, recipient);
        if (recipient->state == TOOL_RECIPIENT_OPENS) {
            if (!out->opens)
                memcpy(first, dek, ENV_DEK_LEN);
            out->opens = true;
            if (CRYPTO_memcmp(first, dek, ENV_DEK_LEN) != 0) {
                recipient->state = TOOL_RECIPIENT_FAILS;
                tool_failure_set(&recipient->failure, "its data key differs from the others'");
            }
        }
        out->fails = out->fails || recipient->state == TOOL_RECIPIENT_FAILS;
    }
    if (out->opens && !env_ok(env_audit_message_id(keys->dek.crypto, first, out->message_id)))
        memset(out->message_id, 0, sizeof(out->message_id));
    OPENSSL_cleanse(deks, TOOL_TRY_ROOM);
}

void tool_message_id_json(struct env_json *json, const uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN])
{
    env_json_hex(json, "message", id, ENV_AUDIT_MESSAGE_ID_LEN);
}

const char *tool_recipient_word(enum tool_recipient_state state)
{
    static const char *const words[] = {
        [TOOL_RECIPIENT_OPENS] = "opens",
        [TOOL_RECIPIENT_NOT_HERE] = "not here",
        [TOOL_RECIPIENT_FAILS] = "fails",
    };

    return words[state];
}

void tool_recipient_json(struct env_json *json, const struct tool_recipient *recipient)
{
    env_json_text(json, "state", tool_recipient_word(recipient->state));
    if (recipient->label[0] != '\0')
        env_json_text(json, "label", recipient->label);
    if (recipient->token[0] != '\0')
        env_json_text(json, "token", recipient->token);
    if (recipient->state == TOOL_RECIPIENT_FAILS) {
        env_json_number(json, "reason", recipient->failure.reason);
        env_json_text(json, "error", recipient->failure.text);
    }
}
