/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/token_probe.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/fork_gate.h"
#include "envelope/base/printable.h"
#include "envelope/base/secret.h"
#include "envelope/base/sigpipe.h"
#include "envelope/base/uri_text.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/padding.h"

struct probe {
    env_token_probe_fn *take;
    void *arg;
    bool ok;
};

static void say(struct probe *probe, enum env_token_probe_part part, enum env_reason reason,
                const char *text, bool other_modules)
{
    const struct env_token_probe_item item = {
        .part = part, .reason = reason, .text = text, .other_modules = other_modules};

    probe->ok = probe->ok && (reason == ENV_R_NONE || other_modules);
    probe->take(probe->arg, &item);
}

static void say_module(struct probe *probe, const struct env_modules *modules,
                       struct env_module *module)
{
    char text[512];
    char library[sizeof(module->info.libraryDescription) * 4 + 1];
    struct env_error_detail detail;

    if (!module->initialised) {
        /* tried again for its reason: it was skipped before */
        (void)env_module_initialise(module, &detail);
        if (!module->initialised) {
            say(probe, ENV_TOKEN_PROBE_MODULE, detail.reason, detail.text, modules->count > 1);
            return;
        }
    }
    env_padding_shown(library, sizeof(library), module->info.libraryDescription,
                      sizeof(module->info.libraryDescription));
    (void)snprintf(text, sizeof(text), "%s: %s %u.%u", module->name, library,
                   module->info.libraryVersion.major, module->info.libraryVersion.minor);
    say(probe, ENV_TOKEN_PROBE_MODULE, ENV_R_NONE, text, false);
}

static void say_token(struct probe *probe, const struct env_token *token)
{
    char text[512];
    char model[sizeof(token->info.model) * 4 + 1];
    char serial[sizeof(token->info.serialNumber) * 4 + 1];

    env_padding_shown(model, sizeof(model), token->info.model, sizeof(token->info.model));
    env_padding_shown(serial, sizeof(serial), token->info.serialNumber,
                      sizeof(token->info.serialNumber));
    (void)snprintf(text, sizeof(text), "%s: %s, serial number %s%s", token->where, model, serial,
                   (token->info.flags & CKF_WRITE_PROTECTED) != 0 ? ", read-only" : "");
    say(probe, ENV_TOKEN_PROBE_TOKEN, ENV_R_NONE, text, false);
}

static void try_login(struct probe *probe, struct env_token *token, struct env_pin_sources *sources)
{
    struct env_error_detail detail;
    struct env_session session;
    ENV_RESULT r;

    if ((token->info.flags & CKF_LOGIN_REQUIRED) == 0)
        return;
    r = env_session_take(&token->sessions, &session, &detail);
    if (env_ok(r)) {
        r = env_login(token, &session, sources, &detail);
        env_session_give(&token->sessions, &session, env_ok(r));
    }
    say(probe, ENV_TOKEN_PROBE_LOGIN, r.reason, env_ok(r) ? token->where : detail.text, false);
}

static bool is_there(const struct env_tokens *tokens, P11KitUri *uri)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (env_token_matches(tokens->list[i], uri))
            return true;
    }
    return false;
}

/* Reports tokens that are missing: other replicas hide the loss of one. */
static void say_absent(struct probe *probe, const struct env_tokens *tokens, const char *list,
                       const char *key, const char *optional)
{
    struct env_error_detail detail;
    struct env_word word;

    while (list != NULL && env_word_next(&list, &word)) {
        char *text = env_uri_is(word.text) ? env_secret_alloc(word.len + 1) : NULL;
        struct env_token_probe_item item = {.part = ENV_TOKEN_PROBE_TOKEN,
                                            .reason = ENV_R_NO_TOKEN,
                                            .absent = true,
                                            .optional = env_word_in(optional, &word)};
        char shown[ENV_URI_TEXT];
        char wanted[ENV_URI_TEXT + 16];
        P11KitUri *uri = NULL;

        if (text == NULL)
            continue;
        memcpy(text, word.text, word.len);
        if (env_ok(env_uri_parse(text, key, &uri, &detail)) && !is_there(tokens, uri)) {
            env_uri_shown(shown, sizeof(shown), text);
            (void)snprintf(wanted, sizeof(wanted), "%s: %s", key, shown);
            item.text = wanted;
            probe->take(probe->arg, &item);
        }
        env_uri_free(uri);
        env_secret_free(text, word.len + 1);
    }
}

/* r is the result of opening the tokens. Reports everything that was opened. */
static void tell(struct probe *probe, const struct env_tokens *tokens, ENV_RESULT r,
                 const struct env_error_detail *detail, struct env_pin_sources *sources)
{
    const struct env_config *config = sources->config;

    if (tokens == NULL) {
        say(probe, r.reason == ENV_R_NO_MODULE ? ENV_TOKEN_PROBE_MODULE : ENV_TOKEN_PROBE_TOKEN,
            r.reason, detail->text, false);
        return;
    }
    for (size_t i = 0; i < tokens->modules.count; i++)
        say_module(probe, &tokens->modules, &tokens->modules.list[i]);
    if (!env_ok(r))
        say(probe, ENV_TOKEN_PROBE_TOKEN, r.reason, detail->text, false);
    for (size_t i = 0; i < tokens->count; i++) {
        say_token(probe, tokens->list[i]);
        try_login(probe, tokens->list[i], sources);
    }
    if (tokens->count == 0)
        return;
    say_absent(probe, tokens, config->token, "token", NULL);
    say_absent(probe, tokens, config->kek, "kek", config->kek_optional);
    /* sealing does not need a token that only opens */
    say_absent(probe, tokens, config->open_kek, "open-kek", config->open_kek);
    say_absent(probe, tokens, config->open_only_kek, "open-only-kek", config->open_only_kek);
}

bool env_token_probe(const struct env_config *config, env_ask_pin_fn *ask, void *ask_arg,
                     env_token_probe_fn *take, void *arg)
{
    static const struct env_rsa_source source = {NULL, NULL}; /* no key is read */
    struct probe probe = {take, arg, true};
    struct env_tokens *tokens = NULL;
    struct env_pin_sources sources;
    struct env_error_detail detail = {.text = ""};
    struct env_sigpipe held;
    ENV_RESULT r;

    env_pin_sources_init(&sources, config, NULL);
    sources.ask = ask;
    sources.ask_arg = ask_arg;
    env_fork_gate_enter();
    env_sigpipe_hold(&held);
    r = env_tokens_open(config, &source, &tokens, &detail);
    tell(&probe, tokens, r, &detail, &sources);
    env_tokens_close(tokens, true);
    env_sigpipe_release(&held);
    env_fork_gate_leave();
    env_pin_sources_clear(&sources);
    return probe.ok;
}

static void keep_first(void *arg, const struct env_token_probe_item *item)
{
    char *text = arg;

    if (text[0] == '\0')
        (void)OPENSSL_strlcpy(text, item->text, ENV_TOKEN_ABSENT_TEXT);
}

bool env_token_is_absent(const struct env_config *config, char text[ENV_TOKEN_ABSENT_TEXT])
{
    static const struct env_rsa_source source = {NULL, NULL}; /* no key is read */
    struct probe probe = {keep_first, text, true};
    struct env_tokens *tokens = NULL;
    struct env_error_detail detail = {.text = ""};
    struct env_sigpipe held;

    text[0] = '\0';
    env_fork_gate_enter();
    env_sigpipe_hold(&held);
    if (env_ok(env_tokens_open(config, &source, &tokens, &detail)))
        say_absent(&probe, tokens, config->token, "token", NULL);
    env_tokens_close(tokens, true);
    env_sigpipe_release(&held);
    env_fork_gate_leave();
    return text[0] != '\0';
}
