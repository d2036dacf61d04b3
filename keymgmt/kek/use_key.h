/* SPDX-License-Identifier: Apache-2.0 */
/* Using a KEK's key in a session of its token. */
#ifndef ENVELOPE_USE_KEY_H
#define ENVELOPE_USE_KEY_H

#include "keymgmt/kek/token_kek.h"

/* Runs fn with arg, looking the key up again or restarting the module if needed. */
ENV_RESULT env_kek_use_key(struct env_token_kek *kek, enum env_patience patience,
                           env_key_use_fn *run, void *arg, struct env_error_detail *detail);

#endif
