/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/keys_there.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "keymgmt/token/find_key.h"

#define NAMED_MAX 8u /* beyond this, only "and more" */

static void name_key(const struct env_key_attributes *key, char *out, size_t size)
{
    char label[64];
    char hex[ENV_HEX_TEXT] = "";

    env_printable(label, sizeof(label), key->label, key->label_len);
    if (key->id.len > 0 && key->id.len <= ENV_KEK_ID_MAX)
        env_hex(hex, sizeof(hex), key->id.bytes, key->id.len);
    if (key->label_len > 0)
        (void)snprintf(out, size, "'%s'", label);
    else
        (void)snprintf(out, size, "one without a label (id %.40s)", hex);
}

static bool is_listed(const char *list, const char *name)
{
    return strstr(list, name) != NULL;
}

static void list_keys(const struct env_found *found, char *out, size_t size)
{
    size_t named = 0;
    char name[128];

    for (size_t i = 0; i < found->count && named < NAMED_MAX; i++) {
        name_key(&found->keys[i], name, sizeof(name));
        if (is_listed(out, name))
            continue;
        env_seen_append(out, size, ", ", name);
        named++;
    }
    if (named == NAMED_MAX && found->count > named)
        env_seen_append(out, size, ", ", "and more");
}

static bool look(struct env_token_set *token_set, struct env_token *token, struct env_found *found)
{
    const struct env_query names = {.kinds = ENV_KEYS_ANY, .reading = ENV_READ_NAMES};
    struct env_error_detail ignored;
    struct env_session session;
    ENV_RESULT r;

    if (!env_ok(env_token_set_session(token_set, token, &session, &ignored)))
        return false;
    r = env_find_keys(token, &session, &names, found, &ignored);
    env_session_give(&token->sessions, &session, env_ok(r));
    return env_ok(r);
}

void env_keys_there(struct env_token_set *token_set, struct env_token *token, char *text,
                    size_t size)
{
    struct env_found *found = malloc(sizeof(*found));
    char keys[256] = "";

    env_seen_append(text, size, ", ", token->where);
    if (found != NULL && look(token_set, token, found)) {
        list_keys(found, keys, sizeof(keys));
        env_seen_append(text, size, "", found->count > 0 ? ", which has " : ", which has no key");
        env_seen_append(text, size, "", keys);
    }
    free(found);
}
