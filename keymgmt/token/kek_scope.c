/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/kek_scope.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/uri_text.h"
#include "keymgmt/token/kek_names.h"

#define TOKEN_URI 256u

struct found {
    size_t uris;
    const char *uri; /* the last one */
    bool label;      /* it is named by its label as well */
};

/* prefix is the label of its versions up to the number, with the slash. */
static struct found find(const struct env_kek_names *names, const char *prefix, size_t len)
{
    struct found found = {0};

    for (size_t i = 0; i < names->count; i++) {
        const struct env_query *query = &names->list[i].query;

        if (names->list[i].file != NULL || !query->versions || query->label_len != len ||
            memcmp(query->label, prefix, len) != 0)
            continue;
        found.label = found.label || query->uri_text == NULL;
        found.uris += query->uri_text != NULL ? 1 : 0;
        found.uri = query->uri_text != NULL ? query->uri_text : found.uri;
    }
    return found;
}

/* names is NULL if kek cannot be read: that is reported where it is used. */
static struct env_kek_names *parse(const struct env_config *config)
{
    struct env_kek_names *names = NULL;
    struct env_error_detail detail;

    return env_ok(env_kek_names_parse(config, &names, &detail)) ? names : NULL;
}

static void token_uri(const char *token, char uri[TOKEN_URI])
{
    size_t len = (size_t)snprintf(uri, TOKEN_URI, "pkcs11:token=");

    for (; *token != '\0' && len + 4 < TOKEN_URI; token++) {
        const unsigned char c = (unsigned char)*token;

        len += (size_t)snprintf(uri + len, TOKEN_URI - len, isalnum(c) != 0 ? "%c" : "%%%02X", c);
    }
}

static ENV_RESULT narrow(struct env_config *config, const struct found *found, const char *name,
                         const char *token, const struct env_errors *errors)
{
    const char *only = found->uri;
    char uri[TOKEN_URI];

    if (found->uris == 0 || found->label)
        return ENV_OK;
    if (found->uris > 1 && token == NULL)
        return ENV_RAISE(errors, ENV_R_KEK_NAMED_TWICE, "%s/*", name);
    if (found->uris > 1 && !env_uri_is(token)) {
        token_uri(token, uri);
        only = uri;
    } else if (found->uris > 1) {
        only = token;
    }
    config->only_tokens = OPENSSL_strdup(only);
    return config->only_tokens != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

ENV_RESULT env_kek_narrow(struct env_config *config, const char *name, const char *token,
                          const struct env_errors *errors)
{
    char prefix[ENV_LABEL_MAX + 2]; /* a longer label is no key's */
    struct env_kek_names *names = parse(config);
    ENV_RESULT r = ENV_OK;

    (void)snprintf(prefix, sizeof(prefix), "%s/", name);
    if (names != NULL) {
        const struct found found = find(names, prefix, strlen(prefix));

        r = narrow(config, &found, name, token, errors);
    }
    env_kek_names_free(names);
    return r;
}

bool env_kek_by_uri(const struct env_config *config, const char *label)
{
    const char *slash = strrchr(label, '/');
    struct env_kek_names *names = slash != NULL ? parse(config) : NULL;
    bool yes = false;

    if (names != NULL) {
        const struct found found = find(names, label, (size_t)(slash + 1 - label));

        yes = found.uris > 0 && !found.label;
    }
    env_kek_names_free(names);
    return yes;
}
