/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/rsa_key_pair.h"

#include <stdlib.h>

static bool reference_of(const struct env_rsa_source *source, const struct env_token *token,
                         CK_SESSION_HANDLE session, CK_OBJECT_HANDLE private_key,
                         struct env_kek_id *id)
{
    const struct env_session reading = {.handle = session};
    struct env_key_attributes *key = malloc(sizeof(*key));
    bool ok = key != NULL && env_read_key(token, &reading, private_key, key) == CKR_OK &&
              key->modulus_len > 0 && key->exponent_len > 0 &&
              env_rsa_reference(source, (struct env_span){key->modulus, key->modulus_len},
                                (struct env_span){key->exponent, key->exponent_len}, id);

    free(key);
    return ok;
}

static bool set_id(const struct env_token *token, CK_SESSION_HANDLE session,
                   CK_OBJECT_HANDLE object, const struct env_kek_id *id)
{
    CK_ATTRIBUTE attribute = {CKA_ID, (void *)(uintptr_t)id->bytes, (CK_ULONG)id->len};

    return ENV_P11(token->fn->C_SetAttributeValue(session, object, &attribute, 1)) == CKR_OK;
}

void env_rsa_pair_name(const struct env_rsa_source *source, const struct env_token *token,
                       CK_SESSION_HANDLE session, const struct env_rsa_key_pair *pair,
                       const struct env_kek_id *id, struct env_kek_id *given)
{
    struct env_kek_id reference;

    if (!reference_of(source, token, session, pair->private_key, &reference))
        return;
    *given = reference;
    if (set_id(token, session, pair->public_key, given) &&
        !set_id(token, session, pair->private_key, given))
        (void)set_id(token, session, pair->public_key, id);
}
