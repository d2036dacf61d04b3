/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolves a race between machines that make the next version at the same time. Tokens have no
 * compare and set, so each machine makes a key and then looks for others. The key with the lowest
 * reference remains. A machine with another key removes it, before the day on which anyone may seal
 * to it. The machine with the lowest one waits for that. If the other keys remain, their makers
 * looked before ours existed, and ours is removed instead.
 */
#ifndef ENVELOPE_TOOL_ROTATE_RACE_H
#define ENVELOPE_TOOL_ROTATE_RACE_H

#include "tools/kek/versions_seen.h"

enum tool_race {
    TOOL_RACE_WON,  /* our key remains */
    TOOL_RACE_LOST, /* another machine's key remains */
    TOOL_RACE_NONE, /* every machine removed its key: try again */
};

/*
 * Settles the race for the version with this number, for which we made `made`. `used`: it may have
 * been sealed to already, so nothing is removed. Fails with KEK_VERSION_RACE, or if the tokens
 * cannot be read.
 */
ENV_RESULT tool_race_settle(struct tool_run *run, const char *name, uint32_t number,
                            struct env_kek *made, bool used, enum tool_race *out);

#endif
