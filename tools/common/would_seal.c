/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/would_seal.h"

#include <openssl/err.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "keymgmt/token/kek_scope.h"

static ENV_RESULT judge_days(const struct tool_run *run, const struct env_kek_info *info)
{
    const struct env_errors *errors = &run->keys->errors;
    const struct env_dates *dates = &info->dates;
    char text[2][ENV_DATE_TEXT];

    if (dates->unread)
        return ENV_RAISE(errors, ENV_R_KEK_DATES, "%s: one of its dates is not a day", info->label);
    if (dates->last != 0 && dates->last < dates->first)
        return ENV_RAISE(errors, ENV_R_KEK_DATES, "%s: its last day, %s, is before its first, %s",
                         info->label, env_date_text(dates->last, text[0]),
                         env_date_text(dates->first, text[1]));
    if (dates->last != 0 && dates->last < env_date_today())
        return ENV_RAISE(errors, ENV_R_KEK_EXPIRED, "%s: its last day was %s", info->label,
                         env_date_text(dates->last, text[0]));
    return ENV_OK;
}

/* What selecting leaves to the moment of sealing shows when it wraps. */
static ENV_RESULT wrap(const struct tool_run *run, struct env_kek *kek)
{
    uint8_t *dek = env_secret_alloc(ENV_DEK_LEN);
    struct env_wrapped wrapped;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (dek != NULL)
        r = env_random_private(run->keys->dek.crypto, dek, ENV_DEK_LEN);
    if (env_ok(r))
        r = kek->vtable->wrap(kek, dek, &wrapped);
    env_secret_free(dek, ENV_DEK_LEN);
    return r;
}

/* Its copies are known afterwards, and what their dates say together. */
static ENV_RESULT try(const struct tool_run *run, const char *name, struct env_kek_info *found)
{
    struct env_keyring *keyring = run->keys->dek.keyring;
    const struct env_selector selector = {.name = name};
    struct env_kek_list keks;
    ENV_RESULT r;

    env_kek_list_init(&keks);
    r = keyring->vtable->select(keyring, &selector, &keks);
    for (size_t i = 0; env_ok(r) && i < keks.count; i++) {
        r = wrap(run, keks.keks[i]);
        keks.keks[i]->vtable->describe(keks.keks[i], found);
    }
    env_kek_list_clear(&keks);
    return r;
}

ENV_RESULT tool_would_seal(struct tool_run *run, const struct env_kek_info *info, bool dates_count)
{
    bool *allowed = &run->keys->settings.config.expired_allowed;
    const bool before = *allowed;
    struct env_kek_info found = *info;
    ENV_RESULT r;

    if (dates_count)
        ENV_TRY(judge_days(run, info));
    *allowed = true; /* it is tried, whatever day it is */
    r = try(run, info->label, &found);
    if (r.reason == ENV_R_KEK_AMBIGUOUS &&
        env_kek_by_uri(&run->keys->settings.config, info->label)) {
        ERR_clear_error();
        r = try(run, info->uri, &found);
    }
    *allowed = before;
    return env_ok(r) && dates_count ? judge_days(run, &found) : r;
}

bool tool_never_seals(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_SELF_TEST:
    case ENV_R_KEK_DIFFERS:
    case ENV_R_KEK_TOKEN_NONCE:
    case ENV_R_TOKEN_IV:
    case ENV_R_TOKEN_IV_MOVED:
    case ENV_R_KEK_EXPIRED:
    case ENV_R_KEK_DISABLED:
    case ENV_R_KEK_OPENS_ONLY:
        return true;
    default:
        return env_kek_is_refused(reason);
    }
}
