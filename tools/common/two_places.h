/* SPDX-License-Identifier: Apache-2.0 */
/* A named key is lost if all its KEKs are lost, so they must be in two places. */
#ifndef ENVELOPE_TOOL_TWO_PLACES_H
#define ENVELOPE_TOOL_TWO_PLACES_H

#include "envelope/message/dek.h"

/*
 * Whether two of the selected KEKs are independent, so that losing one token does not lose the key.
 * KEKs on one token count as one, and so does each file: KEK. Raises KEY_ONE_PLACE.
 */
ENV_RESULT tool_two_places(const struct env_dek_context *dek, const struct env_selector *selector);

#endif
