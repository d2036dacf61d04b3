/* SPDX-License-Identifier: Apache-2.0 */
/* Changes the structure of a message, and then makes it verify again. */
#ifndef ENVELOPE_TESTS_MESSAGE_MUTATOR_H
#define ENVELOPE_TESTS_MESSAGE_MUTATOR_H

#include "fuzz.h"

/* Header, segments or any bytes; returns the new size, at most max_size. */
size_t message_mutate(uint8_t *message, size_t size, size_t max_size, unsigned seed);

#endif
