/* SPDX-License-Identifier: Apache-2.0 */
/* What was found instead of what was wanted, as text for an error. */
#ifndef ENVELOPE_SEEN_H
#define ENVELOPE_SEEN_H

#include <stdbool.h>

#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/p11.h"

#define ENV_SEEN_TEXT (ENV_ERROR_DETAIL_TEXT / 2)

struct env_seen {
    unsigned tokens;
    unsigned uninitialised; /* slots with a token that is not initialised */
    bool softhsm;           /* one of the modules is SoftHSM */
    char list[ENV_SEEN_TEXT / 2];
};

/* Adds a token. */
void env_seen_token(struct env_seen *seen, const CK_TOKEN_INFO *info);

/* "there is token 'a' (serial 01), token 'b' (serial 02)": all that was found. */
void env_seen_text(const struct env_seen *seen, char out[ENV_SEEN_TEXT]);

/* "token 'a' (serial 01)" */
void env_seen_name(char *out, size_t size, const CK_TOKEN_INFO *info);

/* Appends as much as fits, with `between` as separator. */
void env_seen_append(char *text, size_t size, const char *between, const char *more);

/* Why SoftHSM does not start or has no token, as far as the environment shows it; or NULL. */
const char *env_seen_softhsm_hint(const char *module, bool starts);

#endif
