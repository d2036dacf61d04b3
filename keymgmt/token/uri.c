/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/uri.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/secret.h"
#include "keymgmt/token/padding.h"

ENV_RESULT env_uri_parse(const char *text, const char *key, P11KitUri **out,
                         struct env_error_detail *detail)
{
    char shown[ENV_URI_TEXT];
    P11KitUri *uri = p11_kit_uri_new();
    const char *why = NULL;
    int code;

    if (uri == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", key);
    code = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
    if (code != P11_KIT_URI_OK)
        why = p11_kit_uri_message(code);
    else if (p11_kit_uri_get_module_name(uri) != NULL || p11_kit_uri_get_module_path(uri) != NULL)
        why = "module-name and module-path are not supported: pkcs11-module-path names the module";
    else if (p11_kit_uri_any_unrecognized(uri)) /* such a URI would match nothing */
        why = "it has an attribute that is unknown or too long";
    if (why == NULL) {
        env_padding_of_token(p11_kit_uri_get_token_info(uri));
        env_padding_of_slot(p11_kit_uri_get_slot_info(uri));
        env_padding_of_module(p11_kit_uri_get_module_info(uri));
        *out = uri;
        return ENV_OK;
    }
    env_uri_free(uri);
    env_uri_shown(shown, sizeof(shown), text);
    return env_error_detail(detail, ENV_R_CONFIG_BAD_URI, "%s: \"%s\": %s", key, shown, why);
}

/* p11-kit frees it without wiping; the memory belongs to the URI. */
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
                             struct env_error_detail *detail)
{
    char *text = env_secret_alloc(word->len + 1); /* it may contain a PIN */
    ENV_RESULT r;

    if (text == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", key);
    memcpy(text, word->text, word->len);
    text[word->len] = '\0';
    r = env_uri_parse(text, key, out, detail);
    env_secret_free(text, word->len + 1);
    return r;
}

/* Whether the list looks like a token's label, and not like part of a PIN. */
static bool is_label(const char *list)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "-_. ";

    return strspn(list, characters) == strlen(list);
}

/* A word is not a URI. It is not shown: it may be the part of a PIN after a space. */
static ENV_RESULT no_uri(const char *list, const char *key, struct env_error_detail *detail)
{
    char text[ENV_URI_TEXT] = "";
    struct env_word word;
    size_t len = 0;

    if (!is_label(list) || 3 * strlen(list) >= sizeof(text))
        return env_error_detail(
            detail, ENV_R_CONFIG_BAD_URI,
            "%s: one of its words is not a pkcs11: URI (a space in a URI is %%20)", key);
    while (env_word_next(&list, &word))
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s", len > 0 ? "%20" : "",
                                (int)word.len, word.text);
    return env_error_detail(detail, ENV_R_CONFIG_BAD_URI, "%s: write pkcs11:token=%s", key, text);
}

ENV_RESULT env_uris_parse(const char *text, const char *key, struct env_uris *out,
                          struct env_error_detail *detail)
{
    struct env_word word;
    size_t count = 0;
    ENV_RESULT r = ENV_OK;

    out->count = 0;
    for (const char *at = text; env_word_next(&at, &word);)
        count++;
    out->list = calloc(count + 1, sizeof(P11KitUri *));
    if (out->list == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", key);
    for (const char *at = text; env_ok(r) && env_word_next(&at, &word);) {
        r = env_uri_is(word.text) ? parse_word(&word, key, &out->list[out->count], detail)
                                  : no_uri(text, key, detail);
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

    /* Attributes that the URI does not name are empty. */
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
