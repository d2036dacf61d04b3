/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_AES_FAMILY_H
#define ENVELOPE_AES_FAMILY_H

#include "envelope/format/wrap_algorithm.h"

/* The last is only for key wrap (key_wrap.h): tokens differ in what it does. */
enum env_aes_family {
    ENV_AES_KW = ENV_WRAP_FAMILY_KW,
    ENV_AES_KWP = ENV_WRAP_FAMILY_KWP,
    ENV_AES_GCM = ENV_WRAP_FAMILY_GCM,
    ENV_AES_PAD,
};

#endif
