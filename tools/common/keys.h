/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What opens and seals headers in this program: the configured tokens and libcrypto, in a library
 * context of its own with the file's other providers. Threads may share it.
 */
#ifndef ENVELOPE_TOOL_KEYS_H
#define ENVELOPE_TOOL_KEYS_H

#include "envelope/message/audit.h"
#include "envelope/message/dek.h"
#include "envelope/message/stream.h"
#include "tools/common/errors.h"
#include "tools/common/options.h"
#include "tools/common/settings.h"

struct tool_keys {
    OSSL_LIB_CTX *libctx;
    struct tool_settings settings;
    struct env_errors errors;
    struct env_dek_context dek;
    struct env_audit audit;         /* this program's uses of KEKs are logged like any others */
    struct env_state_watch *states; /* the state file applies to this program too */
};

/*
 * Reads and checks the configuration; uses no token until one is needed. If false, failure says
 * why; *out must be closed in either case.
 */
bool tool_keys_open(const struct tool_options *options, struct tool_keys *out,
                    struct tool_failure *failure);
void tool_keys_close(struct tool_keys *keys);

/* Whether the state file can be used. Raises STATE_FILE. */
ENV_RESULT tool_keys_state(const struct tool_keys *keys);

/*
 * Whether the state file allows a version of a named key to be used. Raises KEY_DISABLED or
 * STATE_FILE.
 */
ENV_RESULT tool_keys_may_use(const struct tool_keys *keys, const char *name, uint32_t number);

/* An env_ask_pin_fn that asks on the terminal, if there is one. arg is not used. */
bool tool_ask_pin(void *arg, const char *token, unsigned char *pin, size_t size, size_t *len);

/* The application context for opening messages: --context, or else the configuration's. */
struct env_span tool_keys_context(const struct tool_keys *keys, const struct tool_options *options);

/* Where a context came from. configured is the memory of openssl.cnf's context, or NULL. */
enum env_context_source tool_context_source(struct env_span context, const void *configured);

#endif
