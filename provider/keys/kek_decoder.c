/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_decoder.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <string.h>

#include "provider/keys/kek_key.h"
#include "provider/keys/kek_reference.h"
#include "envelope/base/pin_prompt.h"

static ENV_RESULT find(struct env_provctx *provctx, const char *uri, OSSL_PASSPHRASE_CALLBACK *cb,
                       void *cbarg, struct env_kek **kek)
{
    struct env_keyring *ring = provctx->dek.keyring;
    struct env_pin_prompt prompt;
    ENV_RESULT r;

    ENV_TRY(env_provctx_ready(provctx));
    env_pin_prompt_begin(&prompt, cb, cbarg);
    r = ring->vtable->find(ring, uri, kek);
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

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_decoder_newctx_fn newctx;
static OSSL_FUNC_decoder_freectx_fn freectx;
static OSSL_FUNC_decoder_does_selection_fn does_selection;
static OSSL_FUNC_decoder_decode_fn pem_to_der;
static OSSL_FUNC_decoder_decode_fn der_to_kek;

/* The context is the provider's own: decoding has no parameters. */
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

/* Reads one PEM block; false when there is none, which is no error. */
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
 * The key is looked for here already: what goes wrong in der_to_kek, which libcrypto calls when it
 * loads a file, is dropped from the error stack; what goes wrong here is not. The second look, in
 * der_to_kek, finds the key where the first one put it.
 */
static int pem_to_der(void *vctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *data_cb,
                      void *data_arg, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct env_provctx *provctx = vctx;
    struct env_kek *kek = NULL;
    char *name = NULL;
    unsigned char *der = NULL;
    long len = 0;
    int ok = 1;

    (void)selection;
    if (!read_pem(provctx, in, &name, &der, &len))
        return 1;
    if (strcmp(name, ENV_KEK_PEM_NAME) == 0) {
        ENV_RESULT r = find_referred(provctx, der, (size_t)len, pw_cb, pw_arg, &kek);

        ok = env_ok(r) ? hand_on(der, (size_t)len, data_cb, data_arg) : ENV_EDGE_FAIL(provctx, r);
        env_kek_free(kek);
    }
    OPENSSL_free(name);
    OPENSSL_free(der);
    return ok;
}

/* As much as a reference can have, and one byte more. */
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

static int der_to_kek(void *vctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *data_cb,
                      void *data_arg, OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct env_provctx *provctx = vctx;
    uint8_t der[ENV_KEK_REFERENCE_MAX + 1];
    size_t len = read_some(provctx, in, der);
    struct env_kek *kek = NULL;
    struct env_key *key;
    ENV_RESULT r;

    (void)selection;
    if (!env_kek_reference_is(der, len))
        return 1; /* some other key, for some other decoder */
    r = find_referred(provctx, der, len, pw_cb, pw_arg, &kek);
    if (!env_ok(r))
        return ENV_EDGE_FAIL(provctx, r);
    key = env_key_new(provctx, kek);
    if (key == NULL)
        return ENV_EDGE_FAIL(provctx, ENV_FAIL(ENV_R_NO_MEMORY));
    return env_key_hand_over(key, OSSL_OBJECT_PKEY, data_cb, data_arg);
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
