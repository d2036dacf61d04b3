/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/padding.h"

void env_seen_append(char *text, size_t size, const char *between, const char *more)
{
    size_t len = strlen(text);

    (void)snprintf(text + len, size - len, "%s%s", len > 0 ? between : "", more);
}

void env_seen_name(char *out, size_t size, const CK_TOKEN_INFO *info)
{
    char label[sizeof(info->label) + 1];
    char serial[sizeof(info->serialNumber) + 1];

    env_padding_shown(label, sizeof(label), info->label, sizeof(info->label));
    env_padding_shown(serial, sizeof(serial), info->serialNumber, sizeof(info->serialNumber));
    (void)snprintf(out, size, "token '%s' (serial %s)", label, serial[0] != '\0' ? serial : "none");
}

void env_seen_token(struct env_seen *seen, const CK_TOKEN_INFO *info)
{
    char name[128];

    env_seen_name(name, sizeof(name), info);
    seen->tokens++;
    if (strlen(seen->list) + strlen(name) + sizeof(", and more") < sizeof(seen->list))
        env_seen_append(seen->list, sizeof(seen->list), ", ", name);
}

void env_seen_text(const struct env_seen *seen, char out[ENV_SEEN_TEXT])
{
    const char *hint = seen->softhsm ? env_seen_softhsm_hint("softhsm", true) : NULL;
    size_t listed = 0;
    char more[64];

    out[0] = '\0';
    for (const char *at = seen->list; (at = strstr(at, "(serial ")) != NULL; at++)
        listed++;
    if (seen->tokens > 0)
        (void)snprintf(out, ENV_SEEN_TEXT, "there is %s", seen->list);
    else
        (void)snprintf(out, ENV_SEEN_TEXT, "there is no other token");
    if (seen->tokens > listed) {
        (void)snprintf(more, sizeof(more), " and %zu more", seen->tokens - listed);
        env_seen_append(out, ENV_SEEN_TEXT, "", more);
    }
    if (seen->uninitialised > 0) {
        (void)snprintf(more, sizeof(more), "%u slot%s with a token that is not initialised",
                       seen->uninitialised, seen->uninitialised == 1 ? "" : "s");
        env_seen_append(out, ENV_SEEN_TEXT, "; ", more);
    }
    if (hint != NULL)
        env_seen_append(out, ENV_SEEN_TEXT, "; ", hint);
}

const char *env_seen_softhsm_hint(const char *module, bool starts)
{
    bool set = getenv("SOFTHSM2_CONF") != NULL;

    if (strcasestr(module, "softhsm") == NULL)
        return NULL;
    if (starts)
        return set ? NULL : "SOFTHSM2_CONF is not set, so SoftHSM reads its own configuration";
    return set ? "can this user read the file that SOFTHSM2_CONF names, and its folder of tokens?"
               : "SOFTHSM2_CONF is not set: can this user read SoftHSM's own configuration and its "
                 "folder of tokens (group softhsm)?";
}
