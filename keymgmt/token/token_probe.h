/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests the configured modules and tokens one by one, to check a configuration. Nothing stays open.
 * Each login is tried once, under the usual rules.
 */
#ifndef ENVELOPE_TOKEN_PROBE_H
#define ENVELOPE_TOKEN_PROBE_H

#include "envelope/base/ask_pin.h"
#include "envelope/base/config.h"

#define ENV_TOKEN_ABSENT_TEXT 288u

enum env_token_probe_part {
    ENV_TOKEN_PROBE_MODULE, /* loaded and initialised */
    ENV_TOKEN_PROBE_TOKEN,  /* present, and one that the configuration wants */
    ENV_TOKEN_PROBE_LOGIN,  /* into that token */
};

/* One thing that was tested. The texts are printable and contain no PIN. */
struct env_token_probe_item {
    enum env_token_probe_part part;
    enum env_reason reason; /* why it failed; ENV_R_NONE: it works */
    const char *text;       /* which one it is, or what failed */
    bool other_modules;     /* MODULE that failed: p11-kit knows others that may work */
    bool absent;            /* TOKEN: the configuration names one that is missing */
    bool optional;          /* ... and sealing works without the key on it */
};

typedef void env_token_probe_fn(void *arg, const struct env_token_probe_item *item);

/*
 * config must have passed env_config_check. ask may be NULL. False if something failed; a missing
 * token does not count if others are present.
 */
bool env_token_probe(const struct env_config *config, env_ask_pin_fn *ask, void *ask_arg,
                     env_token_probe_fn *take, void *arg);

/*
 * Whether `token` has a URI that no token matches, although others are there: then *text says
 * which one. No login.
 */
bool env_token_is_absent(const struct env_config *config, char text[ENV_TOKEN_ABSENT_TEXT]);

#endif
