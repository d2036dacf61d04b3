/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last good contents of state-file, read again every state-refresh seconds by the next request.
 * A broken file changes nothing, and is recorded in the audit log. If there was no good one yet,
 * nothing may be used: STATE_FILE.
 */
#ifndef ENVELOPE_STATE_WATCH_H
#define ENVELOPE_STATE_WATCH_H

#include "envelope/message/audit.h"
#include "envelope/named/state_file.h"

struct env_state_watch;

/* The state as read at one time. Does not change until it is released. */
struct env_state_seen {
    const struct env_state *state; /* NULL: no state-file is configured */
    uint64_t number;               /* changes whenever the content does */
};

/*
 * All arguments must outlive it, except for the keyring, which checks the KEKs' names in the state
 * and may be NULL: no request may come after it is freed. The configuration must have been checked
 * before the first request. NULL: no memory.
 */
struct env_state_watch *env_state_watch_new(const struct env_config *config,
                                            const struct env_audit *audit,
                                            const struct env_errors *errors,
                                            struct env_keyring *keyring);
void env_state_watch_free(struct env_state_watch *watch);

/* Within the fork gate. *seen must be released with the function below, also after a failure. */
ENV_RESULT env_state_watch_see(struct env_state_watch *watch, const struct env_state_seen **seen);
void env_state_watch_let_go(struct env_state_watch *watch, const struct env_state_seen *seen);

#endif
