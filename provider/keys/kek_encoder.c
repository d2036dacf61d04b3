/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_encoder.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "envelope/base/printable.h"
#include "keymgmt/token/error_detail.h"
#include "provider/common/edge.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_reference.h"

typedef bool write_fn(BIO *out, const struct env_key *key);

/* ---- references ---- */

static bool write_reference(BIO *out, const struct env_key *key, bool pem)
{
    uint8_t *der = NULL;
    size_t len = 0;
    bool ok = env_ok(env_kek_reference_encode(key->info.uri, &der, &len));

    if (ok && pem)
        ok = PEM_write_bio(out, ENV_KEK_PEM_NAME, "", der, (long)len) > 0;
    else if (ok)
        ok = BIO_write(out, der, (int)len) == (int)len;
    OPENSSL_free(der);
    return ok;
}

static bool write_pem(BIO *out, const struct env_key *key)
{
    return write_reference(out, key, true);
}

static bool write_der(BIO *out, const struct env_key *key)
{
    return write_reference(out, key, false);
}

/* ---- text ---- */

static const char *yes_or_no(bool value)
{
    return value ? "yes" : "no";
}

static const char *may_open(enum env_reason refusal)
{
    switch (refusal) {
    case ENV_R_NONE:
        return "yes";
    case ENV_R_KEK_NOT_NAMED:
        return "no (the configuration does not name this RSA key)";
    default:
        return "no (open-kek does not list it)";
    }
}

/* "    Seals: from 2027-01-01 to 2027-12-31" */
static bool write_dates(BIO *out, const struct env_dates *dates)
{
    char text[ENV_DATES_TEXT];

    if (dates->unread)
        return BIO_printf(out, "    Seals: never (one of its dates is invalid)\n") > 0;
    if (dates->first == 0 && dates->last == 0)
        return true;
    return BIO_printf(out, "    Seals: %s\n", env_dates_text(dates, text)) > 0;
}

static bool write_text(BIO *out, const struct env_key *key)
{
    const struct env_kek_info *f = &key->info;
    char id[ENV_HEX_TEXT] = "none";

    if (f->id.len > 0)
        env_hex(id, sizeof(id), f->id.bytes, f->id.len);
    return BIO_printf(out,
                      "KEK in a PKCS#11 token\n"
                      "    Token: %s\n"
                      "    Label: %s\n"
                      "    Reference: %s\n"
                      "    URI: %s\n"
                      "    Type: %s, %d bits\n"
                      "    Wraps with: %s\n",
                      f->token, f->label, id, f->uri, f->type == ENV_KEK_RSA ? "RSA" : "AES",
                      (int)f->bits, f->mechanisms[0] != '\0' ? f->mechanisms : "nothing") > 0 &&
           BIO_printf(out, "    Allowed:%s%s%s%s%s\n", f->wrap ? " wrap" : "",
                      f->unwrap ? " unwrap" : "", f->encrypt ? " encrypt" : "",
                      f->decrypt ? " decrypt" : "",
                      f->wrap || f->unwrap || f->encrypt || f->decrypt ? "" : " nothing") > 0 &&
           BIO_printf(out,
                      "    Sensitive: %s (always: %s)\n"
                      "    Extractable: %s (never: %s)\n"
                      "    Private object: %s\n"
                      "    Made in the token: %s\n"
                      "    Opens: %s\n",
                      yes_or_no(f->sensitive), yes_or_no(f->always_sensitive),
                      yes_or_no(f->extractable), yes_or_no(f->never_extractable),
                      yes_or_no(f->private_object), yes_or_no(f->local),
                      may_open(f->refusal)) > 0 &&
           write_dates(out, &f->dates);
}

/* ---- an RSA KEK's public half ---- */

static EVP_PKEY *public_key(const struct env_key *key)
{
    OSSL_LIB_CTX *libctx = key->provctx->libctx;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "RSA", "provider!=envelope");
    OSSL_PARAM *params = env_key_public_params(key);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static bool write_public(BIO *out, const struct env_key *key, bool pem)
{
    EVP_PKEY *pkey = public_key(key);
    bool ok =
        pkey != NULL && (pem ? PEM_write_bio_PUBKEY(out, pkey) : i2d_PUBKEY_bio(out, pkey)) == 1;

    EVP_PKEY_free(pkey);
    return ok;
}

static bool write_public_pem(BIO *out, const struct env_key *key)
{
    return write_public(out, key, true);
}

static bool write_public_der(BIO *out, const struct env_key *key)
{
    return write_public(out, key, false);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_encoder_newctx_fn newctx;
static OSSL_FUNC_encoder_freectx_fn freectx;
static OSSL_FUNC_encoder_does_selection_fn selects_private;
static OSSL_FUNC_encoder_does_selection_fn selects_public;
static OSSL_FUNC_encoder_does_selection_fn selects_any;

/* The provider itself serves as context: encoding has no parameters. */
static void *newctx(void *vprovctx)
{
    return vprovctx;
}

static void freectx(void *vctx)
{
    (void)vctx;
}

static int selects_private(void *vprovctx, int selection)
{
    (void)vprovctx;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

static int selects_public(void *vprovctx, int selection)
{
    (void)vprovctx;
    return selection == 0 ||
           (selection & (OSSL_KEYMGMT_SELECT_KEYPAIR)) == OSSL_KEYMGMT_SELECT_PUBLIC_KEY;
}

static int selects_any(void *vprovctx, int selection)
{
    (void)vprovctx;
    (void)selection;
    return 1;
}

static ENV_RESULT encode(struct env_provctx *provctx, OSSL_CORE_BIO *core_bio,
                         const struct env_key *key, write_fn *write)
{
    BIO *out;
    bool ok;

    if (key == NULL || key->kek == NULL)
        return ENV_FAIL(ENV_R_NO_KEY);
    out = BIO_new_from_core_bio(provctx->libctx, core_bio);
    ok = out != NULL && write(out, key);
    BIO_free(out);
    return ok ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

static ENV_RESULT encode_public(struct env_provctx *provctx, OSSL_CORE_BIO *core_bio,
                                const struct env_key *key, write_fn *write)
{
    if (key != NULL && key->kek != NULL && key->info.modulus_len == 0)
        return ENV_FAIL(ENV_R_NO_PUBLIC_HALF);
    return encode(provctx, core_bio, key, write);
}

/* A reference needs no encryption, so no passphrase is requested. */
#define IMPLEMENT_ENCODER(name, encode_with, write, selects)                                       \
    static OSSL_FUNC_encoder_encode_fn name;                                                       \
                                                                                                   \
    static int name(void *vctx, OSSL_CORE_BIO *out, const void *vkey, const OSSL_PARAM abstract[], \
                    int selection, OSSL_PASSPHRASE_CALLBACK *cb, void *cbarg)                      \
    {                                                                                              \
        struct env_provctx *provctx = vctx;                                                        \
                                                                                                   \
        (void)abstract;                                                                            \
        (void)selection;                                                                           \
        (void)cb;                                                                                  \
        (void)cbarg;                                                                               \
        return ENV_EDGE_IN(provctx, provctx, encode_with(provctx, out, vkey, write));              \
    }                                                                                              \
                                                                                                   \
    const OSSL_DISPATCH env_kek_##name##_functions[] = {                                           \
        {OSSL_FUNC_ENCODER_NEWCTX, (void (*)(void))newctx},                                        \
        {OSSL_FUNC_ENCODER_FREECTX, (void (*)(void))freectx},                                      \
        {OSSL_FUNC_ENCODER_DOES_SELECTION, (void (*)(void))(selects)},                             \
        {OSSL_FUNC_ENCODER_ENCODE, (void (*)(void))(name)},                                        \
        {0, NULL},                                                                                 \
    }

IMPLEMENT_ENCODER(to_pem, encode, write_pem, selects_private);
IMPLEMENT_ENCODER(to_der, encode, write_der, selects_private);
IMPLEMENT_ENCODER(to_text, encode, write_text, selects_any);
IMPLEMENT_ENCODER(to_public_pem, encode_public, write_public_pem, selects_public);
IMPLEMENT_ENCODER(to_public_der, encode_public, write_public_der, selects_public);
