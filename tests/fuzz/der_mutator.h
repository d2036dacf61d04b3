/* SPDX-License-Identifier: Apache-2.0 */
/* Mutations of DER that keep it well-formed nearly always, so that they reach what is behind it. */
#ifndef ENVELOPE_TESTS_DER_MUTATOR_H
#define ENVELOPE_TESTS_DER_MUTATOR_H

#include "fuzz.h"

/*
 * Changes something inside the DER value at the start of data: a primitive value's bytes, a tag, or
 * the children of a constructed value (one left out, doubled, put elsewhere). The lengths around it
 * are corrected; what follows the value stays. Returns the new size, the old one when there is no
 * such value or no room.
 */
size_t der_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
