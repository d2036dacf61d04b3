/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/key_use.h"

ENV_RESULT env_key_use_failed(const struct env_key_use *use, enum env_reason reason,
                              const char *function, CK_RV rv)
{
    return env_error_detail_ckr(use->detail, reason, function, rv, use->where);
}
