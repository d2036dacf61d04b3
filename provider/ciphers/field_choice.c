/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/field_choice.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/named/stand_in.h"
#include "provider/common/params.h"
#include "provider/stock/stand_in.h"

/* ---- key bytes ---- */

static bool all_zero(struct env_span bytes)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < bytes.len; i++)
        sum |= bytes.data[i];
    return sum == 0;
}

static void forget_key(struct env_field_said *said)
{
    if (said->key != NULL)
        env_secret_free(said->key, said->key_len);
    said->key = NULL;
    said->key_len = 0;
    said->parts = (struct env_field_key_bytes){0};
}

/* A stand-in with its line end, or as text, is named. */
static enum env_reason wrong_key(struct env_span key)
{
    const enum env_mark mark = env_mark_of(key.data, key.len);

    return mark == ENV_MARK_NONE || mark == ENV_MARK_SELECTOR || mark == ENV_MARK_CHANGED
               ? ENV_R_FIELD_KEY_BYTES
               : env_mark_reason(mark);
}

/* The parts point into the copy of the key bytes. */
static ENV_RESULT read_key(struct env_field_said *said, const struct env_errors *errors)
{
    const struct env_span key = {said->key, said->key_len};
    const char *what = NULL;
    size_t len = 0;
    ENV_RESULT r;

    if (env_stand_in_is(key, &len)) {
        said->parts.stand_in = (struct env_span){said->key, len};
        return ENV_OK;
    }
    if (!env_field_key_bytes_is(key))
        return ENV_FAIL(wrong_key(key));
    r = env_field_key_bytes_read(key, &said->parts, &what);
    if (!env_ok(r))
        return ENV_RAISE(errors, r.reason, "%s", what);
    if (said->parts.stand_in.len > 0 &&
        (!env_stand_in_is(said->parts.stand_in, &len) || len != said->parts.stand_in.len))
        return ENV_RAISE(errors, ENV_R_FIELD_KEY_FORM, "%s", "its stand-in is not a stand-in");
    return ENV_OK;
}

static ENV_RESULT take_key(struct env_field_said *said, const struct env_errors *errors,
                           struct env_span key)
{
    ENV_RESULT r;

    forget_key(said);
    if (key.len < ENV_FIELD_KEY_MIN || key.len > ENV_FIELD_KEY_MAX)
        return ENV_FAIL(ENV_R_FIELD_KEY_LENGTH);
    if (all_zero(key))
        return ENV_OK;
    said->key = env_secret_alloc(key.len);
    if (said->key == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    said->key_len = key.len;
    memcpy(said->key, key.data, key.len);
    r = read_key(said, errors);
    if (!env_ok(r))
        forget_key(said);
    return r;
}

ENV_RESULT env_field_said_key(struct env_field_said *said, const struct env_errors *errors,
                              struct env_span key)
{
    ENV_RESULT r;

    if (key.data == NULL)
        return said->key_refused == ENV_R_NONE ? ENV_OK : ENV_FAIL(said->key_refused);
    /* the same key again: nothing to do */
    if (said->key != NULL && said->key_len == key.len &&
        CRYPTO_memcmp(said->key, key.data, key.len) == 0)
        return ENV_OK;
    r = take_key(said, errors, key);
    said->key_refused = r.reason;
    return r;
}

/* ---- parameters ---- */

static void param_clear(struct env_field_param *param)
{
    if (param->data != NULL)
        OPENSSL_clear_free(param->data, param->len);
    *param = (struct env_field_param){0};
}

/* Makes a copy with a NUL after it. */
static ENV_RESULT param_set(struct env_field_param *param, const void *data, size_t len)
{
    uint8_t *copy = OPENSSL_zalloc(len + 1);

    if (copy == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (len > 0)
        memcpy(copy, data, len);
    param_clear(param);
    *param = (struct env_field_param){true, copy, len};
    return ENV_OK;
}

static ENV_RESULT bad(const struct env_errors *errors, const OSSL_PARAM *p)
{
    return ENV_RAISE(errors, ENV_R_BAD_PARAMETER, "%s", p->key);
}

/* Takes octets or text, up to this many bytes. */
static ENV_RESULT take_bytes(struct env_field_param *param, const struct env_errors *errors,
                             const OSSL_PARAM *p, size_t most, enum env_reason too_long)
{
    if (p == NULL)
        return ENV_OK;
    if ((p->data_type != OSSL_PARAM_OCTET_STRING && p->data_type != OSSL_PARAM_UTF8_STRING) ||
        (p->data == NULL && p->data_size > 0))
        return bad(errors, p);
    if (p->data_size > most)
        return ENV_FAIL(too_long);
    return param_set(param, p->data, p->data_size);
}

/* Empty text clears the name. */
static ENV_RESULT take_name(struct env_field_param *param, const struct env_errors *errors,
                            const OSSL_PARAM *p)
{
    char name[ENV_NAMED_NAME_MAX + 1];
    const char *text = NULL;
    uint32_t number = 0;

    if (p == NULL)
        return ENV_OK;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &text) || text == NULL ||
        strnlen(text, p->data_size) != p->data_size)
        return bad(errors, p);
    if (*text == '\0') {
        param_clear(param);
        return ENV_OK;
    }
    if (!env_named_name_read(text, name, &number))
        return bad(errors, p);
    return param_set(param, text, p->data_size);
}

ENV_RESULT env_field_said_params(struct env_field_said *said, const struct env_errors *errors,
                                 const OSSL_PARAM params[])
{
    ENV_TRY(take_name(&said->name, errors,
                      OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_FIELD_KEY)));
    ENV_TRY(take_bytes(&said->tenant_key, errors,
                       OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_TENANT_KEY),
                       ENV_TENANT_SEALED_LEN, ENV_R_TENANT_INCOMPLETE));
    ENV_TRY(take_bytes(&said->tenant, errors,
                       OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_TENANT), ENV_TENANT_ID_MAX,
                       ENV_R_TENANT_INCOMPLETE));
    return take_bytes(&said->context, errors,
                      OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_CONTEXT),
                      ENV_FIELD_CONTEXT_MAX, ENV_R_CONTEXT_TOO_LONG);
}

bool env_field_params_has(const OSSL_PARAM params[])
{
    return OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_FIELD_KEY) != NULL ||
           OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_TENANT_KEY) != NULL ||
           OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_TENANT) != NULL ||
           OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_CONTEXT) != NULL;
}

/* ---- together ---- */

static struct env_span either(const struct env_field_param *param, struct env_span from_key)
{
    return param->given ? (struct env_span){param->data, param->len} : from_key;
}

void env_field_said_choice(const struct env_field_said *said, const struct env_config *config,
                           struct env_field_choice *choice)
{
    choice->stand_in = said->parts.stand_in;
    choice->name = (const char *)said->name.data;
    if (choice->name == NULL && choice->stand_in.len == 0)
        choice->name = config->field_key;
    choice->tenant_key = either(&said->tenant_key, said->parts.tenant_key);
    choice->tenant = either(&said->tenant, said->parts.tenant);
    choice->context = either(&said->context, said->parts.context);
}

/* ---- copies ---- */

static bool param_separate(struct env_field_param *param)
{
    if (param->data == NULL)
        return true;
    param->data = OPENSSL_memdup(param->data, param->len + 1);
    return param->data != NULL;
}

static void rebase(struct env_span *part, const uint8_t *from, const uint8_t *to)
{
    if (part->data != NULL)
        part->data = to + (part->data - from);
}

ENV_RESULT env_field_said_separate(struct env_field_said *copy, const struct env_field_said *from)
{
    bool ok = param_separate(&copy->name);

    ok = param_separate(&copy->tenant_key) && ok;
    ok = param_separate(&copy->tenant) && ok;
    ok = param_separate(&copy->context) && ok;
    copy->key = NULL;
    copy->parts = (struct env_field_key_bytes){0};
    if (ok && from->key != NULL)
        copy->key = env_secret_alloc(from->key_len);
    if (!ok || (from->key != NULL && copy->key == NULL))
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (from->key == NULL)
        return ENV_OK;
    memcpy(copy->key, from->key, from->key_len);
    copy->parts = from->parts;
    rebase(&copy->parts.stand_in, from->key, copy->key);
    rebase(&copy->parts.tenant_key, from->key, copy->key);
    rebase(&copy->parts.tenant, from->key, copy->key);
    rebase(&copy->parts.context, from->key, copy->key);
    return ENV_OK;
}

void env_field_said_clear(struct env_field_said *said)
{
    param_clear(&said->name);
    param_clear(&said->tenant_key);
    param_clear(&said->tenant);
    param_clear(&said->context);
    forget_key(said);
}
