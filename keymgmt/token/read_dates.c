/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/read_dates.h"

#include "keymgmt/token/kept_dates.h"

static bool is_blank(const CK_BYTE *text, size_t len)
{
    while (len > 0 && (text[len - 1] == '\0' || text[len - 1] == ' ' || text[len - 1] == '0'))
        len--;
    return len == 0;
}

/* A key without the date lacks the attribute, or has it empty or blank. */
static CK_RV read_date(const struct env_token *token, CK_SESSION_HANDLE session,
                       CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, int64_t *day, bool *unread)
{
    CK_BYTE date[sizeof(CK_DATE)] = {0};
    CK_ATTRIBUTE attribute = {type, date, sizeof(date)};
    CK_RV rv = ENV_P11(token->fn->C_GetAttributeValue(session, key, &attribute, 1));

    if (rv == CKR_BUFFER_TOO_SMALL) { /* confirmed by a second read */
        attribute.ulValueLen = sizeof(date);
        rv = ENV_P11(token->fn->C_GetAttributeValue(session, key, &attribute, 1));
    }
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE)
        return CKR_OK;
    if (rv == CKR_BUFFER_TOO_SMALL) {
        *unread = true;
        return CKR_OK;
    }
    if (rv != CKR_OK || attribute.ulValueLen == 0 ||
        attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || is_blank(date, sizeof(date)))
        return rv;
    /* as a last day, 1970-01-01 would be no limit */
    if (attribute.ulValueLen != sizeof(date) ||
        !env_date_read((const char *)date, sizeof(date), false, day) ||
        (type == CKA_END_DATE && *day == 0))
        *unread = true;
    return CKR_OK;
}

static CK_RV read_both(const struct env_token *token, CK_SESSION_HANDLE session,
                       CK_OBJECT_HANDLE key, struct env_dates *dates)
{
    CK_RV rv;

    *dates = (struct env_dates){0};
    rv = read_date(token, session, key, CKA_START_DATE, &dates->first, &dates->unread);
    if (rv == CKR_OK)
        rv = read_date(token, session, key, CKA_END_DATE, &dates->last, &dates->unread);
    return rv;
}

CK_RV env_read_dates(const struct env_token *token, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                     const struct env_kek_id *id, struct env_dates *dates)
{
    CK_KEY_TYPE type;
    CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
    bool found = false;
    CK_RV rv = read_both(token, session, key, dates);

    if (!env_ckr_ambiguous(rv))
        return rv;
    /* Only the attribute is at fault if the token answers everything else. */
    rv = ENV_P11(token->fn->C_GetAttributeValue(session, key, &attribute, 1));
    if (rv == CKR_OK)
        rv = env_kept_dates_read(token, session, id, dates, &found);
    if (rv != CKR_OK || found)
        return rv;
    rv = read_both(token, session, key, dates); /* the failure may have passed */
    dates->unread = dates->unread || rv != CKR_OK;
    return env_ckr_ambiguous(rv) ? CKR_OK : rv;
}
