/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/two_places.h"

#include <openssl/crypto.h>
#include <string.h>

/* A KEK from a file is not on a token that we could use. */
static bool from_file(const struct env_kek_info *info)
{
    return info->uri[0] == '\0' && info->serial[0] == '\0';
}

static bool same_place(const struct env_kek_info *a, const struct env_kek_info *b)
{
    if (from_file(a) || from_file(b))
        return from_file(a) && from_file(b) && env_kek_id_equal(&a->id, &b->id);
    return strcmp(a->token, b->token) == 0 && strcmp(a->serial, b->serial) == 0;
}

static ENV_RESULT look_at_places(const struct env_errors *errors, const struct env_kek_list *keks)
{
    struct env_kek_info *infos = OPENSSL_zalloc(2 * sizeof(*infos));
    bool two = false;
    char token[ENV_KEK_TEXT] = "";

    if (infos == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    for (size_t i = 0; i < keks->count && !two; i++) {
        struct env_kek_info *info = &infos[i == 0 ? 0 : 1];

        keks->keks[i]->vtable->describe(keks->keks[i], info);
        two = i > 0 && !same_place(&infos[0], info);
    }
    memcpy(token, infos[0].token, sizeof(token));
    OPENSSL_free(infos);
    return two ? ENV_OK
               : ENV_RAISE(errors, ENV_R_KEY_ONE_PLACE, "kek names %zu KEK%s, of token '%s'",
                           keks->count, keks->count == 1 ? "" : "s", token);
}

ENV_RESULT tool_two_places(const struct env_dek_context *dek, const struct env_selector *selector)
{
    struct env_kek_list keks = {0};
    ENV_RESULT r;

    ENV_TRY(dek->keyring->vtable->select(dek->keyring, selector, &keks));
    r = look_at_places(dek->errors, &keks);
    env_kek_list_clear(&keks);
    return r;
}
