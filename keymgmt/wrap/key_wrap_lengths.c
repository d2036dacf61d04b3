/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/key_wrap_lengths.h"

unsigned env_key_wrap_kind_of(size_t len)
{
    if (len < 8)
        return ENV_KEY_WRAP_SHORT;
    if (len == 8)
        return ENV_KEY_WRAP_ONE_BLOCK;
    return len % 8 == 0 ? ENV_KEY_WRAP_BLOCKS : ENV_KEY_WRAP_RAGGED;
}

unsigned env_key_wrap_kinds_within(size_t wrapped_len)
{
    return wrapped_len == 16 ? ENV_KEY_WRAP_ONE_BLOCK | ENV_KEY_WRAP_SHORT
                             : ENV_KEY_WRAP_BLOCKS | ENV_KEY_WRAP_RAGGED;
}
