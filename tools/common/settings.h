/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's section of an openssl.cnf, read as libcrypto reads it, and the values that are not
 * what they look like there. No token is touched.
 */
#ifndef ENVELOPE_TOOL_SETTINGS_H
#define ENVELOPE_TOOL_SETTINGS_H

#include <openssl/conf.h>

#include "envelope/base/config.h"

#define TOOL_SETTINGS_WHY 512u

struct tool_settings {
    char *file;      /* that was read */
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

enum tool_trap {
    TOOL_TRAP_KEY,       /* nobody knows it (with a likely meaning) */
    TOOL_TRAP_SECTION,   /* its value is the name of a section: the provider never sees it */
    TOOL_TRAP_ELSEWHERE, /* it is ours, and stands in another section */
};

/* One thing that is likely not meant. key belongs to the settings. */
typedef void tool_trap_fn(void *arg, enum tool_trap trap, const char *key, const char *what);

/*
 * Hands each trap to take. settings_lines.h has those that only the text of the file shows.
 */
void tool_settings_traps(const struct tool_settings *settings, tool_trap_fn *take, void *arg);

#endif
