/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_skeymgmt.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "provider/common/edge.h"
#include "provider/keys/kek_gen.h"
#include "provider/keys/kek_key.h"

const char *env_kek_skey_uri(const void *skeydata)
{
    const struct env_key *key = skeydata;

    return key != NULL && key->kek != NULL && key->info.uri[0] != '\0' ? key->info.uri : NULL;
}

static ENV_RESULT find(struct env_provctx *provctx, const char *name, struct env_key **out)
{
    struct env_keyring *keyring = provctx->dek.keyring;
    struct env_kek *kek = NULL;

    ENV_TRY(env_provctx_ready(provctx));
    ENV_TRY(keyring->vtable->find(keyring, name, &kek));
    return env_key_new(provctx, kek, out);
}

static ENV_RESULT import_named(struct env_provctx *provctx, const OSSL_PARAM params[],
                               struct env_key **out)
{
    const OSSL_PARAM *label = OSSL_PARAM_locate_const(params, ENV_KEK_PARAM_LABEL);
    const OSSL_PARAM *uri = OSSL_PARAM_locate_const(params, ENV_KEK_PARAM_URI);
    const OSSL_PARAM *p = uri != NULL ? uri : label;
    char *name = NULL;
    ENV_RESULT r;

    if (p == NULL) /* probably raw bytes */
        return ENV_FAIL(ENV_R_KEK_NO_IMPORT);
    if ((uri != NULL && label != NULL) || !OSSL_PARAM_get_utf8_string(p, &name, 0) || name == NULL)
        return ENV_RAISE(&provctx->errors, ENV_R_BAD_PARAMETER, "%s or %s", ENV_KEK_PARAM_LABEL,
                         ENV_KEK_PARAM_URI);
    if (uri != NULL && strncmp(name, "pkcs11:", strlen("pkcs11:")) != 0)
        r = ENV_RAISE(&provctx->errors, ENV_R_BAD_PARAMETER, "%s is a pkcs11: URI",
                      ENV_KEK_PARAM_URI);
    else
        r = find(provctx, name, out);
    OPENSSL_clear_free(name, strlen(name)); /* it may contain a PIN */
    return r;
}

/* OpenSSL 4.0 imports what our store passed to it (env_key_hand_over). */
static struct env_key *take_reference(const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_REFERENCE);
    const void *reference = NULL;
    size_t len = 0;

    if (p == NULL || !OSSL_PARAM_get_octet_ptr(p, &reference, &len))
        return NULL;
    return env_key_load(reference, len);
}

static ENV_RESULT import_key(struct env_provctx *provctx, const OSSL_PARAM params[],
                             struct env_key **out)
{
    *out = take_reference(params);
    return *out != NULL ? ENV_OK : import_named(provctx, params, out);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_skeymgmt_free_fn free_key;
static OSSL_FUNC_skeymgmt_import_fn import;
static OSSL_FUNC_skeymgmt_export_fn export;
static OSSL_FUNC_skeymgmt_generate_fn generate;
static OSSL_FUNC_skeymgmt_get_key_id_fn get_key_id;
static OSSL_FUNC_skeymgmt_imp_settable_params_fn imp_settable_params;
static OSSL_FUNC_skeymgmt_gen_settable_params_fn gen_settable_params;

static void free_key(void *vkey)
{
    env_key_free(vkey);
}

static void *import(void *vprovctx, int selection, const OSSL_PARAM params[])
{
    struct env_provctx *provctx = vprovctx;
    struct env_key *key = NULL;

    (void)selection;
    return ENV_EDGE_IN(provctx, provctx, import_key(provctx, params, &key)) ? key : NULL;
}

static int export(void *vkey, int selection, OSSL_CALLBACK *param_cb, void *cbarg)
{
    const struct env_key *key = vkey;

    (void)selection;
    (void)param_cb;
    (void)cbarg;
    return ENV_EDGE(key, ENV_FAIL(ENV_R_KEK_NO_EXPORT));
}

static void *generate(void *vprovctx, const OSSL_PARAM params[])
{
    void *genctx = env_kek_gen_init(vprovctx, OSSL_KEYMGMT_SELECT_KEYPAIR, params);
    void *key = genctx != NULL ? env_kek_gen(genctx, NULL, NULL) : NULL;

    env_kek_gen_cleanup(genctx);
    return key;
}

static const char *get_key_id(void *vkey)
{
    return env_kek_skey_uri(vkey);
}

static const OSSL_PARAM *imp_settable_params(void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_LABEL, NULL, 0),
        OSSL_PARAM_utf8_string(ENV_KEK_PARAM_URI, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)vprovctx;
    return params;
}

static const OSSL_PARAM *gen_settable_params(void *vprovctx)
{
    return env_kek_gen_settable_params(NULL, vprovctx);
}

const OSSL_DISPATCH env_kek_skeymgmt_functions[] = {
    {OSSL_FUNC_SKEYMGMT_FREE, (void (*)(void))free_key},
    {OSSL_FUNC_SKEYMGMT_IMPORT, (void (*)(void))import},
    {OSSL_FUNC_SKEYMGMT_EXPORT, (void (*)(void)) export},
    {OSSL_FUNC_SKEYMGMT_GENERATE, (void (*)(void))generate},
    {OSSL_FUNC_SKEYMGMT_GET_KEY_ID, (void (*)(void))get_key_id},
    {OSSL_FUNC_SKEYMGMT_IMP_SETTABLE_PARAMS, (void (*)(void))imp_settable_params},
    {OSSL_FUNC_SKEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))gen_settable_params},
    {0, NULL},
};
