/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_ASK_PIN_H
#define ENVELOPE_ASK_PIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Asks a person for the PIN of the token described by `token`, if the configuration has none.
 * Writes at most size bytes to pin, and their number to *len. False: there is no PIN.
 */
typedef bool env_ask_pin_fn(void *arg, const char *token, unsigned char *pin, size_t size,
                            size_t *len);

#endif
