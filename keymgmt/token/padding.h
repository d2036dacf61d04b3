/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of fixed length that modules and tokens say of themselves. PKCS#11 pads them with
 * blanks; some tokens (TPMs, Rutoken) pad with NULs.
 */
#ifndef ENVELOPE_PADDING_H
#define ENVELOPE_PADDING_H

#include <stddef.h>

#include "keymgmt/token/p11.h"

/* Makes the padding blanks, so that a text is the same whichever it was. */
void env_padding_of_token(CK_TOKEN_INFO *info);
void env_padding_of_slot(CK_SLOT_INFO *info);
void env_padding_of_module(CK_INFO *info);

/* The text without its padding, fit for messages. */
void env_padding_shown(char *out, size_t size, const unsigned char *text, size_t len);

#endif
