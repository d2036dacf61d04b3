/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_keymgmt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "provider/common/edge.h"
#include "provider/keys/kek_gen.h"
#include "provider/keys/kek_key.h"

/* ---- properties ---- */

static int security_bits(const struct env_kek_info *info)
{
    return info->type == ENV_KEK_RSA ? BN_security_bits((int)info->bits, -1) : (int)info->bits;
}

static bool set_text(OSSL_PARAM params[], const char *name, const char *text)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

    return p == NULL || OSSL_PARAM_set_utf8_string(p, text) == 1;
}

static bool set_day(OSSL_PARAM params[], const char *name, int64_t day)
{
    char text[ENV_DATE_TEXT] = "";

    return set_text(params, name, day != 0 ? env_date_text(day, text) : text);
}

static bool set_int(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

    return p == NULL || OSSL_PARAM_set_int(p, value) == 1;
}

static bool set_number(OSSL_PARAM params[], const char *name, const uint8_t *bytes, size_t len)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    BIGNUM *number;
    bool ok;

    if (p == NULL || len == 0)
        return true;
    number = BN_bin2bn(bytes, (int)len, NULL);
    ok = number != NULL && OSSL_PARAM_set_BN(p, number) == 1;
    BN_free(number);
    return ok;
}

/* libcrypto has raised its own error when a parameter could not be set. */
static ENV_RESULT answer(const struct env_key *key, OSSL_PARAM params[])
{
    const struct env_kek_info *info = &key->info;
    OSSL_PARAM *id = OSSL_PARAM_locate(params, ENV_KEK_PARAM_ID);
    bool all = set_int(params, OSSL_PKEY_PARAM_BITS, (int)info->bits) &&
               set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, security_bits(info)) &&
               set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, (int)ENV_KEK_SEALED_MAX) &&
               set_text(params, ENV_KEK_PARAM_LABEL, info->label) &&
               set_text(params, ENV_KEK_PARAM_TOKEN, info->token) &&
               set_text(params, ENV_KEK_PARAM_URI, info->uri) &&
               set_text(params, ENV_KEK_PARAM_TYPE, info->type == ENV_KEK_RSA ? "RSA" : "AES") &&
               set_day(params, ENV_KEK_PARAM_NOT_BEFORE, info->dates.first) &&
               set_day(params, ENV_KEK_PARAM_NOT_AFTER, info->dates.last) &&
               set_number(params, OSSL_PKEY_PARAM_RSA_N, info->modulus, info->modulus_len) &&
               set_number(params, OSSL_PKEY_PARAM_RSA_E, info->exponent, info->exponent_len) &&
               (id == NULL || OSSL_PARAM_set_octet_string(id, info->id.bytes, info->id.len) == 1);

    return all ? ENV_OK : (ENV_RESULT){ENV_R_BAD_PARAMETER, true, 0};
}

/* Nothing of a KEK leaves its token except the public half of an RSA key. */
static ENV_RESULT may_export(const struct env_key *key, int selection)
{
    return key->kek != NULL && key->info.modulus_len > 0 &&
                   (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0
               ? ENV_OK
               : ENV_FAIL(ENV_R_KEK_NO_EXPORT);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_keymgmt_new_fn new_key;
static OSSL_FUNC_keymgmt_free_fn free_key;
static OSSL_FUNC_keymgmt_load_fn load;
static OSSL_FUNC_keymgmt_has_fn has;
static OSSL_FUNC_keymgmt_match_fn match;
static OSSL_FUNC_keymgmt_dup_fn dup;
static OSSL_FUNC_keymgmt_get_params_fn get_params;
static OSSL_FUNC_keymgmt_gettable_params_fn gettable_params;
static OSSL_FUNC_keymgmt_import_fn import;
static OSSL_FUNC_keymgmt_import_types_fn import_types;
static OSSL_FUNC_keymgmt_export_fn export;
static OSSL_FUNC_keymgmt_export_types_fn export_types;

static void *new_key(void *vprovctx)
{
    struct env_provctx *provctx = vprovctx;
    struct env_key *key = NULL;

    return ENV_EDGE_IN(provctx, provctx, env_key_new(provctx, NULL, &key)) ? key : NULL;
}

static void free_key(void *vkey)
{
    env_key_free(vkey);
}

static void *load(const void *reference, size_t reference_len)
{
    return env_key_load(reference, reference_len);
}

static int has(const void *vkey, int selection)
{
    const struct env_key *key = vkey;

    if (key == NULL || key->kek == NULL)
        return 0;
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || key->info.modulus_len > 0;
}

static int match(const void *vkey1, const void *vkey2, int selection)
{
    const struct env_key *a = vkey1;
    const struct env_key *b = vkey2;

    (void)selection;
    if (a == NULL || b == NULL)
        return 0;
    if (a->kek == NULL || b->kek == NULL)
        return a->kek == b->kek;
    return a->info.type == b->info.type && a->info.uri[0] != '\0' &&
           strcmp(a->info.uri, b->info.uri) == 0;
}

/* A key never changes, so the copy is another reference. */
static void *dup(const void *vkey, int selection)
{
    struct env_key *key = (struct env_key *)(uintptr_t)vkey;

    (void)selection;
    return ENV_EDGE(key, ENV_OK) ? env_key_up_ref(key) : NULL;
}

static int get_params(void *vkey, OSSL_PARAM params[])
{
    const struct env_key *key = vkey;

    return ENV_EDGE(key, answer(key, params));
}

static const OSSL_PARAM *gettable_params(void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_LABEL, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_TOKEN, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_URI, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_TYPE, NULL, 0),
        OSSL_PARAM_octet_string(ENV_KEK_PARAM_ID, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_NOT_BEFORE, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_NOT_AFTER, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)vprovctx;
    return params;
}

/* ---- no import, and no export except an RSA KEK's public half ---- */

static int import(void *vkey, int selection, const OSSL_PARAM params[])
{
    const struct env_key *key = vkey;

    (void)selection;
    (void)params;
    return ENV_EDGE(key, ENV_FAIL(ENV_R_KEK_NO_IMPORT));
}

static const OSSL_PARAM public_half[] = {
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
    OSSL_PARAM_END,
};

static const OSSL_PARAM *import_types(int selection)
{
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? public_half : NULL;
}

static int export(void *vkey, int selection, OSSL_CALLBACK *param_cb, void *cbarg)
{
    const struct env_key *key = vkey;
    OSSL_PARAM *params;
    int ok = 0;

    if (!ENV_EDGE(key, may_export(key, selection)))
        return 0;
    params = env_key_public_params(key);
    if (params != NULL)
        ok = param_cb(params, cbarg);
    OSSL_PARAM_free(params);
    return ok;
}

static const OSSL_PARAM *export_types(int selection)
{
    return import_types(selection);
}

const OSSL_DISPATCH env_kek_keymgmt_functions[] = {
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_key},
    {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))free_key},
    {OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))env_kek_gen_init},
    {OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))env_kek_gen_set_params},
    {OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))env_kek_gen_settable_params},
    {OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))env_kek_gen},
    {OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))env_kek_gen_cleanup},
    {OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))load},
    {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))has},
    {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))match},
    {OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))dup},
    {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))import},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))import_types},
    {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void)) export},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))export_types},
    {0, NULL},
};
