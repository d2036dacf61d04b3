/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/keep_dates.h"

#include "keymgmt/token/kept_dates.h"

ENV_RESULT env_keep_dates(const struct env_token *token, const struct env_session *session,
                          const struct env_dates *wanted, struct env_key_attributes *key,
                          struct env_error_detail *detail)
{
    CK_RV rv;

    if (wanted->first == 0 && wanted->last == 0)
        return ENV_OK;
    if (key->dates.unread) {
        rv = env_kept_dates_write(token, session->handle, &key->id, wanted);
        if (rv != CKR_OK)
            return env_error_detail_ckr(detail, ENV_R_KEK_NOT_MADE, "C_CreateObject", rv,
                                        token->where);
        rv = env_read_key(token, session, key->handle, key);
        if (rv != CKR_OK)
            return env_error_detail_ckr(detail, ENV_R_KEK_NOT_MADE, "C_GetAttributeValue", rv,
                                        token->where);
    }
    if (key->dates.unread || key->dates.first != wanted->first || key->dates.last != wanted->last)
        return env_error_detail(detail, ENV_R_KEK_DATES, "%s does not keep them", token->where);
    return ENV_OK;
}
