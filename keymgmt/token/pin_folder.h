/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of pin-failure-memory. It must belong to this user, because others could delete its
 * files.
 */
#ifndef ENVELOPE_PIN_FOLDER_H
#define ENVELOPE_PIN_FOLDER_H

/* -1: it cannot be used, and *why says why. */
int env_pin_folder_open(const char *path, const char **why);

/* Why it cannot be used, or NULL. */
const char *env_pin_folder_unusable(const char *path);

#endif
