/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What names the KEKs that open: open-kek and open-only-kek of openssl.cnf, and --from. A word that
 * is the label of one key and the id of another lets both open, and hardly anybody means that.
 */
#ifndef ENVELOPE_TOOL_OPEN_WORDS_H
#define ENVELOPE_TOOL_OPEN_WORDS_H

#include "tools/common/keys.h"

/* False where there is such a word, and failure has both keys. Asks the tokens only where a word
 * could be either. */
bool tool_open_words_are_clear(const struct tool_keys *keys, struct tool_failure *failure);

#endif
