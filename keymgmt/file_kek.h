/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KEK of which only the public half is available, in a file. It seals but never opens, and needs
 * no token, module or PIN.
 */
#ifndef ENVELOPE_FILE_KEK_H
#define ENVELOPE_FILE_KEK_H

#include "keymgmt/token/token_set.h"

/*
 * text is file:PATH or file:PATH?id=HEX. The file is read once in the keyring's lifetime. Fails
 * with CONFIG_VALUE, or as env_public_file_read does.
 */
ENV_RESULT env_file_kek_find(struct env_token_set *token_set, const char *text,
                             struct env_kek **out, struct env_error_detail *detail);

#endif
