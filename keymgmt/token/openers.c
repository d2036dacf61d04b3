/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/openers.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

/* text NULL: an empty list */
static ENV_RESULT read_list(const char *text, const char *key, bool one, struct env_kek_names **out,
                            struct env_error_detail *detail)
{
    const struct env_kek_list_text list = {.text = text, .key = key, .ids = true, .one = one};

    return env_kek_names_of(&list, out, detail);
}

static ENV_RESULT read_all(const struct env_config *config, struct env_openers *out,
                           struct env_error_detail *detail)
{
    if (config->open_kek != NULL)
        ENV_TRY(read_list(config->open_kek, "open-kek", false, &out->open, detail));
    ENV_TRY(read_list(config->open_only_kek, "open-only-kek", false, &out->open_only, detail));
    return read_list(config->opens_too, "--from", true, &out->too, detail);
}

ENV_RESULT env_openers_get(_Atomic(struct env_openers *) *kept, const struct env_config *config,
                           const struct env_openers **out, struct env_error_detail *detail)
{
    struct env_openers *openers = atomic_load(kept);

    if (openers == NULL) {
        struct env_openers *another = OPENSSL_zalloc(sizeof(*another));
        ENV_RESULT r = another != NULL ? read_all(config, another, detail)
                                       : env_error_detail(detail, ENV_R_NO_MEMORY, "open-kek");

        if (!env_ok(r)) {
            env_openers_free(another);
            return r;
        }
        if (atomic_compare_exchange_strong(kept, &openers, another))
            openers = another;
        else
            env_openers_free(another); /* openers is the other thread's now */
    }
    *out = openers;
    return ENV_OK;
}

void env_openers_free(struct env_openers *openers)
{
    if (openers == NULL)
        return;
    env_kek_names_free(openers->open);
    env_kek_names_free(openers->open_only);
    env_kek_names_free(openers->too);
    OPENSSL_free(openers);
}

static bool same_label(const struct env_query *query, const struct env_key_attributes *key)
{
    return env_query_has_label(query, key->label, key->label_len);
}

static bool same_id(const struct env_kek_id *id, const struct env_named_key *named)
{
    return env_kek_id_equal(&named->key->id, id) ||
           (named->reference.len > 0 && env_kek_id_equal(&named->reference, id));
}

static bool on_token(const struct env_named_key *named, P11KitUri *uri)
{
    return named->token != NULL ? env_token_matches(named->token, uri)
                                : env_token_name_matches(named->token_name, uri);
}

bool env_kek_name_fits(const struct env_kek_name *name, const struct env_named_key *named,
                       bool *kind_too)
{
    const struct env_query *query = &name->query;
    const enum env_key_kinds kind = named->key->rsa ? ENV_KEYS_RSA : ENV_KEYS_AES;

    *kind_too = query->kinds == kind;
    if (name->file != NULL || (named->token == NULL && named->token_name == NULL))
        return false;
    if (query->kinds != ENV_KEYS_ANY && query->kinds != kind)
        return false;
    if (query->uri == NULL)
        return same_label(query, named->key) || (name->id.len > 0 && same_id(&name->id, named));
    return on_token(named, query->uri) && (!query->by_label || same_label(query, named->key)) &&
           (query->id.len == 0 || same_id(&query->id, named));
}
