/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is of the configured modules and tokens, one after the other, for whoever looks
 * whether a configuration is right. Nothing stays open; a login is tried once, as always.
 */
#ifndef ENVELOPE_SURVEY_H
#define ENVELOPE_SURVEY_H

#include "keymgmt/token_keyring.h"

enum env_survey_part {
    ENV_SURVEY_MODULE, /* loaded and initialised */
    ENV_SURVEY_TOKEN,  /* there, and one that the configuration wants */
    ENV_SURVEY_LOGIN,  /* into that token */
};

/* One thing that was looked at. The texts are printable and hold no PIN. */
struct env_survey_item {
    enum env_survey_part part;
    enum env_reason reason; /* why it failed; ENV_R_NONE: it is well */
    const char *text;       /* which one it is, or what failed */
    bool other_modules;     /* MODULE that failed: others that p11-kit knows may do */
};

typedef void env_survey_fn(void *arg, const struct env_survey_item *item);

/* config has passed env_config_check. ask may be NULL. False when something failed. */
bool env_survey(const struct env_config *config, env_ask_pin_fn *ask, void *ask_arg,
                env_survey_fn *take, void *arg);

#endif
