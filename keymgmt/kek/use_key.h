/* SPDX-License-Identifier: Apache-2.0 */
/* Using the key of a KEK in a session of its token. */
#ifndef ENVELOPE_USE_KEY_H
#define ENVELOPE_USE_KEY_H

#include "keymgmt/kek/token_kek.h"

/* Runs it with arg, finding the key again and starting afresh where that is needed. */
ENV_RESULT env_kek_use_key(struct env_token_kek *kek, enum env_patience patience,
                           env_key_use_fn *run, void *arg, struct env_error_detail *detail);

#endif
