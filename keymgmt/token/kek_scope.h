/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEKs that `kek` names by URIs with a token: on other tokens the same label may be another key's,
 * which is none of theirs.
 */
#ifndef ENVELOPE_KEK_SCOPE_H
#define ENVELOPE_KEK_SCOPE_H

#include "envelope/base/config.h"
#include "envelope/base/error.h"

/*
 * Narrows the tokens to those on which `kek` names the versions of this KEK. If it names them by
 * several URIs, `token` (a label or a URI, or NULL) says which one is meant: else it raises
 * KEK_NAMED_TWICE. Without a URI nothing is narrowed.
 */
ENV_RESULT env_kek_narrow(struct env_config *config, const char *name, const char *token,
                          const struct env_errors *errors);

/* Whether `kek` names the KEK with this label, a version, by a URI. */
bool env_kek_by_uri(const struct env_config *config, const char *label);

#endif
