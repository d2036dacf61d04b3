/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/query.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config_list.h"
#include "envelope/base/printable.h"
#include "keymgmt/token/versions.h"

#define KEY "kek"
#define ENV_MARKED_MAX 32u /* bytes of a key */

static ENV_RESULT set_label(struct env_query *query, const void *label, size_t len,
                            struct env_error_detail *detail)
{
    if (len == 0 || len > ENV_LABEL_MAX)
        return env_error_detail(detail, ENV_R_KEK_NOT_FOUND, "a label has 1 to %u bytes",
                                ENV_LABEL_MAX);
    memcpy(query->label, label, len);
    query->versions = env_versions_named(query->label, len);
    query->label_len = query->versions ? len - 1 : len;
    query->label[query->label_len] = '\0';
    query->by_label = true;
    return ENV_OK;
}

static ENV_RESULT bad_uri(const struct env_query *query, const char *key, const char *why,
                          struct env_error_detail *detail)
{
    return env_error_detail(detail, ENV_R_CONFIG_BAD_URI, "%s: %s: %s", key, query->shown, why);
}

/* Limits a query for any kind of key to the kind that the URI names. */
static ENV_RESULT set_class(struct env_query *query, const char *key, const CK_ATTRIBUTE *class,
                            struct env_error_detail *detail)
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
        return bad_uri(query, key, "its type is neither secret-key nor private", detail);
    query->kinds = ENV_KEYS_AES;
    return ENV_OK;
}

static ENV_RESULT from_uri(struct env_query *query, const char *text, const char *key,
                           struct env_error_detail *detail)
{
    const CK_ATTRIBUTE *class;
    const CK_ATTRIBUTE *id;
    const CK_ATTRIBUTE *label;

    ENV_TRY(env_uri_parse(text, key, &query->uri, detail));
    query->uri_text = env_uri_without_pin(query->uri);
    if (query->uri_text == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", key);
    class = p11_kit_uri_get_attribute(query->uri, CKA_CLASS);
    id = p11_kit_uri_get_attribute(query->uri, CKA_ID);
    label = p11_kit_uri_get_attribute(query->uri, CKA_LABEL);
    ENV_TRY(set_class(query, key, class, detail));
    if (id != NULL) {
        if (id->ulValueLen < 1 || id->ulValueLen > ENV_CKA_ID_MAX)
            return bad_uri(query, key, "an id has 1 to 512 bytes", detail);
        if (id->ulValueLen <= ENV_KEK_ID_MAX)
            query->id.len = id->ulValueLen;
        else
            query->cka_id_len = id->ulValueLen;
        memcpy(query->id.len > 0 ? query->id.bytes : query->cka_id, id->pValue, id->ulValueLen);
    }
    if (label != NULL)
        return set_label(query, label->pValue, label->ulValueLen, detail);
    return ENV_OK;
}

static ENV_RESULT from_text(struct env_query *query, const char *text, const char *key,
                            struct env_error_detail *detail)
{
    ENV_RESULT r;

    if (!env_uri_is(text)) {
        env_printable(query->shown, sizeof(query->shown), text, strlen(text));
        return set_label(query, text, strlen(text), detail);
    }
    env_uri_shown(query->shown, sizeof(query->shown), text);
    r = from_uri(query, text, key, detail);
    if (!env_ok(r))
        env_query_clear(query);
    return r;
}

ENV_RESULT env_query_from_list(struct env_query *query, const char *text, const char *key,
                               struct env_error_detail *detail)
{
    memset(query, 0, sizeof(*query));
    query->kinds = ENV_KEYS_ANY;
    return from_text(query, text, key, detail);
}

ENV_RESULT env_query_from_text(struct env_query *query, const char *text,
                               struct env_error_detail *detail)
{
    return env_query_from_list(query, text, KEY, detail);
}

ENV_RESULT env_query_to_show(struct env_query *query, const char *text,
                             struct env_error_detail *detail)
{
    static const char all[] = "every KEK";

    memset(query, 0, sizeof(*query));
    query->kinds = ENV_KEYS_ANY;
    query->any_policy = true;
    if (text != NULL)
        return from_text(query, text, KEY, detail);
    memcpy(query->shown, all, sizeof(all));
    return ENV_OK;
}

ENV_RESULT env_query_from_marked(struct env_query *query, const char *label,
                                 struct env_error_detail *detail)
{
    size_t len = strlen(label);

    memset(query, 0, sizeof(*query));
    query->kinds = ENV_KEYS_ANY;
    query->marked = true;
    if (len < ENV_MARKED_MAX)
        env_printable(query->shown, sizeof(query->shown), label, len);
    else
        (void)snprintf(query->shown, sizeof(query->shown), "the one that the key bytes name");
    return set_label(query, label, strlen(label), detail);
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

bool env_query_has_label(const struct env_query *query, const char *label, size_t len)
{
    uint32_t number;

    if (query->versions)
        return env_version_read(label, len, query->label, query->label_len, &number);
    return len == query->label_len && memcmp(label, query->label, len) == 0;
}

void env_query_clear(struct env_query *query)
{
    env_uri_free(query->uri);
    free(query->uri_text);
    OPENSSL_cleanse(query, sizeof(*query)); /* a label may have come as key bytes */
}
