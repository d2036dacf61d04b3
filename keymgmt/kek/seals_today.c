/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/seals_today.h"

#include "keymgmt/kek/may_open.h"
#include "keymgmt/kek/taken_away.h"

ENV_RESULT env_kek_has_begun(struct env_token_kek *kek, struct env_error_detail *detail)
{
    const struct env_dates dates = env_kek_dates(kek);
    char text[ENV_DATE_TEXT];

    if (dates.first == 0 || env_date_today() >= dates.first)
        return ENV_OK;
    return env_error_detail(detail, ENV_R_KEK_NOT_YET, "%s: it seals from %s on", kek->where,
                            env_date_text(dates.first, text));
}

ENV_RESULT env_kek_seals_today(struct env_token_kek *kek, struct env_error_detail *detail)
{
    const struct env_dates dates = env_kek_dates(kek);
    const int64_t today = env_date_today();
    char text[ENV_DATE_TEXT];

    if (kek->head.token_set->config->expired_allowed)
        return ENV_OK;
    if (dates.unread)
        return env_error_detail(detail, ENV_R_KEK_DATES,
                                "%s: its CKA_START_DATE or CKA_END_DATE is not a valid date",
                                kek->where);
    if (dates.last != 0 && dates.last < dates.first)
        return env_error_detail(detail, ENV_R_KEK_DATES, "%s: its last day is before its first",
                                kek->where);
    ENV_TRY(env_kek_has_begun(kek, detail));
    if (dates.last != 0 && today > dates.last)
        return env_error_detail(detail, ENV_R_KEK_EXPIRED, "%s: its last day was %s", kek->where,
                                env_date_text(dates.last, text));
    return ENV_OK;
}

ENV_RESULT env_kek_may_seal_now(struct env_token_kek *kek, struct env_error_detail *detail)
{
    ENV_TRY(env_kek_taken_away(kek, true, detail));
    ENV_TRY(env_may_seal(kek, detail));
    return env_kek_seals_today(kek, detail);
}
