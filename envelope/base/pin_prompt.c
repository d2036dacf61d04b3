/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/pin_prompt.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdio.h>

static _Thread_local const struct env_pin_prompt *current;

void env_pin_prompt_begin(struct env_pin_prompt *prompt, OSSL_PASSPHRASE_CALLBACK *cb, void *arg)
{
    *prompt = (struct env_pin_prompt){cb, arg, current};
    current = prompt;
}

void env_pin_prompt_end(const struct env_pin_prompt *prompt)
{
    current = prompt->outer;
}

size_t env_pin_prompt_ask(const char *token, unsigned char *pin, size_t size)
{
    char what[160];
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, what, 0),
                           OSSL_PARAM_END};
    size_t len = 0;

    if (current == NULL || current->cb == NULL)
        return 0;
    params[0].data_size = (size_t)snprintf(what, sizeof(what), "the PIN of %s", token);
    if (!current->cb((char *)pin, size, &len, params, current->arg) || len > size)
        return 0;
    return len;
}
