/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state-file as it was when it was last good: checked again every state-refresh seconds, by the
 * next request. A broken one changes nothing, and is recorded in the audit log. If there was no
 * good one yet, nothing may be used: STATE_FILE.
 */
#ifndef ENVELOPE_STATE_WATCH_H
#define ENVELOPE_STATE_WATCH_H

#include "envelope/message/audit.h"
#include "envelope/named/state_file.h"

struct env_state_watch;

/* The state read at one time. It does not change until it is released. */
struct env_state_seen {
    const struct env_state *state; /* NULL: no state-file is configured */
    uint64_t number;               /* a new one whenever its content changes */
};

/*
 * All outlive it, but for the keyring, which judges the KEKs' names in it and may be NULL: nobody
 * asks once that is freed. The configuration has been judged when it is first asked. NULL: no
 * memory.
 */
struct env_state_watch *env_state_watch_new(const struct env_config *config,
                                            const struct env_audit *audit,
                                            const struct env_errors *errors,
                                            struct env_keyring *keyring);
void env_state_watch_free(struct env_state_watch *watch);

/* Within the fork gate. *seen is released with the function below, also after a failure. */
ENV_RESULT env_state_watch_see(struct env_state_watch *watch, const struct env_state_seen **seen);
void env_state_watch_let_go(struct env_state_watch *watch, const struct env_state_seen *seen);

#endif
