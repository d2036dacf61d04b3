/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probable misspellings of a configuration key. libcrypto only answers for given names, so each
 * misspelling must be asked for. The rules replace hyphens by underscores, drop them, and add or
 * remove a final s.
 */
#ifndef ENVELOPE_CONFIG_SLIPS_H
#define ENVELOPE_CONFIG_SLIPS_H

#include <stdbool.h>
#include <stddef.h>

#define ENV_CONFIG_NAME_MAX 64u /* room for the name of a key, and for a misspelling */

/*
 * Writes the i-th misspelling to out: first those by rule, then the words of further. False after
 * the last.
 */
bool env_config_slip(const char *name, const char *further, size_t i,
                     char out[ENV_CONFIG_NAME_MAX]);

#endif
