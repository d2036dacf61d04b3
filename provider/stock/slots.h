/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was taken from stock OpenSSL's provider, and how its init functions are found again. The
 * context of a spliced cipher is stock OpenSSL's, so that nothing in it says whose it is: each
 * instance of our provider has a slot, and each cipher of a slot has functions of its own
 * (trampolines.c).
 */
#ifndef ENVELOPE_STOCK_SLOTS_H
#define ENVELOPE_STOCK_SLOTS_H

#include <openssl/core_dispatch.h>
#include <stdatomic.h>

#include "envelope/base/stock_names.h"
#include "provider/stock/splices.h"

/*
 * A program with two instances is real: PHP 8.5 makes a library context of its own. The first slot
 * is for the default context: SoftHSM computes there, and takes a closed cipher for a wrong PIN.
 */
#define ENV_STOCK_SLOTS 8
#define ENV_STOCK_NO_SLOT (-1)

/*
 * A slot for the instance, until it is released; ENV_STOCK_NO_SLOT when there is none. is_default:
 * it is that of libcrypto's default context.
 */
int env_slot_claim(bool is_default);
void env_slot_release(int slot);

/* What is in it; NULL: nothing yet. */
const struct env_splices *env_slot_get(int slot);

/* Puts it there, if nothing is. False: another thread was first. */
bool env_slot_put(int slot, const struct env_splices *splices);

#endif
