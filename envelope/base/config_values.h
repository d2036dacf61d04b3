/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Further rules for values of the configuration, named in the rows of config_keys.h. They raise
 * CONFIG_VALUE, saying what would be right, or CONTEXT_TOO_LONG.
 */
#ifndef ENVELOPE_CONFIG_VALUES_H
#define ENVELOPE_CONFIG_VALUES_H

#include "envelope/base/error.h"

ENV_RESULT env_judge_context(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_propquery(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_audit_log(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_application(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_keys_directory(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_state_file(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_pin_failure_memory(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_allow_keys(const char *value, const struct env_errors *errors);
ENV_RESULT env_judge_field_key(const char *value, const struct env_errors *errors);

#endif
