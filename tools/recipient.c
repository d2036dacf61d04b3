/* SPDX-License-Identifier: Apache-2.0 */
#include "recipient.h"

#include <openssl/crypto.h>
#include <string.h>

static ENV_RESULT open_with(const struct tool_keys *keys, const struct env_recipient *recipient,
                            struct env_span der, uint8_t dek[ENV_DEK_LEN],
                            struct tool_recipient *out)
{
    struct env_keyring *ring = keys->dek.keyring;
    struct env_kek_facts facts;
    struct env_kek *kek = NULL;
    ENV_RESULT r;

    ENV_TRY(ring->vtable->lookup(ring, &recipient->id, recipient->wrapped.alg, &kek));
    kek->vtable->describe(kek, &facts);
    memcpy(out->label, facts.label, sizeof(out->label));
    memcpy(out->token, facts.token, sizeof(out->token));
    r = kek->vtable->unwrap(kek, &recipient->wrapped, dek);
    if (env_ok(r))
        r = env_header_verify(keys->dek.crypto, der, dek);
    if (!env_ok(r))
        OPENSSL_cleanse(dek, ENV_DEK_LEN);
    env_kek_free(kek);
    return r;
}

void tool_recipient_try(const struct tool_keys *keys, const struct env_recipient *recipient,
                        struct env_span der, uint8_t dek[ENV_DEK_LEN], struct tool_recipient *out)
{
    ENV_RESULT r;

    memset(out, 0, sizeof(*out));
    r = open_with(keys, recipient, der, dek, out);
    if (env_ok(r)) {
        out->state = TOOL_RECIPIENT_OPENS;
        return;
    }
    out->state = r.reason == ENV_R_KEK_NOT_HERE ? TOOL_RECIPIENT_NOT_HERE : TOOL_RECIPIENT_FAILS;
    tool_failure_take(r, &out->failure);
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

void tool_recipient_json(struct tool_json *json, const struct tool_recipient *recipient)
{
    tool_json_text(json, "state", tool_recipient_word(recipient->state));
    if (recipient->label[0] != '\0')
        tool_json_text(json, "label", recipient->label);
    if (recipient->token[0] != '\0')
        tool_json_text(json, "token", recipient->token);
    if (recipient->state == TOOL_RECIPIENT_FAILS) {
        tool_json_number(json, "reason", recipient->failure.reason);
        tool_json_text(json, "error", recipient->failure.text);
    }
}
