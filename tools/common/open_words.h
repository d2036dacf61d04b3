/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks the names of KEKs that open, in open-kek and open-only-kek of openssl.cnf and in --from. A
 * word that is the label of one key and the id of another lets both open, which is rarely intended.
 */
#ifndef ENVELOPE_TOOL_OPEN_WORDS_H
#define ENVELOPE_TOOL_OPEN_WORDS_H

#include "tools/common/keys.h"

/*
 * False if there is such a word; failure then names both keys. Uses the tokens only if a word could
 * be either.
 */
bool tool_open_words_are_clear(const struct tool_keys *keys, struct tool_failure *failure);

#endif
