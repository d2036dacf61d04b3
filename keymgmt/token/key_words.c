/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/find_key.h"

#include <stdio.h>

#include "envelope/base/printable.h"
#include "keymgmt/token/padding.h"

void env_key_refused(struct env_refused_kek *out, const struct env_key_attributes *key,
                     const struct env_token_name *token)
{
    out->known = true;
    out->id.len = 0;
    if (key->id.len <= ENV_KEK_ID_MAX)
        out->id = key->id;
    env_padding_shown(out->token, sizeof(out->token), token->label, sizeof(token->label));
    env_printable(out->label, sizeof(out->label), key->label, key->label_len);
}

void env_key_described(char *out, size_t size, const struct env_key_attributes *key,
                       const struct env_token *token)
{
    char label[64];
    char hex[ENV_HEX_TEXT] = "none";

    env_printable(label, sizeof(label), key->label, key->label_len);
    if (key->id.len > ENV_KEK_ID_MAX)
        (void)snprintf(hex, sizeof(hex), "of %zu bytes", key->id.len);
    else if (key->id.len > 0)
        env_hex(hex, sizeof(hex), key->id.bytes, key->id.len);
    (void)snprintf(out, size, "key '%s' (id %s) of %s", label, hex, token->where);
}
