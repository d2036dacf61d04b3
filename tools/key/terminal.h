/* SPDX-License-Identifier: Apache-2.0 */
/* Typing a secret without showing it on the terminal. */
#ifndef ENVELOPE_TOOL_TERMINAL_H
#define ENVELOPE_TOOL_TERMINAL_H

#include <stdbool.h>

/*
 * If the descriptor is a terminal, prints the prompt on stderr and turns off the echo until the
 * end. A signal that stops or ends the process turns it on first; after a stop it is turned off
 * again. False: it is not a terminal, or cannot be set. Only one at a time.
 */
bool tool_terminal_begin(int fd, const char *prompt);
void tool_terminal_end(void);

#endif
