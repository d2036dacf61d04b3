/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/kept_dates.h"

#include <stdint.h>
#include <string.h>

#include "envelope/base/printable.h"

#define APPLICATION "envelope kek dates"
#define DIGITS 8u
#define VALUE_LEN (2 * DIGITS + 1)
#define OBJECTS_MAX 8u /* a key may have several: a copy may bring its own */
#define NONE "00000000"

/* The attributes that find the objects, and that a new one gets besides its value. */
struct object {
    CK_OBJECT_CLASS class;
    CK_BBOOL yes;
    char label[ENV_HEX_TEXT];
    CK_ULONG count;
    CK_ATTRIBUTE list[6];
};

static void describe(struct object *o, const struct env_kek_id *id)
{
    memset(o, 0, sizeof(*o));
    o->class = CKO_DATA;
    o->yes = CK_TRUE;
    env_hex(o->label, sizeof(o->label), id->bytes, id->len);
    o->list[o->count++] = (CK_ATTRIBUTE){CKA_CLASS, &o->class, sizeof(o->class)};
    o->list[o->count++] = (CK_ATTRIBUTE){CKA_TOKEN, &o->yes, sizeof(o->yes)};
    o->list[o->count++] = (CK_ATTRIBUTE){CKA_PRIVATE, &o->yes, sizeof(o->yes)};
    o->list[o->count++] =
        (CK_ATTRIBUTE){CKA_APPLICATION, (void *)(uintptr_t)APPLICATION, sizeof(APPLICATION) - 1};
    o->list[o->count++] = (CK_ATTRIBUTE){CKA_LABEL, o->label, (CK_ULONG)strlen(o->label)};
}

static CK_RV find(const struct env_token *token, CK_SESSION_HANDLE session,
                  const struct env_kek_id *id, CK_OBJECT_HANDLE found[OBJECTS_MAX], CK_ULONG *count)
{
    struct object o;
    CK_RV rv;
    CK_RV final;

    *count = 0;
    describe(&o, id);
    rv = ENV_P11(token->fn->C_FindObjectsInit(session, o.list, o.count));
    if (rv != CKR_OK)
        return rv;
    rv = ENV_P11(token->fn->C_FindObjects(session, found, OBJECTS_MAX, count));
    final = ENV_P11(token->fn->C_FindObjectsFinal(session));
    if (rv == CKR_OK && *count > OBJECTS_MAX)
        rv = CKR_GENERAL_ERROR;
    return rv != CKR_OK ? rv : final;
}

static bool read_day(const char *text, int64_t *day)
{
    return memcmp(text, NONE, DIGITS) == 0 || env_date_read(text, DIGITS, false, day);
}

/* 1970-01-01 would be no limit. */
static bool read_last_day(const char *text, int64_t *day)
{
    return read_day(text, day) && (*day != 0 || memcmp(text, NONE, DIGITS) == 0);
}

static CK_RV read_one(const struct env_token *token, CK_SESSION_HANDLE session,
                      CK_OBJECT_HANDLE object, struct env_dates *dates)
{
    char text[VALUE_LEN + 1] = "";
    CK_ATTRIBUTE value = {CKA_VALUE, text, sizeof(text)};
    struct env_dates one = {0};
    CK_RV rv = ENV_P11(token->fn->C_GetAttributeValue(session, object, &value, 1));

    if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
        return rv;
    one.unread = rv != CKR_OK || value.ulValueLen != VALUE_LEN || !read_day(text, &one.first) ||
                 !read_last_day(text + DIGITS + 1, &one.last);
    *dates = env_dates_both(dates, &one);
    return CKR_OK;
}

CK_RV env_kept_dates_read(const struct env_token *token, CK_SESSION_HANDLE session,
                          const struct env_kek_id *id, struct env_dates *dates, bool *found)
{
    CK_OBJECT_HANDLE objects[OBJECTS_MAX];
    CK_ULONG count = 0;
    CK_RV rv = CKR_OK;

    *dates = (struct env_dates){0};
    if (id->len >= 1 && id->len <= ENV_KEK_ID_MAX)
        rv = find(token, session, id, objects, &count);
    *found = rv == CKR_OK && count > 0;
    for (CK_ULONG i = 0; i < count && rv == CKR_OK; i++)
        rv = read_one(token, session, objects[i], dates);
    return rv;
}

CK_RV env_kept_dates_write(const struct env_token *token, CK_SESSION_HANDLE session,
                           const struct env_kek_id *id, const struct env_dates *dates)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    char text[VALUE_LEN + 1] = NONE "-" NONE;
    struct object o;

    if (dates->first != 0)
        env_date_digits(dates->first, text);
    if (dates->last != 0)
        env_date_digits(dates->last, text + DIGITS + 1);
    describe(&o, id);
    o.list[o.count++] = (CK_ATTRIBUTE){CKA_VALUE, text, VALUE_LEN};
    return ENV_P11(token->fn->C_CreateObject(session, o.list, o.count, &object));
}

void env_kept_dates_destroy(const struct env_token *token, CK_SESSION_HANDLE session,
                            const struct env_kek_id *id)
{
    CK_OBJECT_HANDLE objects[OBJECTS_MAX];
    CK_ULONG count;

    if (find(token, session, id, objects, &count) != CKR_OK)
        return;
    for (CK_ULONG i = 0; i < count; i++)
        (void)ENV_P11(token->fn->C_DestroyObject(session, objects[i]));
}
