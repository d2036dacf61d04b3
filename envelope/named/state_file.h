/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state-file: what was revoked since the program started. It is a file, or a folder of files whose
 * names end in .conf, with lines "key = value": disabled-key = NAME[@N] ..., revoked-stand-in =
 * HASH8 ... (16 hex digits each), and disabled-kek and open-only-kek as in openssl.cnf. A line that
 * begins with # is a comment. It never grants anything.
 */
#ifndef ENVELOPE_STATE_FILE_H
#define ENVELOPE_STATE_FILE_H

#include "envelope/base/error.h"
#include "envelope/format/named_key.h"

#define ENV_STATE_MAX (1024u * 1024u) /* total size in bytes */

struct env_state; /* never changes once it is set */

/* Reads a file or folder. Raises STATE_FILE with file and line. */
ENV_RESULT env_state_read(const struct env_errors *errors, const char *path,
                          struct env_state **out);

/* Adds the lines of one file; shown is its name in errors. */
struct env_state *env_state_new(void);
ENV_RESULT env_state_parse(const struct env_errors *errors, const char *shown, struct env_span text,
                           struct env_state *state);
void env_state_free(struct env_state *state);

/* Whether both have the same content in the same order. */
bool env_state_same(const struct env_state *a, const struct env_state *b);

/* state NULL: nothing is revoked. */
bool env_state_disables_key(const struct env_state *state, const char *name, uint32_t number);
bool env_state_revokes(const struct env_state *state, const uint8_t hash[ENV_STAND_IN_HINT_LEN]);
/* The names of KEKs, separated by spaces as in openssl.cnf; NULL: none. */
const char *env_state_disabled_keks(const struct env_state *state);
const char *env_state_open_only_keks(const struct env_state *state);

#endif
