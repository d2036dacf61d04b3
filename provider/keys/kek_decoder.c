/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_decoder.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <string.h>

#include "envelope/base/pin_prompt.h"
#include "provider/common/edge.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_reference.h"

static ENV_RESULT find(struct env_provctx *provctx, const char *uri, OSSL_PASSPHRASE_CALLBACK *cb,
                       void *cbarg, struct env_kek **kek)
{
    struct env_keyring *keyring = provctx->dek.keyring;
    struct env_pin_prompt prompt;
    ENV_RESULT r;

    ENV_TRY(env_provctx_ready(provctx));
    env_pin_prompt_begin(&prompt, cb, cbarg);
    r = keyring->vtable->find(keyring, uri, kek);
    env_pin_prompt_end(&prompt);
    return r;
}

static ENV_RESULT find_referred(struct env_provctx *provctx, const uint8_t *der, size_t len,
                                OSSL_PASSPHRASE_CALLBACK *cb, void *cbarg, struct env_kek **kek)
{
    char uri[ENV_KEK_URI];

    ENV_TRY(env_kek_reference_decode(&provctx->errors, der, len, uri));
    return find(provctx, uri, cb, cbarg, kek);
}

/* Reads one PEM block; false if there is none, which is not an error. */
static bool read_pem(const struct env_provctx *provctx, OSSL_CORE_BIO *core_bio, char **name,
                     unsigned char **der, long *len)
{
    BIO *in = BIO_new_from_core_bio(provctx->libctx, core_bio);
    char *header = NULL;
    bool ok;

    env_errors_mark(&provctx->errors);
    ok = in != NULL && PEM_read_bio(in, name, &header, der, len) == 1;
    env_errors_unmark(&provctx->errors, true);
    OPENSSL_free(header);
    BIO_free(in);
    return ok;
}

/*
 * The DER of a reference, freed with OPENSSL_free; NULL if the input is something else. The key is
 * already looked up here, because libcrypto drops the errors of der_to_kek when it loads a file,
 * but keeps those of pem_to_der. The second lookup, in der_to_kek, finds the key in the cache.
 */
static ENV_RESULT reference_in_pem(struct env_provctx *provctx, OSSL_CORE_BIO *in,
                                   OSSL_PASSPHRASE_CALLBACK *cb, void *cbarg, unsigned char **der,
                                   size_t *der_len)
{
    struct env_kek *kek = NULL;
    char *name = NULL;
    long len = 0;
    bool ours = read_pem(provctx, in, &name, der, &len) && strcmp(name, ENV_KEK_PEM_NAME) == 0;
    ENV_RESULT r = ENV_OK;

    *der_len = (size_t)len;
    if (ours)
        r = find_referred(provctx, *der, *der_len, cb, cbarg, &kek);
    if (!ours || !env_ok(r)) {
        OPENSSL_free(*der);
        *der = NULL;
    }
    env_kek_free(kek);
    OPENSSL_free(name);
    return r;
}

/* Reads at most one byte more than the longest reference has. */
static size_t read_some(const struct env_provctx *provctx, OSSL_CORE_BIO *core_bio,
                        uint8_t der[ENV_KEK_REFERENCE_MAX + 1])
{
    BIO *in = BIO_new_from_core_bio(provctx->libctx, core_bio);
    size_t len = 0;
    int n;

    while (in != NULL && len <= ENV_KEK_REFERENCE_MAX &&
           (n = BIO_read(in, der + len, (int)(ENV_KEK_REFERENCE_MAX + 1 - len))) > 0)
        len += (size_t)n;
    BIO_free(in);
    return len;
}

/* key stays NULL for another kind of key, which is left to other decoders. */
static ENV_RESULT key_in_der(struct env_provctx *provctx, OSSL_CORE_BIO *in,
                             OSSL_PASSPHRASE_CALLBACK *cb, void *cbarg, struct env_key **key)
{
    uint8_t der[ENV_KEK_REFERENCE_MAX + 1];
    size_t len = read_some(provctx, in, der);
    struct env_kek *kek = NULL;

    if (!env_kek_reference_is(der, len))
        return ENV_OK;
    ENV_TRY(find_referred(provctx, der, len, cb, cbarg, &kek));
    return env_key_new(provctx, kek, key);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_decoder_newctx_fn newctx;
static OSSL_FUNC_decoder_freectx_fn freectx;
static OSSL_FUNC_decoder_does_selection_fn does_selection;
static OSSL_FUNC_decoder_decode_fn pem_to_der;
static OSSL_FUNC_decoder_decode_fn der_to_kek;

/* The provider itself serves as context: decoding has no parameters. */
static void *newctx(void *vprovctx)
{
    return vprovctx;
}

static void freectx(void *vctx)
{
    (void)vctx;
}

static int does_selection(void *vprovctx, int selection)
{
    (void)vprovctx;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

static int hand_on(unsigned char *der, size_t len, OSSL_CALLBACK *data_cb, void *data_arg)
{
    static char type[] = ENV_KEK_KEY_TYPE;
    static char structure[] = ENV_KEK_STRUCTURE;
    int object_type = OSSL_OBJECT_PKEY;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, type, sizeof(type) - 1),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, sizeof(structure) - 1),
        OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_DATA, der, len),
        OSSL_PARAM_END,
    };

    return data_cb(params, data_arg);
}

static int pem_to_der(void *vctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *data_cb,
                      void *data_arg, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct env_provctx *provctx = vctx;
    unsigned char *der = NULL;
    size_t len = 0;
    int ok =
        ENV_EDGE_IN(provctx, provctx, reference_in_pem(provctx, in, pw_cb, pw_arg, &der, &len));

    (void)selection;
    if (der != NULL)
        ok = hand_on(der, len, data_cb, data_arg);
    OPENSSL_free(der);
    return ok;
}

static int der_to_kek(void *vctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *data_cb,
                      void *data_arg, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct env_provctx *provctx = vctx;
    struct env_key *key = NULL;
    int ok = ENV_EDGE_IN(provctx, provctx, key_in_der(provctx, in, pw_cb, pw_arg, &key));

    (void)selection;
    return key != NULL ? env_key_hand_over(key, OSSL_OBJECT_PKEY, data_cb, data_arg) : ok;
}

const OSSL_DISPATCH env_pem_to_der_functions[] = {
    {OSSL_FUNC_DECODER_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_DECODER_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_DECODER_DECODE, (void (*)(void))pem_to_der},
    {0, NULL},
};

const OSSL_DISPATCH env_der_to_kek_functions[] = {
    {OSSL_FUNC_DECODER_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_DECODER_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_DECODER_DOES_SELECTION, (void (*)(void))does_selection},
    {OSSL_FUNC_DECODER_DECODE, (void (*)(void))der_to_kek},
    {0, NULL},
};
