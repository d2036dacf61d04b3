/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/keys.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/fork_gate.h"
#include "envelope/named/state_watch.h"
#include "keymgmt/token/kek_scope.h"
#include "keymgmt/token_keyring.h"

bool tool_ask_pin(void *arg, const char *token, unsigned char *pin, size_t size, size_t *len)
{
    char prompt[192];
    char text[256];
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    bool ok;

    (void)arg;
    if (fd < 0)
        return false;
    (void)close(fd);
    (void)snprintf(prompt, sizeof(prompt), "PIN of %s: ", token);
    ok = EVP_read_pw_string(text, sizeof(text), prompt, 0) == 0;
    *len = ok ? strlen(text) : 0;
    ok = ok && *len > 0 && *len <= size;
    if (ok)
        memcpy(pin, text, *len);
    OPENSSL_cleanse(text, sizeof(text));
    return ok;
}

/* --from: a KEK that may open in this run, whatever the file says. */
static ENV_RESULT open_too(struct tool_keys *keys, const char *from)
{
    if (from != NULL && (keys->settings.config.opens_too = OPENSSL_strdup(from)) == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    return env_config_check(&keys->settings.config, &keys->errors);
}

static bool make_keys(struct tool_keys *keys, const struct tool_options *options,
                      struct tool_failure *failure)
{
    ENV_RESULT r = open_too(keys, options->from);

    keys->dek.errors = &keys->errors;
    if (env_ok(r) && options->one_kek != NULL)
        r = env_kek_narrow(&keys->settings.config, options->one_kek, options->token, &keys->errors);
    if (env_ok(r)) {
        keys->dek.crypto = env_crypto_new(keys->libctx, keys->settings.config.propquery);
        r = keys->dek.crypto != NULL ? env_crypto_ready(keys->dek.crypto)
                                     : ENV_FAIL(ENV_R_NO_MEMORY);
    }
    keys->audit = (struct env_audit){&keys->settings.config, keys->dek.crypto, &keys->errors};
    if (env_ok(r))
        r = env_audit_check(&keys->audit);
    if (env_ok(r))
        r = env_token_keyring_new(&keys->settings.config, keys->libctx, &keys->errors,
                                  &keys->dek.keyring);
    if (!env_ok(r)) {
        tool_failure_take(r, failure);
        return false;
    }
    keys->dek.keyring->audit = &keys->audit;
    keys->states =
        env_state_watch_new(&keys->settings.config, &keys->audit, &keys->errors, keys->dek.keyring);
    if (keys->states == NULL) {
        tool_failure_set(failure, "out of memory");
        return false;
    }
    keys->dek.keyring->states = keys->states;
    env_token_keyring_ask_pin(keys->dek.keyring, tool_ask_pin, NULL);
    return true;
}

bool tool_keys_open(const struct tool_options *options, struct tool_keys *out,
                    struct tool_failure *failure)
{
    char why[TOOL_SETTINGS_WHY];

    memset(out, 0, sizeof(*out));
    out->errors = tool_errors();
    out->libctx = OSSL_LIB_CTX_new();
    if (out->libctx == NULL) {
        tool_failure_set(failure, "out of memory");
        return false;
    }
    if (!tool_settings_read(out->libctx, options->config, options->provider_section, &out->settings,
                            why, sizeof(why))) {
        tool_failure_set(failure, "%s", why);
        return false;
    }
    if (!tool_settings_activate_others(&out->settings)) {
        ERR_clear_error(); /* what is missing is reported when it is fetched */
    }
    return make_keys(out, options, failure);
}

void tool_keys_close(struct tool_keys *keys)
{
    if (keys->dek.keyring != NULL)
        keys->dek.keyring->vtable->free(keys->dek.keyring);
    env_state_watch_free(keys->states);
    env_crypto_free(keys->dek.crypto);
    tool_settings_clear(&keys->settings);
    OSSL_LIB_CTX_free(keys->libctx);
    memset(keys, 0, sizeof(*keys));
}

/* ---- the state file ---- */

static ENV_RESULT see_key(const struct tool_keys *keys, const char *name, uint32_t number)
{
    const struct env_state_seen *seen = NULL;
    bool disabled;

    ENV_TRY(env_state_watch_see(keys->states, &seen));
    disabled = name != NULL && env_state_disables_key(seen->state, name, number);
    env_state_watch_let_go(keys->states, seen);
    return disabled ? ENV_RAISE(&keys->errors, ENV_R_KEY_DISABLED, "%s@%u", name, (unsigned)number)
                    : ENV_OK;
}

ENV_RESULT tool_keys_may_use(const struct tool_keys *keys, const char *name, uint32_t number)
{
    ENV_RESULT r;

    env_fork_gate_enter();
    r = see_key(keys, name, number);
    env_fork_gate_leave();
    return r;
}

ENV_RESULT tool_keys_state(const struct tool_keys *keys)
{
    return tool_keys_may_use(keys, NULL, 0);
}

struct env_span tool_keys_context(const struct tool_keys *keys, const struct tool_options *options)
{
    const char *text = options->context != NULL ? options->context : keys->settings.config.context;

    return (struct env_span){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

enum env_context_source tool_context_source(struct env_span context, const void *configured)
{
    if (context.data == NULL)
        return ENV_CONTEXT_NONE;
    return context.data == configured ? ENV_CONTEXT_CONFIGURED : ENV_CONTEXT_GIVEN;
}
