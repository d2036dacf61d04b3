/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/login.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/pin_memory.h"

/*
 * One login at a time in the process, so that two threads cannot try the same wrong PIN. The list
 * of tokens that refused a PIN lasts as long as the process, and its children inherit it.
 */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct env_token_name *refused;
static size_t refused_count;

__attribute__((destructor)) static void free_refusals(void)
{
    if (pthread_mutex_trylock(&one_at_a_time) != 0)
        return; /* a thread may still run while the process ends */
    free(refused);
    refused = NULL;
    refused_count = 0;
    (void)pthread_mutex_unlock(&one_at_a_time);
}

static bool was_refused(const struct env_token *token)
{
    for (size_t i = 0; i < refused_count; i++) {
        if (memcmp(&refused[i], &token->name, sizeof(token->name)) == 0)
            return true;
    }
    return false;
}

/* Makes room for one more refusal before a PIN is tried: recording it must not fail afterwards. */
static ENV_RESULT make_room(struct env_error_detail *detail)
{
    struct env_token_name *more = realloc(refused, (refused_count + 1) * sizeof(*refused));

    if (more == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "login");
    refused = more;
    return ENV_OK;
}

/*
 * Not every token has a code for a wrong PIN. A token that counts the tries shows that one was used
 * up.
 */
static bool was_counted(const struct env_token *token, CK_FLAGS before)
{
    const CK_FLAGS fewer = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
    CK_TOKEN_INFO info = {0};

    return ENV_P11(token->fn->C_GetTokenInfo(token->slot, &info)) == CKR_OK &&
           (info.flags & fewer & ~before) != 0;
}

/* SoftHSM does not lock its files, and reports a file that it read half-written as a wrong PIN. */
static bool may_pass(const struct env_token *token, CK_RV rv)
{
    static const char softhsm[] = "SoftHSM project";

    return env_ckr_half_written(rv) &&
           memcmp(token->name.manufacturer, softhsm, sizeof(softhsm) - 1) == 0;
}

/* The module does not support this login, or does not need it. The use of the key will show. */
static bool is_not_wanted(CK_USER_TYPE user, CK_RV rv)
{
    return user == CKU_CONTEXT_SPECIFIC &&
           (rv == CKR_OPERATION_NOT_INITIALIZED || rv == CKR_USER_TYPE_INVALID ||
            rv == CKR_FUNCTION_NOT_SUPPORTED);
}

/* flags are the token's before the attempt. */
static ENV_RESULT try_pin(struct env_token *token, const struct env_session *session,
                          CK_USER_TYPE user, const struct env_pin *pin, CK_FLAGS flags,
                          struct env_error_detail *detail)
{
    CK_RV rv = ENV_P11(token->fn->C_Login(session->handle, user, pin->bytes, (CK_ULONG)pin->len));

    if (is_not_wanted(user, rv))
        return ENV_OK;
    switch (rv) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
        return ENV_OK;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        refused[refused_count++] = token->name;
        return env_error_detail_ckr(detail, ENV_R_PIN_WRONG, "C_Login", rv, token->where);
    case CKR_PIN_LOCKED:
        return env_error_detail_ckr(detail, ENV_R_PIN_LOCKED, "C_Login", rv, token->where);
    default:
        break;
    }
    (void)env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_Login", rv, token->where);
    if (may_pass(token, rv))
        detail->loss = ENV_LOSS_MODULE;
    else if (env_ckr_ambiguous(rv)) /* it may even mean a wrong PIN, so there is no second try */
        detail->loss = ENV_LOSS_NONE;
    if (was_counted(token, flags)) {
        refused[refused_count++] = token->name;
        detail->reason = ENV_R_PIN_WRONG;
        detail->loss = ENV_LOSS_NONE;
    }
    return ENV_FAIL(detail->reason);
}

/* Checks how many tries the token says are left. */
static ENV_RESULT look_at_tries(const struct env_token *token,
                                const struct env_pin_sources *sources, CK_TOKEN_INFO *info,
                                struct env_error_detail *detail)
{
    CK_RV rv = ENV_P11(token->fn->C_GetTokenInfo(token->slot, info));

    if (rv != CKR_OK)
        return env_error_detail_ckr(detail, ENV_R_TOKEN_FAILED, "C_GetTokenInfo", rv, token->where);
    if ((info->flags & CKF_USER_PIN_LOCKED) != 0)
        return env_error_detail(detail, ENV_R_PIN_LOCKED, "%s", token->where);
    if ((info->flags & CKF_USER_PIN_FINAL_TRY) != 0 && !sources->config->pin_final_try_on)
        return env_error_detail(detail, ENV_R_PIN_FINAL_TRY, "%s", token->where);
    return ENV_OK;
}

/*
 * With pin-failure-memory, processes take turns: each sees what the one before learned, and the
 * number of tries it left.
 */
static ENV_RESULT try_in_turn(struct env_token *token, const struct env_session *session,
                              CK_USER_TYPE user, const struct env_pin_sources *sources,
                              const struct env_pin *pin, struct env_error_detail *detail)
{
    struct env_pin_memory memory;
    CK_TOKEN_INFO info = {0};
    ENV_RESULT r;

    env_pin_memory_begin(&memory, sources, token);
    r = look_at_tries(token, sources, &info, detail);
    if (env_ok(r))
        r = env_pin_memory_check(&memory, pin, detail);
    if (env_ok(r))
        r = try_pin(token, session, user, pin, info.flags, detail);
    if (r.reason == ENV_R_PIN_WRONG)
        env_pin_memory_add(&memory, pin, detail);
    env_pin_memory_end(&memory);
    return r;
}

static ENV_RESULT log_in(struct env_token *token, const struct env_session *session,
                         CK_USER_TYPE user, struct env_pin_sources *sources,
                         struct env_error_detail *detail)
{
    struct env_pin pin = {NULL, 0};
    CK_TOKEN_INFO info = {0};
    ENV_RESULT r = ENV_OK;

    if (was_refused(token))
        return env_error_detail(detail, ENV_R_PIN_WRONG, "%s", token->where);
    ENV_TRY(look_at_tries(token, sources, &info, detail));
    ENV_TRY(make_room(detail));
    if ((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0)
        r = env_pin_get(sources, token, &pin, detail);
    if (env_ok(r) && sources->config->pin_failure_memory != NULL && pin.bytes != NULL)
        r = try_in_turn(token, session, user, sources, &pin, detail);
    else if (env_ok(r))
        r = try_pin(token, session, user, &pin, info.flags, detail);
    env_pin_clear(&pin);
    return r;
}

ENV_RESULT env_login(struct env_token *token, const struct env_session *session,
                     struct env_pin_sources *sources, struct env_error_detail *detail)
{
    uint64_t epoch = session->epoch;
    ENV_RESULT r = ENV_OK;

    if ((token->info.flags & CKF_LOGIN_REQUIRED) == 0 || atomic_load(&token->login_epoch) == epoch)
        return ENV_OK;
    (void)pthread_mutex_lock(&one_at_a_time);
    if (atomic_load(&token->login_epoch) != epoch) {
        r = log_in(token, session, CKU_USER, sources, detail);
        if (env_ok(r))
            atomic_store(&token->login_epoch, epoch);
    }
    (void)pthread_mutex_unlock(&one_at_a_time);
    return r;
}

static bool user_is_logged_in(const struct env_token *token, const struct env_session *session)
{
    CK_SESSION_INFO info = {0};

    /* anything else wrong with the session shows at the next call */
    return ENV_P11(token->fn->C_GetSessionInfo(session->handle, &info)) != CKR_OK ||
           info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

ENV_RESULT env_login_check(struct env_token *token, const struct env_session *session,
                           struct env_pin_sources *sources, struct env_error_detail *detail)
{
    uint64_t epoch = session->epoch;

    if ((token->info.flags & CKF_LOGIN_REQUIRED) != 0 && !user_is_logged_in(token, session))
        (void)atomic_compare_exchange_strong(&token->login_epoch, &epoch, 0);
    return env_login(token, session, sources, detail);
}

ENV_RESULT env_login_for_use(struct env_token *token, const struct env_session *session,
                             struct env_pin_sources *sources, struct env_error_detail *detail)
{
    ENV_RESULT r;

    (void)pthread_mutex_lock(&one_at_a_time);
    r = log_in(token, session, CKU_CONTEXT_SPECIFIC, sources, detail);
    (void)pthread_mutex_unlock(&one_at_a_time);
    return r;
}
