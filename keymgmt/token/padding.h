/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed-length texts with which modules and tokens describe themselves. PKCS#11 pads them with
 * blanks; some tokens (TPMs, Rutoken) pad with NULs.
 */
#ifndef ENVELOPE_PADDING_H
#define ENVELOPE_PADDING_H

#include <stddef.h>

#include "keymgmt/token/p11.h"

/* Changes the padding to blanks, so that texts can be compared. */
void env_padding_of_token(CK_TOKEN_INFO *info);
void env_padding_of_slot(CK_SLOT_INFO *info);
void env_padding_of_module(CK_INFO *info);

/* The text without its padding, made printable. */
void env_padding_shown(char *out, size_t size, const unsigned char *text, size_t len);

#endif
