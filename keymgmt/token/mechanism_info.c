/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/mechanism_info.h"

#include <stdatomic.h>

CK_RV env_mechanism_flags(struct env_token *token, unsigned index, CK_MECHANISM_TYPE type,
                          CK_FLAGS *flags)
{
    struct env_mechanism_flags *known = &token->mechanisms[index];
    CK_MECHANISM_INFO answer = {0}; /* SoftHSM only sets flags in what it is given */
    CK_RV rv;

    if (atomic_load(&known->known)) { /* the flags are stored before `known` is set */
        *flags = atomic_load(&known->flags);
        return CKR_OK;
    }
    rv = ENV_P11(token->fn->C_GetMechanismInfo(token->slot, type, &answer));
    if (rv == CKR_OK)
        *flags = answer.flags;
    else if (env_ckr_loss(rv) == ENV_LOSS_NONE && !env_ckr_ambiguous(rv) &&
             !env_ckr_says_nothing(rv))
        *flags = 0; /* the token does not have the mechanism; codes differ */
    else
        return rv;
    atomic_store(&known->flags, *flags);
    atomic_store(&known->known, *flags != 0); /* a missing mechanism is asked for again */
    return CKR_OK;
}

void env_mechanisms_forget(struct env_token *token)
{
    atomic_store(&token->vendor, 0);
    for (unsigned i = 0; i < ENV_MECHANISMS; i++) {
        atomic_store(&token->mechanisms[i].known, false);
        atomic_store(&token->numbers[i], 0);
    }
}

bool env_key_allows(const struct env_key_attributes *key, CK_MECHANISM_TYPE type)
{
    bool allowed = !key->restricted;

    for (size_t i = 0; i < key->allowed_count && !allowed; i++)
        allowed = key->allowed[i] == type;
    return allowed;
}
