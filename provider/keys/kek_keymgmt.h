/* SPDX-License-Identifier: Apache-2.0 */
/* KEYMGMT ENVELOPE-KEK: existing keys. kek_gen.h makes new ones. */
#ifndef ENVELOPE_KEK_KEYMGMT_H
#define ENVELOPE_KEK_KEYMGMT_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_kek_keymgmt_functions[];

#endif
