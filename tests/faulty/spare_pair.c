/* SPDX-License-Identifier: Apache-2.0 */
#include "spare_pair.h"

#include <stdint.h>
#include <string.h>

#include "underneath.h"

#define NAMES_MAX 3u

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label,
                  CK_OBJECT_HANDLE *found)
{
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
    };
    CK_FUNCTION_LIST *fn = underneath();
    CK_ULONG count = 0;
    CK_RV rv = fn->C_FindObjectsInit(session, template, 2);

    if (rv != CKR_OK)
        return rv;
    rv = fn->C_FindObjects(session, found, 1, &count);
    (void)fn->C_FindObjectsFinal(session);
    return rv == CKR_OK && count == 0 ? CKR_FUNCTION_FAILED : rv;
}

static CK_RV copy(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label,
                  const CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *made)
{
    CK_ATTRIBUTE names[NAMES_MAX];
    CK_ULONG n = 0;
    CK_OBJECT_HANDLE spare;
    CK_RV rv = find(session, class, label, &spare);

    for (CK_ULONG i = 0; i < count && n < NAMES_MAX; i++) {
        if (template[i].type == CKA_TOKEN || template[i].type == CKA_LABEL ||
            template[i].type == CKA_ID)
            names[n++] = template[i];
    }
    return rv == CKR_OK ? underneath()->C_CopyObject(session, spare, names, n, made) : rv;
}

CK_RV spare_pair_copy(CK_SESSION_HANDLE session, const char *label, const CK_ATTRIBUTE *public,
                      CK_ULONG public_count, const CK_ATTRIBUTE *private, CK_ULONG private_count,
                      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    CK_RV rv = copy(session, CKO_PUBLIC_KEY, label, public, public_count, public_key);

    if (rv != CKR_OK)
        return rv;
    rv = copy(session, CKO_PRIVATE_KEY, label, private, private_count, private_key);
    if (rv != CKR_OK)
        (void)underneath()->C_DestroyObject(session, *public_key);
    return rv;
}
