/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/login.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * One login at a time in the process, so that two threads can not both try the same wrong PIN. The
 * tokens that refused one are kept for as long as the process lives, and its children inherit them.
 */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct env_token_name *refused;
static size_t refused_count;

__attribute__((destructor)) static void free_refusals(void)
{
    if (pthread_mutex_trylock(&one_at_a_time) != 0)
        return; /* a thread goes on while the process ends */
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

/* Room for one more refusal is made before a PIN is tried, since afterwards it has to be there. */
static ENV_RESULT make_room(struct env_fault *fault)
{
    struct env_token_name *more = realloc(refused, (refused_count + 1) * sizeof(*refused));

    if (more == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "login");
    refused = more;
    return ENV_OK;
}

/*
 * Not every token has a code of its own for a wrong PIN, but one that counts the tries says that
 * there are fewer of them now.
 */
static bool was_counted(const struct env_token *token, CK_FLAGS before)
{
    const CK_FLAGS fewer = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
    CK_TOKEN_INFO info = {0};

    return ENV_P11(token->fn->C_GetTokenInfo(token->slot, &info)) == CKR_OK &&
           (info.flags & fewer & ~before) != 0;
}

/* SoftHSM does not lock, and a wrong PIN it calls that. */
static bool may_pass(const struct env_token *token, CK_RV rv)
{
    static const char softhsm[] = "SoftHSM project";

    return env_ckr_half_written(rv) &&
           memcmp(token->name.manufacturer, softhsm, sizeof(softhsm) - 1) == 0;
}

/* flags: the token's, before. */
static ENV_RESULT try_pin(struct env_token *token, const struct env_session *session,
                          const struct env_pin *pin, CK_FLAGS flags, struct env_fault *fault)
{
    CK_RV rv =
        ENV_P11(token->fn->C_Login(session->handle, CKU_USER, pin->bytes, (CK_ULONG)pin->len));

    switch (rv) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
        return ENV_OK;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        refused[refused_count++] = token->name;
        return env_fault_ckr(fault, ENV_R_PIN_WRONG, "C_Login", rv, token->where);
    case CKR_PIN_LOCKED:
        return env_fault_ckr(fault, ENV_R_PIN_LOCKED, "C_Login", rv, token->where);
    default:
        break;
    }
    (void)env_fault_ckr(fault, ENV_R_TOKEN_FAILED, "C_Login", rv, token->where);
    if (may_pass(token, rv))
        fault->loss = ENV_LOSS_MODULE;
    else if (env_ckr_ambiguous(rv)) /* it may even mean a wrong PIN: no second try */
        fault->loss = ENV_LOSS_NONE;
    if (was_counted(token, flags)) {
        refused[refused_count++] = token->name;
        fault->reason = ENV_R_PIN_WRONG;
        fault->loss = ENV_LOSS_NONE;
    }
    return ENV_FAIL(fault->reason);
}

static ENV_RESULT may_try(const struct env_token *token, const struct env_pin_sources *sources,
                          CK_FLAGS flags, struct env_fault *fault)
{
    if ((flags & CKF_USER_PIN_LOCKED) != 0)
        return env_fault(fault, ENV_R_PIN_LOCKED, "%s", token->where);
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && !sources->config->pin_final_try_on)
        return env_fault(fault, ENV_R_PIN_FINAL_TRY, "%s", token->where);
    return ENV_OK;
}

static ENV_RESULT log_in(struct env_token *token, const struct env_session *session,
                         struct env_pin_sources *sources, struct env_fault *fault)
{
    struct env_pin pin = {NULL, 0};
    CK_TOKEN_INFO info = {0};
    ENV_RESULT r = ENV_OK;
    CK_RV rv;

    if (was_refused(token))
        return env_fault(fault, ENV_R_PIN_WRONG, "%s", token->where);
    rv = ENV_P11(token->fn->C_GetTokenInfo(token->slot, &info));
    if (rv != CKR_OK)
        return env_fault_ckr(fault, ENV_R_TOKEN_FAILED, "C_GetTokenInfo", rv, token->where);
    ENV_TRY(may_try(token, sources, info.flags, fault));
    ENV_TRY(make_room(fault));
    if ((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0)
        r = env_pin_get(sources, token, &pin, fault);
    if (env_ok(r))
        r = try_pin(token, session, &pin, info.flags, fault);
    env_pin_clear(&pin);
    return r;
}

ENV_RESULT env_login(struct env_token *token, const struct env_session *session,
                     struct env_pin_sources *sources, struct env_fault *fault)
{
    uint64_t epoch = session->epoch;
    ENV_RESULT r = ENV_OK;

    if ((token->info.flags & CKF_LOGIN_REQUIRED) == 0 || atomic_load(&token->login_epoch) == epoch)
        return ENV_OK;
    (void)pthread_mutex_lock(&one_at_a_time);
    if (atomic_load(&token->login_epoch) != epoch) {
        r = log_in(token, session, sources, fault);
        if (env_ok(r))
            atomic_store(&token->login_epoch, epoch);
    }
    (void)pthread_mutex_unlock(&one_at_a_time);
    return r;
}

static bool user_is_logged_in(const struct env_token *token, const struct env_session *session)
{
    CK_SESSION_INFO info = {0};

    /* What else is wrong with the session shows at the next call. */
    return ENV_P11(token->fn->C_GetSessionInfo(session->handle, &info)) != CKR_OK ||
           info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

ENV_RESULT env_login_check(struct env_token *token, const struct env_session *session,
                           struct env_pin_sources *sources, struct env_fault *fault)
{
    uint64_t epoch = session->epoch;

    if ((token->info.flags & CKF_LOGIN_REQUIRED) != 0 && !user_is_logged_in(token, session))
        (void)atomic_compare_exchange_strong(&token->login_epoch, &epoch, 0);
    return env_login(token, session, sources, fault);
}
