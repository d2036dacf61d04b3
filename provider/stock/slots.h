/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was taken from stock OpenSSL's provider, and how its init functions are found again. The
 * context of a spliced cipher is stock OpenSSL's, so nothing in it shows which instance it belongs
 * to. Therefore each instance of our provider has a slot, and each cipher in a slot has functions
 * of its own (trampolines.c).
 */
#ifndef ENVELOPE_STOCK_SLOTS_H
#define ENVELOPE_STOCK_SLOTS_H

#include <openssl/core_dispatch.h>
#include <stdatomic.h>

#include "envelope/base/stock_names.h"
#include "provider/stock/splices.h"

/*
 * Programs with two instances exist: PHP 8.5 makes a library context of its own. The first slot is
 * for the default context: SoftHSM computes there, and takes a closed cipher for a wrong PIN.
 */
#define ENV_STOCK_SLOTS 8
#define ENV_STOCK_NO_SLOT (-1)

/*
 * A slot for the instance, until it is released; ENV_STOCK_NO_SLOT if there is none. is_default:
 * the instance is that of libcrypto's default context.
 */
int env_slot_claim(bool is_default);
void env_slot_release(int slot);

/* Its contents; NULL: empty. */
const struct env_splices *env_slot_get(int slot);

/* What is in an instance's slot; NULL: nothing yet. */
const struct env_splices *env_splices_of(const struct env_provctx *provctx);

/* Fills an empty slot. False: another thread was faster. */
bool env_slot_put(int slot, const struct env_splices *splices);

#endif
