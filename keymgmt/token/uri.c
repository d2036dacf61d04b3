/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/uri.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "envelope/base/secret.h"
#include "envelope/base/config_list.h"

#define SCHEME "pkcs11:"

bool env_uri_is(const char *text)
{
    return strncasecmp(text, SCHEME, strlen(SCHEME)) == 0;
}

/* Whether text begins with a word in small letters, whatever white space is in between. */
static bool begins_with(const char *text, const char *word)
{
    for (; *word != '\0'; word++) {
        text += strspn(text, " \t\n\v\f\r");
        if (tolower((unsigned char)*text) != *word)
            return false;
        text++;
    }
    return true;
}

/*
 * A PIN belongs behind the '?', but p11-kit takes one in the path as well, and drops white space
 * wherever it stands. An attribute like pin=1234 is a slip of somebody who meant one.
 */
static const char *find_pin(const char *text)
{
    for (; *text != '\0'; text++) {
        if (begins_with(text, "pin-"))
            return text;
        if (strchr(":;&", *text) != NULL && begins_with(text + 1, "pin"))
            return text + 1;
    }
    return NULL;
}

void env_uri_shown(char *out, size_t size, const char *text)
{
    static const char cut[] = "...";
    size_t len = strcspn(text, "?");
    const char *pin = find_pin(text);

    if (pin != NULL && (size_t)(pin - text) < len)
        len = (size_t)(pin - text);
    if (text[len] == '\0' && len < size) {
        env_printable(out, size, text, len);
        return;
    }
    if (len > size - sizeof(cut))
        len = size - sizeof(cut);
    env_printable(out, size - sizeof(cut) + 1, text, len);
    memcpy(out + strlen(out), cut, sizeof(cut));
}

ENV_RESULT env_uri_parse(const char *text, const char *key, P11KitUri **out,
                         struct env_fault *fault)
{
    char shown[ENV_URI_TEXT];
    P11KitUri *uri = p11_kit_uri_new();
    const char *why = NULL;
    int code;

    if (uri == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", key);
    code = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
    if (code != P11_KIT_URI_OK)
        why = p11_kit_uri_message(code);
    else if (p11_kit_uri_any_unrecognized(uri)) /* it would match nothing at all */
        why = "it has an attribute that is not known, or one that is too long";
    if (why == NULL) {
        *out = uri;
        return ENV_OK;
    }
    env_uri_free(uri);
    env_uri_shown(shown, sizeof(shown), text);
    return env_fault(fault, ENV_R_CONFIG_BAD_URI, "%s: \"%s\": %s", key, shown, why);
}

/* p11-kit frees it as it is; the memory is the URI's own. */
static void wipe_pin(const P11KitUri *uri)
{
    const char *pin = p11_kit_uri_get_pin_value(uri);

    if (pin != NULL)
        OPENSSL_cleanse((char *)(uintptr_t)pin, strlen(pin));
}

char *env_uri_without_pin(P11KitUri *uri)
{
    char *text = NULL;

    wipe_pin(uri);
    p11_kit_uri_set_pin_value(uri, NULL);
    return p11_kit_uri_format(uri, P11_KIT_URI_FOR_ANY, &text) == P11_KIT_URI_OK ? text : NULL;
}

static ENV_RESULT parse_word(const struct env_word *word, const char *key, P11KitUri **out,
                             struct env_fault *fault)
{
    char *text;
    ENV_RESULT r;

    if (!env_uri_is(word->text)) /* not shown: it may be what follows a space in a PIN */
        return env_fault(fault, ENV_R_CONFIG_BAD_URI, "%s: a word in it is no pkcs11: URI", key);
    text = env_secret_alloc(word->len + 1); /* it may have a PIN */
    if (text == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", key);
    memcpy(text, word->text, word->len);
    text[word->len] = '\0';
    r = env_uri_parse(text, key, out, fault);
    env_secret_free(text, word->len + 1);
    return r;
}

ENV_RESULT env_uris_parse(const char *text, const char *key, struct env_uris *out,
                          struct env_fault *fault)
{
    struct env_word word;
    size_t count = 0;
    ENV_RESULT r = ENV_OK;

    out->count = 0;
    for (const char *at = text; env_word_next(&at, &word);)
        count++;
    out->list = calloc(count + 1, sizeof(P11KitUri *));
    if (out->list == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", key);
    while (env_ok(r) && env_word_next(&text, &word)) {
        r = parse_word(&word, key, &out->list[out->count], fault);
        out->count += env_ok(r) ? 1 : 0;
    }
    if (!env_ok(r))
        env_uris_free(out);
    return r;
}

void env_uris_free(struct env_uris *uris)
{
    while (uris->count > 0)
        env_uri_free(uris->list[--uris->count]);
    free(uris->list);
    uris->list = NULL;
}

bool env_uri_names_token(P11KitUri *uri)
{
    const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri);
    const CK_SLOT_INFO *slot = p11_kit_uri_get_slot_info(uri);
    const CK_INFO *module = p11_kit_uri_get_module_info(uri);

    /* What it does not name is empty. */
    return token->label[0] != 0 || token->serialNumber[0] != 0 || token->manufacturerID[0] != 0 ||
           token->model[0] != 0 || slot->slotDescription[0] != 0 || slot->manufacturerID[0] != 0 ||
           module->libraryDescription[0] != 0 || module->manufacturerID[0] != 0 ||
           p11_kit_uri_get_slot_id(uri) != (CK_SLOT_ID)-1;
}

void env_uri_free(P11KitUri *uri)
{
    if (uri == NULL)
        return;
    wipe_pin(uri);
    p11_kit_uri_free(uri);
}
