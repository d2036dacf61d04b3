/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's section of an openssl.cnf, read as libcrypto does. Uses no token. */
#ifndef ENVELOPE_TOOL_SETTINGS_H
#define ENVELOPE_TOOL_SETTINGS_H

#include <openssl/conf.h>

#include "envelope/base/config.h"

#define TOOL_SETTINGS_WHY 512u
#define TOOL_SETTINGS_OWN_NAME "envelope"

struct tool_settings {
    char *file;      /* the file that was read */
    bool loaded;     /* OpenSSL can read the whole file */
    char *section;   /* the provider's section */
    char *providers; /* lists the providers; NULL: the caller named the provider's section */
    char *name;      /* the provider's name for OSSL_PROVIDER_load */
    CONF *conf;
    struct env_config config; /* not checked yet */
};

/*
 * file NULL: the one in OPENSSL_CONF, or OpenSSL's own. section NULL: the section of the provider
 * whose name or identity is envelope, or whose module is envelope.so. libctx (NULL: the default
 * one) is where tool_settings_activate_others will activate. If false, why has the reason, and *out
 * has what was read so far; it must be cleared in either case.
 */
bool tool_settings_read(OSSL_LIB_CTX *libctx, const char *file, const char *section,
                        struct tool_settings *out, char *why, size_t why_size);

/*
 * Applies the file to libctx, except for our provider: default or fips with its section, default
 * properties. False: libcrypto's errors are on the stack.
 */
bool tool_settings_activate_others(struct tool_settings *settings);

void tool_settings_clear(struct tool_settings *settings);

/* ---- reading the file; nothing is left on the error stack ---- */

/* section NULL: above the first section. NULL: there is no such value. */
const char *tool_settings_value(const struct tool_settings *settings, const char *section,
                                const char *name);

bool tool_settings_has_section(const struct tool_settings *settings, const char *name);

/* Whether a provider in a list has this section. */
bool tool_settings_lists(const struct tool_settings *settings, const char *providers,
                         const char *section);

/* The section of the first provider that is ours, or NULL. */
const char *tool_settings_own_section(const struct tool_settings *settings, const char *providers);

/* Whether a line in a provider's section shows that the provider is ours. */
bool tool_settings_says_own(const char *name, const char *value);

#endif
