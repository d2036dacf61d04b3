/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/destroy_kek.h"

#include <stdatomic.h>

#include "keymgmt/generate_key.h"
#include "keymgmt/kek/single_kek.h"
#include "keymgmt/token/attempt.h"
#include "keymgmt/token/kept_dates.h"
#include "keymgmt/token/login.h"

static ENV_RESULT destroy(const struct env_token_kek *kek, struct env_token *token,
                          const struct env_session *session, struct env_error_detail *detail)
{
    const struct env_kek_request request = {
        .type = kek->attributes.rsa ? ENV_KEK_RSA : ENV_KEK_AES,
        .label = kek->attributes.label,
    };
    const struct env_key_plan plan = {.request = &request, .id = &kek->id};

    env_rsa_index_forget(&token->rsa_index);
    env_aes_index_forget(&token->aes_index);
    ENV_TRY(env_destroy_made(token, session, &plan, detail));
    env_kept_dates_destroy(token, session->handle, &kek->id);
    return ENV_OK;
}

static ENV_RESULT attempt(struct env_token_set *token_set, void *arg, enum env_loss cured,
                          struct env_blame *blame, struct env_error_detail *detail)
{
    const struct env_token_kek *kek = arg;
    struct env_token *token = env_tokens_named(token_set->tokens, &kek->token);
    struct env_session session;
    ENV_RESULT r;

    (void)cured;
    if (token == NULL)
        return env_error_detail(detail, ENV_R_NO_TOKEN, "%s: the token is gone", kek->where);
    blame->token = token;
    blame->token_epoch = atomic_load(&token->sessions.epoch);
    ENV_TRY(env_token_set_session_to_write(token_set, token, &session, detail));
    r = env_login_check(token, &session, &token_set->pins, detail);
    if (env_ok(r))
        r = destroy(kek, token, &session, detail);
    env_session_give(&token->sessions, &session, false);
    return r;
}

ENV_RESULT env_destroy_kek(struct env_token_set *token_set, struct env_kek *kek,
                           struct env_error_detail *detail)
{
    struct env_token_kek *one = env_token_kek_from(kek);

    if (one == NULL)
        return env_error_detail(detail, ENV_R_KEK_NOT_FOUND, "it is on several tokens");
    env_kek_cache_remove(&token_set->cache, kek);
    return env_token_set_attempt(token_set, attempt, one, detail);
}
