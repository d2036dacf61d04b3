/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys open-kek in openssl.cnf allows to open. */
#ifndef ENVELOPE_OPEN_KEK_H
#define ENVELOPE_OPEN_KEK_H

#include <stdbool.h>

#include "envelope/format/wrapped.h"

#define ENV_LABEL_MAX 255u /* bytes of a key's label */

/* True if open-kek (NULL: no restriction) contains the label or the id. */
bool env_open_kek_allows(const char *open_kek, const char *label, const struct env_kek_id *id);

#endif
