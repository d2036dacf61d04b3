/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the configuration lets a key open or seal. open-kek restricts which keys may open, and
 * open-only-kek adds to it. A private RSA key opens only if the configuration names it: anyone with
 * its public half can seal to it, and tokens hold RSA keys for other purposes.
 */
#ifndef ENVELOPE_MAY_OPEN_H
#define ENVELOPE_MAY_OPEN_H

#include "keymgmt/kek/token_kek.h"

/*
 * Judges a new KEK whose attributes are known, within an attempt. A name without a type may be
 * meant for an AES KEK; env_may_open_settle decides that. Fails with CONFIG_VALUE, CONFIG_BAD_URI
 * or NO_MEMORY.
 */
ENV_RESULT env_may_open_judge(const struct env_token *token, struct env_token_kek *kek,
                              struct env_error_detail *detail);

/*
 * Finds out whether an AES KEK has the name, in which case the name means that one. Not within an
 * attempt. Does nothing if the answer is known.
 */
ENV_RESULT env_may_open_settle(struct env_token_kek *kek, struct env_error_detail *detail);

/* Fails with KEK_NOT_ALLOWED or KEK_NOT_NAMED, or if it cannot be found out. */
ENV_RESULT env_may_open(struct env_token_kek *kek, struct env_error_detail *detail);

/* The same from memory, as a reason. ENV_R_NONE: it may, as far as is known. */
enum env_reason env_may_open_refusal(const struct env_token_kek *kek);

/*
 * Whether a list names the key, as far as is known. A file that cannot be read counts as naming it.
 */
bool env_may_open_is_named(const struct env_token_kek *kek, const struct env_kek_names *names);

/* Fails with KEK_OPENS_ONLY. */
ENV_RESULT env_may_seal(const struct env_token_kek *kek, struct env_error_detail *detail);

#endif
