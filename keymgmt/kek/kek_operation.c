/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/kek_operation.h"

bool env_kek_is_outdated(ENV_RESULT r, const struct env_error_detail *detail)
{
    switch (r.reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_KEK_USAGE:
    case ENV_R_KEK_KIND:
    case ENV_R_KEK_SELF_TEST:
    case ENV_R_KEK_NOT_YET: /* someone may change its dates */
    case ENV_R_KEK_EXPIRED:
    case ENV_R_KEK_DATES:
        return true;
    case ENV_R_WRAP_FAILED:
    case ENV_R_UNWRAP_FAILED:
        return env_ckr_mechanism_unusable(detail->rv);
    default:
        return false;
    }
}
