/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process's store of named keys. It knows the keys in the folder, opens each that the
 * configuration allows once, and keeps it open as long as the process lives. The folder and the
 * state file are checked again from time to time, by the next thread that asks for a key.
 */
#ifndef ENVELOPE_STORE_H
#define ENVELOPE_STORE_H

#include "envelope/base/config.h"
#include "envelope/message/dek.h"
#include "envelope/named/named_keys.h"
#include "envelope/named/state_watch.h"

/*
 * Reads nothing and uses no token before the first request. All three arguments must outlive it,
 * and the configuration must have been checked by the first request. NULL: no memory.
 */
struct env_named_keys *env_store_new(const struct env_config *config,
                                     const struct env_dek_context *context,
                                     struct env_state_watch *states);

#endif
