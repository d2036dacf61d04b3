/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is of the configured modules and tokens, one after the other, for whoever looks
 * whether a configuration is right. Nothing stays open; a login is tried once, as always.
 */
#ifndef ENVELOPE_TOKEN_PROBE_H
#define ENVELOPE_TOKEN_PROBE_H

#include "envelope/base/ask_pin.h"
#include "envelope/base/config.h"

enum env_token_probe_part {
    ENV_TOKEN_PROBE_MODULE, /* loaded and initialised */
    ENV_TOKEN_PROBE_TOKEN,  /* there, and one that the configuration wants */
    ENV_TOKEN_PROBE_LOGIN,  /* into that token */
};

/* One thing that was looked at. The texts are printable and hold no PIN. */
struct env_token_probe_item {
    enum env_token_probe_part part;
    enum env_reason reason; /* why it failed; ENV_R_NONE: it is well */
    const char *text;       /* which one it is, or what failed */
    bool other_modules;     /* MODULE that failed: others that p11-kit knows may do */
    bool absent;            /* TOKEN: one of those that the configuration names is not there */
    bool optional;          /* ... sealing goes on without what would be on it */
};

typedef void env_token_probe_fn(void *arg, const struct env_token_probe_item *item);

/*
 * config has passed env_config_check. ask may be NULL. False when something failed; a token that is
 * absent beside others does not count.
 */
bool env_token_probe(const struct env_config *config, env_ask_pin_fn *ask, void *ask_arg,
                     env_token_probe_fn *take, void *arg);

#endif
