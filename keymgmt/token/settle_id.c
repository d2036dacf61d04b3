/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/find_key.h"
#include "keymgmt/token/key_reference.h"

CK_RV env_key_settle_id(const struct env_token *token, const struct env_session *session,
                        struct env_key_attributes *key)
{
    const size_t len = key->id.len;
    CK_ATTRIBUTE attribute = {CKA_ID, key->cka_id, sizeof(key->cka_id)};
    bool known = false;
    CK_RV rv;

    if (len >= 1 && len <= ENV_KEK_ID_MAX)
        return CKR_OK;
    if (len > ENV_KEK_ID_MAX && len <= sizeof(key->cka_id)) {
        rv = ENV_P11(token->fn->C_GetAttributeValue(session->handle, key->handle, &attribute, 1));
        if (rv != CKR_OK)
            return rv;
        if (attribute.ulValueLen != len)
            return CKR_GENERAL_ERROR;
        key->cka_id_len = len;
    }
    if (key->rsa && key->modulus_len > 0 && key->exponent_len > 0)
        known = env_rsa_reference(token->source, (struct env_span){key->modulus, key->modulus_len},
                                  (struct env_span){key->exponent, key->exponent_len}, &key->id);
    else if (!key->rsa && key->cka_id_len > 0)
        known = env_long_id_reference(token->source,
                                      (struct env_span){key->cka_id, key->cka_id_len}, &key->id);
    key->id_is_made = known;
    if (!known)
        key->id.len = len;
    return CKR_OK;
}
