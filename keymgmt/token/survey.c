/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/survey.h"

#include <stdio.h>
#include <string.h>

#include "envelope/base/fork_gate.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/sigpipe.h"

struct survey {
    env_survey_fn *take;
    void *arg;
    bool ok;
};

static void say(struct survey *survey, enum env_survey_part part, enum env_reason reason,
                const char *text, bool other_modules)
{
    const struct env_survey_item item = {part, reason, text, other_modules};

    survey->ok = survey->ok && (reason == ENV_R_NONE || other_modules);
    survey->take(survey->arg, &item);
}

/* PKCS#11 pads its texts with blanks. */
static void padded(char *out, size_t size, const unsigned char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\0'))
        len--;
    env_printable(out, size, text, len);
}

static void say_module(struct survey *survey, const struct env_modules *modules,
                       struct env_module *module)
{
    char text[512];
    char library[sizeof(module->info.libraryDescription) * 4 + 1];
    struct env_fault fault;

    if (!module->initialised) {
        /* asked again for its reason: it was passed over before */
        (void)env_module_initialise(module, &fault);
        if (!module->initialised) {
            say(survey, ENV_SURVEY_MODULE, fault.reason, fault.text, modules->count > 1);
            return;
        }
    }
    padded(library, sizeof(library), module->info.libraryDescription,
           sizeof(module->info.libraryDescription));
    (void)snprintf(text, sizeof(text), "%s: %s %u.%u", module->name, library,
                   module->info.libraryVersion.major, module->info.libraryVersion.minor);
    say(survey, ENV_SURVEY_MODULE, ENV_R_NONE, text, false);
}

static void say_token(struct survey *survey, const struct env_token *token)
{
    char text[512];
    char model[sizeof(token->info.model) * 4 + 1];
    char serial[sizeof(token->info.serialNumber) * 4 + 1];

    padded(model, sizeof(model), token->info.model, sizeof(token->info.model));
    padded(serial, sizeof(serial), token->info.serialNumber, sizeof(token->info.serialNumber));
    (void)snprintf(text, sizeof(text), "%s: %s, serial number %s%s", token->where, model, serial,
                   (token->info.flags & CKF_WRITE_PROTECTED) != 0 ? ", read-only" : "");
    say(survey, ENV_SURVEY_TOKEN, ENV_R_NONE, text, false);
}

static void try_login(struct survey *survey, struct env_token *token,
                      struct env_pin_sources *sources)
{
    struct env_fault fault;
    struct env_session session;
    ENV_RESULT r;

    if ((token->info.flags & CKF_LOGIN_REQUIRED) == 0)
        return;
    r = env_session_take(&token->sessions, &session, &fault);
    if (env_ok(r)) {
        r = env_login(token, &session, sources, &fault);
        env_session_give(&token->sessions, &session, env_ok(r));
    }
    say(survey, ENV_SURVEY_LOGIN, r.reason, env_ok(r) ? token->where : fault.text, false);
}

/* r is what opening the tokens came to; of what was opened all is told. */
static void tell(struct survey *survey, const struct env_tokens *tokens, ENV_RESULT r,
                 const struct env_fault *fault, struct env_pin_sources *sources)
{
    if (tokens == NULL) {
        say(survey, r.reason == ENV_R_NO_MODULE ? ENV_SURVEY_MODULE : ENV_SURVEY_TOKEN, r.reason,
            fault->text, false);
        return;
    }
    for (size_t i = 0; i < tokens->modules.count; i++)
        say_module(survey, &tokens->modules, &tokens->modules.list[i]);
    if (!env_ok(r))
        say(survey, ENV_SURVEY_TOKEN, r.reason, fault->text, false);
    for (size_t i = 0; i < tokens->count; i++) {
        say_token(survey, tokens->list[i]);
        try_login(survey, tokens->list[i], sources);
    }
}

bool env_survey(const struct env_config *config, env_ask_pin_fn *ask, void *ask_arg,
                env_survey_fn *take, void *arg)
{
    struct survey survey = {take, arg, true};
    struct env_tokens *tokens = NULL;
    struct env_pin_sources sources;
    struct env_fault fault = {.text = ""};
    struct env_sigpipe held;
    ENV_RESULT r;

    env_pin_sources_init(&sources, config);
    sources.ask = ask;
    sources.ask_arg = ask_arg;
    env_gate_enter();
    env_sigpipe_hold(&held);
    r = env_tokens_open(config, &tokens, &fault);
    tell(&survey, tokens, r, &fault, &sources);
    env_tokens_close(tokens, true);
    env_sigpipe_release(&held);
    env_gate_leave();
    env_pin_sources_clear(&sources);
    return survey.ok;
}
