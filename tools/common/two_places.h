/* SPDX-License-Identifier: Apache-2.0 */
/* Named keys are lost with all of their KEKs: two of these are to be in different places. */
#ifndef ENVELOPE_TOOL_TWO_PLACES_H
#define ENVELOPE_TOOL_TWO_PLACES_H

#include "envelope/message/dek.h"

/*
 * Whether two of the KEKs that are selected are independent, so that losing one token does not lose
 * the key: KEKs of one token count as one, and each file: as one. KEY_ONE_PLACE, raised.
 */
ENV_RESULT tool_two_places(const struct env_dek_context *dek, const struct env_selector *selector);

#endif
