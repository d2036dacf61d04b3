/* SPDX-License-Identifier: Apache-2.0 */
/* A KEK on a token as text, and the URI that finds it again. */
#ifndef ENVELOPE_DESCRIBE_KEK_H
#define ENVELOPE_DESCRIBE_KEK_H

#include "envelope/message/kek.h"

void env_token_kek_describe(const struct env_kek *kek, struct env_kek_info *info);

#endif
