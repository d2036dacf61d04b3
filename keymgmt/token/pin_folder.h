/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of pin-failure-memory: this user's own, since others could take away what it
 * remembers.
 */
#ifndef ENVELOPE_PIN_FOLDER_H
#define ENVELOPE_PIN_FOLDER_H

/* -1, with words in why. */
int env_pin_folder_open(const char *path, const char **why);

/* Why it cannot be used, in words, or NULL. */
const char *env_pin_folder_unusable(const char *path);

#endif
