/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two machines that make the next version at once. Tokens have no compare and set, so that each
 * makes a key and then looks whether another is there. The lowest reference stays: who has made
 * another takes it back, before the day on which anybody may seal with it. Who has made the lowest
 * one waits for that; when the others stay, they had looked before it came, and it goes instead.
 */
#ifndef ENVELOPE_TOOL_ROTATE_RACE_H
#define ENVELOPE_TOOL_ROTATE_RACE_H

#include "tools/kek/versions_seen.h"

enum tool_race {
    TOOL_RACE_WON,  /* ours is the one that is there */
    TOOL_RACE_LOST, /* another machine's is */
    TOOL_RACE_NONE, /* each took its own back: once more */
};

/*
 * Settles it for the version of that number, of which made is ours. `used`: it may seal already,
 * and so nothing is taken back. KEK_VERSION_RACE, and what keeps the tokens from being asked.
 */
ENV_RESULT tool_race_settle(struct tool_run *run, const char *name, uint32_t number,
                            struct env_kek *made, bool used, enum tool_race *out);

#endif
