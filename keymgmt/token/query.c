/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/query.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"

#define KEY "kek"

static ENV_RESULT set_label(struct env_query *query, const void *label, size_t len,
                            struct env_fault *fault)
{
    if (len == 0 || len > ENV_LABEL_MAX)
        return env_fault(fault, ENV_R_KEK_NOT_FOUND, "a label has 1 to %u bytes", ENV_LABEL_MAX);
    memcpy(query->label, label, len);
    query->label[len] = '\0';
    query->label_len = len;
    query->by_label = true;
    return ENV_OK;
}

static ENV_RESULT bad_uri(const struct env_query *query, const char *why, struct env_fault *fault)
{
    return env_fault(fault, ENV_R_CONFIG_BAD_URI, KEY ": %s: %s", query->shown, why);
}

/* The query, for any kind so far, becomes one for the kind that the URI names. */
static ENV_RESULT set_class(struct env_query *query, const CK_ATTRIBUTE *class,
                            struct env_fault *fault)
{
    CK_OBJECT_CLASS wanted;

    if (class == NULL)
        return ENV_OK;
    wanted = *(const CK_OBJECT_CLASS *)class->pValue;
    if (wanted == CKO_PRIVATE_KEY) {
        query->kinds = ENV_KEYS_RSA;
        return ENV_OK;
    }
    if (wanted != CKO_SECRET_KEY)
        return bad_uri(query, "its type is neither secret-key nor private", fault);
    query->kinds = ENV_KEYS_AES;
    return ENV_OK;
}

static ENV_RESULT from_uri(struct env_query *query, const char *text, struct env_fault *fault)
{
    const CK_ATTRIBUTE *class;
    const CK_ATTRIBUTE *id;
    const CK_ATTRIBUTE *label;

    ENV_TRY(env_uri_parse(text, KEY, &query->uri, fault));
    query->uri_text = env_uri_without_pin(query->uri);
    if (query->uri_text == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, KEY);
    class = p11_kit_uri_get_attribute(query->uri, CKA_CLASS);
    id = p11_kit_uri_get_attribute(query->uri, CKA_ID);
    label = p11_kit_uri_get_attribute(query->uri, CKA_LABEL);
    ENV_TRY(set_class(query, class, fault));
    if (id != NULL) {
        if (id->ulValueLen < 1 || id->ulValueLen > ENV_KEK_ID_MAX)
            return bad_uri(query, "an id has 1 to 64 bytes", fault);
        query->id.len = id->ulValueLen;
        memcpy(query->id.bytes, id->pValue, id->ulValueLen);
    }
    if (label != NULL)
        return set_label(query, label->pValue, label->ulValueLen, fault);
    return ENV_OK;
}

static ENV_RESULT from_text(struct env_query *query, const char *text, struct env_fault *fault)
{
    ENV_RESULT r;

    if (!env_uri_is(text)) {
        env_printable(query->shown, sizeof(query->shown), text, strlen(text));
        return set_label(query, text, strlen(text), fault);
    }
    env_uri_shown(query->shown, sizeof(query->shown), text);
    r = from_uri(query, text, fault);
    if (!env_ok(r))
        env_query_clear(query);
    return r;
}

ENV_RESULT env_query_from_text(struct env_query *query, const char *text, struct env_fault *fault)
{
    memset(query, 0, sizeof(*query));
    query->kinds = ENV_KEYS_ANY;
    return from_text(query, text, fault);
}

ENV_RESULT env_query_to_show(struct env_query *query, const char *text, struct env_fault *fault)
{
    static const char all[] = "every KEK";

    memset(query, 0, sizeof(*query));
    query->kinds = ENV_KEYS_ANY;
    query->any_policy = true;
    if (text != NULL)
        return from_text(query, text, fault);
    memcpy(query->shown, all, sizeof(all));
    return ENV_OK;
}

ENV_RESULT env_query_from_marked(struct env_query *query, const char *label,
                                 struct env_fault *fault)
{
    static const char shown[] = "the one that the key bytes name";

    memset(query, 0, sizeof(*query));
    query->kinds = ENV_KEYS_ANY;
    memcpy(query->shown, shown, sizeof(shown));
    return set_label(query, label, strlen(label), fault);
}

void env_query_from_id(struct env_query *query, const struct env_kek_id *id, size_t bits)
{
    char hex[ENV_HEX_TEXT];

    memset(query, 0, sizeof(*query));
    query->id = *id;
    query->bits = bits;
    query->kinds = bits == 0 ? ENV_KEYS_RSA : ENV_KEYS_AES;
    query->or_public_half = bits == 0;
    env_hex(hex, sizeof(hex), id->bytes, id->len);
    memcpy(query->shown, hex, sizeof(hex));
}

void env_query_clear(struct env_query *query)
{
    env_uri_free(query->uri);
    free(query->uri_text);
    OPENSSL_cleanse(query, sizeof(*query)); /* a label may have come as key bytes */
}

bool env_open_kek_allows(const char *open_kek, const char *label, const struct env_kek_id *id)
{
    struct env_word word;
    const char *at = open_kek;
    bool allowed = open_kek == NULL;

    while (!allowed && env_word_next(&at, &word)) {
        char text[3 * ENV_LABEL_MAX + 1];
        uint8_t bytes[ENV_KEK_ID_MAX];
        size_t len;

        if (word.len < sizeof(text) && label[0] != '\0' && env_word_decode(&word, text))
            allowed = strcmp(text, label) == 0;
        if (!allowed && env_word_hex(&word, bytes, sizeof(bytes), &len))
            allowed = len == id->len && memcmp(bytes, id->bytes, len) == 0;
    }
    return allowed;
}
