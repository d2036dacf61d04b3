/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/padding.h"

#include <string.h>

#include "envelope/base/printable.h"

static size_t length_of(const unsigned char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\0'))
        len--;
    return len;
}

/* Empty text stays empty: in a URI it stands for an attribute that is not given. */
static void pad(unsigned char *text, size_t size)
{
    size_t len = length_of(text, size);

    if (len > 0)
        memset(text + len, ' ', size - len);
}

void env_padding_of_token(CK_TOKEN_INFO *info)
{
    pad(info->label, sizeof(info->label));
    pad(info->manufacturerID, sizeof(info->manufacturerID));
    pad(info->model, sizeof(info->model));
    pad(info->serialNumber, sizeof(info->serialNumber));
}

void env_padding_of_slot(CK_SLOT_INFO *info)
{
    pad(info->slotDescription, sizeof(info->slotDescription));
    pad(info->manufacturerID, sizeof(info->manufacturerID));
}

void env_padding_of_module(CK_INFO *info)
{
    pad(info->manufacturerID, sizeof(info->manufacturerID));
    pad(info->libraryDescription, sizeof(info->libraryDescription));
}

void env_padding_shown(char *out, size_t size, const unsigned char *text, size_t len)
{
    env_printable(out, size, text, length_of(text, len));
}
