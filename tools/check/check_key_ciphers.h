/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_KEY_CIPHERS_H
#define ENVELOPE_TOOL_CHECK_KEY_CIPHERS_H

#include "tools/check/check_say.h"

/*
 * With key-ciphers or key-kdfs, checks that a missing module stops programs instead of letting
 * stock OpenSSL take stand-ins for keys, and that libcrypto's random generator does not use our
 * ciphers.
 */
void tool_check_key_ciphers(struct tool_check *check);

#endif
