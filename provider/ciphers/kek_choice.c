/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/kek_choice.h"

#include <openssl/crypto.h>

#include "provider/common/params.h"

static void take(struct env_kek_choice *choice, char *kek, bool from_skey)
{
    OPENSSL_free(choice->kek);
    choice->kek = kek;
    choice->from_skey = from_skey;
}

void env_kek_choice_clear(struct env_kek_choice *choice)
{
    take(choice, NULL, false);
    OPENSSL_cleanse(choice, sizeof(*choice));
}

bool env_kek_choice_separate(struct env_kek_choice *copy)
{
    if (copy->kek == NULL)
        return true;
    copy->kek = OPENSSL_strdup(copy->kek);
    return copy->kek != NULL;
}

struct env_selector env_kek_choice_selector(const struct env_kek_choice *choice)
{
    struct env_selector selector = {0};

    if (choice->kek != NULL)
        selector.name = choice->kek;
    else if (choice->key_label[0] != '\0')
        selector.marked = choice->key_label;
    return selector;
}

ENV_RESULT env_kek_choice_key(struct env_kek_choice *choice, const struct env_cipher_init *init,
                              env_read_key_fn *read)
{
    if (init->skey != NULL) /* env_kek_choice_skey takes it */
        return ENV_OK;
    if (init->key.data == NULL)
        return choice->key_refused ? ENV_FAIL(ENV_R_KEY_IS_NO_SELECTOR) : ENV_OK;
    if (choice->from_skey)
        take(choice, NULL, false);
    choice->key_refused = true;
    ENV_TRY(read(init->key.data, init->key.len, choice->key_label));
    choice->key_refused = false;
    return ENV_OK;
}

ENV_RESULT env_kek_choice_param(struct env_kek_choice *choice, const OSSL_PARAM *p,
                                const struct env_errors *errors)
{
    char *text = NULL;

    if (p->data_type != OSSL_PARAM_UTF8_STRING || p->data == NULL || p->data_size == 0 ||
        *(const char *)p->data == '\0')
        return ENV_RAISE(errors, ENV_R_BAD_PARAMETER, "%s", ENV_CIPHER_PARAM_KEK);
    if (!OSSL_PARAM_get_utf8_string(p, &text, 0))
        return ENV_FAIL(ENV_R_NO_MEMORY);
    take(choice, text, false);
    return ENV_OK;
}

ENV_RESULT env_kek_choice_skey(struct env_kek_choice *choice, const struct env_cipher_init *init)
{
    const char *uri = env_kek_skey_uri(init->skey);
    char *kek = uri != NULL ? OPENSSL_strdup(uri) : NULL;

    if (init->skey == NULL)
        return ENV_OK;
    choice->key_refused = kek == NULL;
    if (kek == NULL)
        return ENV_FAIL(uri != NULL ? ENV_R_NO_MEMORY : ENV_R_NO_KEY);
    take(choice, kek, true);
    return ENV_OK;
}
