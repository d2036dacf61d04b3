/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's section of an openssl.cnf, read as libcrypto reads it. No token is touched. */
#ifndef ENVELOPE_TOOL_SETTINGS_H
#define ENVELOPE_TOOL_SETTINGS_H

#include <openssl/conf.h>

#include "envelope/base/config.h"

#define TOOL_SETTINGS_WHY 512u
#define TOOL_SETTINGS_OWN_NAME "envelope"

struct tool_settings {
    char *file;      /* that was read */
    bool loaded;     /* OpenSSL can read it as a whole */
    char *section;   /* of the provider */
    char *providers; /* the section that lists the providers; NULL: there is none, and the section
                        was named */
    char *name;      /* the provider's, as OSSL_PROVIDER_load would have it */
    CONF *conf;
    struct env_config config; /* not judged yet */
};

/*
 * file NULL: the one that OPENSSL_CONF names, or OpenSSL's own. section NULL: that of the provider
 * whose name or identity is envelope, or whose module is envelope.so. libctx (NULL: the default)
 * is where tool_settings_activate_others will activate. On false why has the words, and what was
 * read so far stays in *out; it is cleared in either case.
 */
bool tool_settings_read(OSSL_LIB_CTX *libctx, const char *file, const char *section,
                        struct tool_settings *out, char *why, size_t why_size);

/*
 * Does in libctx what the file says, but for our own provider: default or fips with its section,
 * default properties. False: libcrypto's errors are on the stack.
 */
bool tool_settings_activate_others(struct tool_settings *settings);

void tool_settings_clear(struct tool_settings *settings);

/* ---- what the file says; nothing is left on the error stack ---- */

/* section NULL: above the first. NULL: it is not there. */
const char *tool_settings_value(const struct tool_settings *settings, const char *section,
                                const char *name);

bool tool_settings_has_section(const struct tool_settings *settings, const char *name);

/* Whether one of the providers in a list has the section. */
bool tool_settings_lists(const struct tool_settings *settings, const char *providers,
                         const char *section);

/* The section of the first of them that is ours, or NULL. */
const char *tool_settings_own_section(const struct tool_settings *settings, const char *providers);

/* Whether a line of a provider's section says that the provider is ours. */
bool tool_settings_says_own(const char *name, const char *value);

#endif
