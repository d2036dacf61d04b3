/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the configuration lets a key open, and seal. open-kek restricts what may open, and
 * open-only-kek adds to it. A private RSA key opens only when the configuration names it: anybody
 * can seal to a key whose public half he has, and tokens have RSA keys for other things.
 */
#ifndef ENVELOPE_MAY_OPEN_H
#define ENVELOPE_MAY_OPEN_H

#include "keymgmt/kek/token_kek.h"

/*
 * Judges a new KEK, whose attributes are known, within an attempt. A name that says nothing of the
 * type may be meant for an AES KEK: that is left to env_may_open_settle. CONFIG_VALUE,
 * CONFIG_BAD_URI, NO_MEMORY.
 */
ENV_RESULT env_may_open_judge(const struct env_token *token, struct env_token_kek *kek,
                              struct env_error_detail *detail);

/*
 * Finds out whether an AES KEK has the name: then it is the one that is named. Not within an
 * attempt. Does nothing where there is nothing to be found out.
 */
ENV_RESULT env_may_open_settle(struct env_token_kek *kek, struct env_error_detail *detail);

/* KEK_NOT_ALLOWED, KEK_NOT_NAMED, and what keeps it from being found out. */
ENV_RESULT env_may_open(struct env_token_kek *kek, struct env_error_detail *detail);

/* The same from memory, by its reason; NONE: it may, as far as is known. */
enum env_reason env_may_open_refusal(const struct env_token_kek *kek);

/* Whether a list names the key, by all that is in memory. A file that cannot be read may do so. */
bool env_may_open_is_named(const struct env_token_kek *kek, const struct env_kek_names *names);

/* KEK_OPENS_ONLY. */
ENV_RESULT env_may_seal(const struct env_token_kek *kek, struct env_error_detail *detail);

#endif
