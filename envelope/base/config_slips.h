/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Likely misspellings of a configuration key. libcrypto answers only what it is asked for, so each
 * has to be asked for by name. By rule: the hyphens as underscores or left out, and an s more or
 * less at the end.
 */
#ifndef ENVELOPE_CONFIG_SLIPS_H
#define ENVELOPE_CONFIG_SLIPS_H

#include <stdbool.h>
#include <stddef.h>

#define ENV_CONFIG_NAME_MAX 64u /* room for the name of a key, and for a misspelling */

/*
 * Writes the i-th misspelling to out: first those by rule, then the words of further. False behind
 * the last.
 */
bool env_config_slip(const char *name, const char *further, size_t i,
                     char out[ENV_CONFIG_NAME_MAX]);

#endif
