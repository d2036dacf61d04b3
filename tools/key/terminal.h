/* SPDX-License-Identifier: Apache-2.0 */
/* A secret that is typed: the terminal does not show it. */
#ifndef ENVELOPE_TOOL_TERMINAL_H
#define ENVELOPE_TOOL_TERMINAL_H

#include <stdbool.h>

/*
 * Where the descriptor is a terminal, writes the prompt to stderr and switches the terminal's echo
 * off until the end. A signal that stops or ends the process meanwhile switches it on first, and
 * after a stop it is off again. False: it is not a terminal, or cannot be asked. One at a time.
 */
bool tool_terminal_begin(int fd, const char *prompt);
void tool_terminal_end(void);

#endif
