/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/tokens.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/fork_generation.h"
#include "keymgmt/token/padding.h"

#define SLOTS_MAX 65536u /* of one module */

/* The list of tokens, while the slots are being read. */
struct gathering {
    struct env_uris wanted; /* any of these; none: every token */
    struct env_uris only;   /* and any of these */
    struct env_token **list;
    size_t count;
    size_t room;
    struct env_error_detail *detail;
    unsigned wait_seconds;               /* how many seconds to wait for a session */
    struct env_seen seen;                /* tokens other than the wanted ones */
    size_t started;                      /* number of modules */
    struct env_error_detail not_started; /* why the last module that failed did so */
};

static void name_token(struct env_token_name *name, const CK_TOKEN_INFO *info)
{
    memcpy(name->label, info->label, sizeof(name->label));
    memcpy(name->manufacturer, info->manufacturerID, sizeof(name->manufacturer));
    memcpy(name->model, info->model, sizeof(name->model));
    memcpy(name->serial, info->serialNumber, sizeof(name->serial));
}

static void describe_token(struct env_token *token)
{
    char label[sizeof(token->info.label) + 1];

    env_padding_shown(label, sizeof(label), token->info.label, sizeof(token->info.label));
    (void)snprintf(token->where, sizeof(token->where), "token '%s'", label);
}

static bool matches(P11KitUri *uri, const struct env_module *module, CK_SLOT_ID slot,
                    const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *token_info)
{
    CK_SLOT_ID wanted;

    if (uri == NULL)
        return true;
    wanted = p11_kit_uri_get_slot_id(uri);
    return p11_kit_uri_match_token_info(uri, token_info) == 1 &&
           p11_kit_uri_match_slot_info(uri, slot_info) == 1 &&
           p11_kit_uri_match_module_info(uri, &module->info) == 1 &&
           (wanted == (CK_SLOT_ID)-1 || wanted == slot);
}

bool env_token_matches(const struct env_token *token, P11KitUri *uri)
{
    return matches(uri, token->module, token->slot, &token->slot_info, &token->info);
}

bool env_token_name_matches(const struct env_token_name *name, P11KitUri *uri)
{
    CK_TOKEN_INFO info = {0};

    memcpy(info.label, name->label, sizeof(info.label));
    memcpy(info.manufacturerID, name->manufacturer, sizeof(info.manufacturerID));
    memcpy(info.model, name->model, sizeof(info.model));
    memcpy(info.serialNumber, name->serial, sizeof(info.serialNumber));
    return p11_kit_uri_match_token_info(uri, &info) == 1;
}

static struct env_token *new_token(struct env_module *module, CK_SLOT_ID slot,
                                   const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *info,
                                   unsigned wait_seconds)
{
    struct env_token *token = calloc(1, sizeof(*token));

    if (token == NULL)
        return NULL;
    token->module = module;
    token->fn = module->fn;
    token->slot = slot;
    token->slot_info = *slot_info;
    token->info = *info;
    name_token(&token->name, info);
    describe_token(token);
    env_rsa_index_init(&token->rsa_index);
    env_aes_index_init(&token->aes_index);
    env_sessions_init(&token->sessions, token->fn, slot, token->where, wait_seconds);
    return token;
}

static void free_token(struct env_token *token, bool call_module)
{
    env_sessions_close(&token->sessions, call_module);
    env_rsa_index_clear(&token->rsa_index);
    env_aes_index_clear(&token->aes_index);
    free(token);
}

/* Takes the token out of the old list if it is there and unchanged. */
static struct env_token *keep_token(struct env_tokens *tokens, const struct env_module *module,
                                    CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
    struct env_token_name name;

    name_token(&name, info);
    for (size_t i = 0; i < tokens->count; i++) {
        struct env_token *token = tokens->list[i];

        if (token != NULL && token->module == module && token->slot == slot &&
            memcmp(&token->name, &name, sizeof(name)) == 0) {
            tokens->list[i] = NULL;
            return token;
        }
    }
    return NULL;
}

static ENV_RESULT append(struct gathering *g, struct env_token *token)
{
    if (token != NULL && g->count == g->room) {
        size_t room = g->room == 0 ? 8 : 2 * g->room;
        struct env_token **list = realloc(g->list, room * sizeof(struct env_token *));

        if (list == NULL) {
            free_token(token, true);
            token = NULL;
        } else {
            g->list = list;
            g->room = room;
        }
    }
    if (token == NULL)
        return env_error_detail(g->detail, ENV_R_NO_MEMORY, "the list of tokens");
    g->list[g->count++] = token;
    return ENV_OK;
}

static bool is_wanted(const struct env_uris *wanted, const struct env_module *module,
                      CK_SLOT_ID slot, const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *info)
{
    bool any = wanted->list == NULL;

    for (size_t i = 0; i < wanted->count && !any; i++)
        any = matches(wanted->list[i], module, slot, slot_info, info);
    return any;
}

static ENV_RESULT look_at_slot(struct env_tokens *tokens, struct env_module *module,
                               CK_SLOT_ID slot, struct gathering *g)
{
    CK_SLOT_INFO slot_info = {0};
    CK_TOKEN_INFO info = {0};
    struct env_token *token;
    const char *function = "C_GetTokenInfo";
    CK_RV rv = ENV_P11(module->fn->C_GetTokenInfo(slot, &info));

    if (rv == CKR_OK) {
        function = "C_GetSlotInfo";
        rv = ENV_P11(module->fn->C_GetSlotInfo(slot, &slot_info));
    }
    if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED)
        return ENV_OK;
    if (rv != CKR_OK) {
        (void)env_error_detail_ckr(g->detail, ENV_R_TOKEN_FAILED, function, rv, module->name);
        return ENV_OK; /* reported if nothing better is found */
    }
    env_padding_of_token(&info);
    env_padding_of_slot(&slot_info);
    if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) {
        g->seen.uninitialised++;
        return ENV_OK;
    }
    if (!is_wanted(&g->wanted, module, slot, &slot_info, &info) ||
        !is_wanted(&g->only, module, slot, &slot_info, &info)) {
        env_seen_token(&g->seen, &info);
        return ENV_OK;
    }
    token = keep_token(tokens, module, slot, &info);
    if (token == NULL)
        token = new_token(module, slot, &slot_info, &info, g->wait_seconds);
    if (token != NULL)
        token->source = tokens->source;
    return append(g, token);
}

static ENV_RESULT look_at_module(struct env_tokens *tokens, struct env_module *module,
                                 struct gathering *g)
{
    CK_SLOT_ID *slots = NULL;
    CK_ULONG count = 0;
    CK_ULONG room;
    ENV_RESULT r = ENV_OK;
    CK_RV rv;

    /* A module that does not start must not keep the others from being used. */
    if (!env_ok(env_module_initialise(module, &g->not_started)))
        return ENV_OK;
    g->started++;
    g->seen.softhsm = g->seen.softhsm || env_module_is_softhsm(module);
    rv = ENV_P11(module->fn->C_GetSlotList(CK_TRUE, NULL, &count));
    if (rv == CKR_OK && count > SLOTS_MAX) /* no module can mean such a number */
        rv = CKR_GENERAL_ERROR;
    if (rv == CKR_OK && count > 0) {
        count += 4; /* room for tokens that are plugged in at this moment */
        room = count;
        slots = calloc(count, sizeof(*slots));
        if (slots == NULL)
            return env_error_detail(g->detail, ENV_R_NO_MEMORY, "the list of slots");
        rv = ENV_P11(module->fn->C_GetSlotList(CK_TRUE, slots, &count));
        if (rv == CKR_OK && count > room) /* the module claims to have overrun the room */
            rv = CKR_BUFFER_TOO_SMALL;
    }
    if (rv != CKR_OK)
        (void)env_error_detail_ckr(g->detail, ENV_R_TOKEN_FAILED, "C_GetSlotList", rv,
                                   module->name);
    for (CK_ULONG i = 0; rv == CKR_OK && i < count && env_ok(r); i++)
        r = look_at_slot(tokens, module, slots[i], g);
    free(slots);
    return r;
}

/* Adds the serial numbers to the names of tokens that share a label. */
static void tell_apart(struct env_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        struct env_token *token = tokens->list[i];
        bool alone = true;

        for (size_t j = 0; j < tokens->count && alone; j++)
            alone = i == j || memcmp(token->name.label, tokens->list[j]->name.label,
                                     sizeof(token->name.label)) != 0;
        if (!alone)
            env_seen_name(token->where, sizeof(token->where), &token->info);
    }
}

void env_tokens_there(const struct env_tokens *tokens, char out[ENV_SEEN_TEXT])
{
    struct env_seen seen = {0};

    for (size_t i = 0; i < tokens->count; i++)
        env_seen_token(&seen, &tokens->list[i]->info);
    env_seen_text(&seen, out);
}

static void drop_tokens(struct env_tokens *tokens, const struct env_module *only, bool call_modules)
{
    size_t left = 0;

    for (size_t i = 0; i < tokens->count; i++) {
        if (tokens->list[i] == NULL)
            continue;
        if (only != NULL && tokens->list[i]->module != only)
            tokens->list[left++] = tokens->list[i];
        else
            free_token(tokens->list[i], call_modules);
    }
    tokens->count = left;
}

/*
 * The token that was wanted may be in a slot that failed, so that is reported. A module that does
 * not start is the reason only if no other started. Otherwise it is mentioned: p11-kit often knows
 * a module whose hardware is not there.
 */
static ENV_RESULT no_token(const struct env_config *config, const char *shown, struct gathering *g)
{
    const char *where =
        config->module_path != NULL ? config->module_path : "the modules that p11-kit knows";
    char there[ENV_SEEN_TEXT];

    env_seen_text(&g->seen, there);
    if (g->detail->reason != ENV_R_NONE)
        return ENV_FAIL(g->detail->reason);
    if (g->not_started.reason == ENV_R_NONE)
        return env_error_detail(g->detail, ENV_R_NO_TOKEN, "wanted: %s (%.128s); %s", shown, where,
                                there);
    if (g->started > 0)
        return env_error_detail(g->detail, ENV_R_NO_TOKEN, "wanted: %s (%.128s; %.256s); %s", shown,
                                where, g->not_started.text, there);
    *g->detail = g->not_started;
    return ENV_FAIL(g->detail->reason);
}

ENV_RESULT env_tokens_refresh(const struct env_config *config, struct env_tokens *tokens,
                              struct env_error_detail *detail)
{
    struct gathering g = {.detail = detail, .wait_seconds = config->session_wait_seconds};
    char shown[ENV_URI_TEXT] = "any token";
    ENV_RESULT r = ENV_OK;

    detail->reason = ENV_R_NONE;
    tokens->unseen.reason = ENV_R_NONE;
    if (config->token != NULL) {
        ENV_TRY(env_uris_parse(config->token, "token", &g.wanted, detail));
        env_uri_shown(shown, sizeof(shown), config->token);
    }
    if (config->only_tokens != NULL) {
        r = env_uris_parse(config->only_tokens, "kek", &g.only, detail);
        env_uri_shown(shown, sizeof(shown), config->only_tokens);
    }
    for (size_t i = 0; i < tokens->modules.count && env_ok(r); i++)
        r = look_at_module(tokens, &tokens->modules.list[i], &g);
    env_uris_free(&g.wanted);
    env_uris_free(&g.only);
    drop_tokens(tokens, NULL, true);
    free(tokens->list);
    tokens->list = g.list;
    tokens->count = g.count;
    tell_apart(tokens);
    tokens->epoch = env_new_epoch();
    /* the list is incomplete, and must not pass for the full one */
    if (!env_ok(r)) {
        drop_tokens(tokens, NULL, true);
        return r;
    }
    if (detail->reason != ENV_R_NONE)
        tokens->unseen = *detail;
    if (g.count > 0)
        return r;
    return no_token(config, shown, &g);
}

static void restart_module(struct env_module *module)
{
    env_module_finalise(module);
    module->restarts++;
}

ENV_RESULT env_tokens_restart(const struct env_config *config, struct env_tokens *tokens,
                              struct env_module *only, struct env_error_detail *detail)
{
    drop_tokens(tokens, only, true);
    for (size_t i = 0; i < tokens->modules.count; i++) {
        if (only == NULL || only == &tokens->modules.list[i])
            restart_module(&tokens->modules.list[i]);
    }
    return env_tokens_refresh(config, tokens, detail);
}

ENV_RESULT env_tokens_open(const struct env_config *config, const struct env_rsa_source *source,
                           struct env_tokens **out, struct env_error_detail *detail)
{
    struct env_tokens *tokens = calloc(1, sizeof(*tokens));
    ENV_RESULT r;

    *out = NULL;
    if (tokens == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "the list of tokens");
    tokens->generation = env_fork_generation();
    tokens->source = source;
    r = env_modules_load(config, &tokens->modules, detail);
    if (!env_ok(r)) {
        free(tokens);
        return r;
    }
    r = env_tokens_refresh(config, tokens, detail);
    *out = tokens;
    return r;
}

struct env_token *env_tokens_of_epoch(const struct env_tokens *tokens, uint64_t epoch)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (atomic_load(&tokens->list[i]->sessions.epoch) == epoch)
            return tokens->list[i];
    }
    return NULL;
}

struct env_token *env_tokens_named(const struct env_tokens *tokens,
                                   const struct env_token_name *name)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (memcmp(&tokens->list[i]->name, name, sizeof(*name)) == 0)
            return tokens->list[i];
    }
    return NULL;
}

bool env_tokens_only(const struct env_tokens *tokens, const struct env_token_name *name)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (memcmp(&tokens->list[i]->name, name, sizeof(*name)) != 0)
            return false;
    }
    return true;
}

void env_tokens_close(struct env_tokens *tokens, bool call_modules)
{
    if (tokens == NULL)
        return;
    drop_tokens(tokens, NULL, call_modules);
    free(tokens->list);
    if (call_modules)
        env_modules_release(&tokens->modules);
    else
        env_modules_forget(&tokens->modules);
    free(tokens);
}
