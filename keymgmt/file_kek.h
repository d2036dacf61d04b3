/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KEK of which only the public half is here, in a file: it seals and never opens. No token, no
 * module and no PIN has to do with it.
 */
#ifndef ENVELOPE_FILE_KEK_H
#define ENVELOPE_FILE_KEK_H

#include "keymgmt/token/token_set.h"

/*
 * text is file:PATH or file:PATH?id=HEX. The file is read once in the keyring's life. CONFIG_VALUE,
 * KEK_TOO_WEAK, and what env_public_file_read gives.
 */
ENV_RESULT env_file_kek_find(struct env_token_set *token_set, const char *text,
                             struct env_kek **out, struct env_error_detail *detail);

#endif
