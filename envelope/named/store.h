/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of a process: it knows the folder's keys, opens those that the configuration allows,
 * each once, and keeps them open for the life of the process. The folder and the state file are
 * checked again now and then, by whichever thread asks for a key.
 */
#ifndef ENVELOPE_STORE_H
#define ENVELOPE_STORE_H

#include "envelope/base/config.h"
#include "envelope/message/dek.h"
#include "envelope/named/named_keys.h"
#include "envelope/named/state_watch.h"

/*
 * Nothing is read and no token touched before the first key is asked for. All three
 * outlive it; the configuration has been judged by then. NULL: no memory.
 */
struct env_named_keys *env_store_new(const struct env_config *config,
                                     const struct env_dek_context *context,
                                     struct env_state_watch *states);

#endif
