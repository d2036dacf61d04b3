/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module as a configuration module (envelope-names in [openssl_init], after providers). It
 * makes our ciphers known to EVP_get_cipherbyname, which does not know providers' ciphers. Programs
 * that use that function size their buffers in the traditional way, so these are the strict
 * ciphers.
 *
 * libcrypto finds the two functions by names that its own functions have as well, so this file is
 * only in the module.
 */
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdatomic.h>

#include "provider/common/libcrypto_check.h"

#define EXPORTED __attribute__((visibility("default")))
#define NAMES 2

static const struct {
    const char *fetched;
    const char *names[NAMES];
} ciphers[] = {
    {"ENVELOPE-STRICT", {"ENVELOPE", "ENVELOPE-AES-256-GCM"}},
    {"ENVELOPE-64K-STRICT", {"ENVELOPE-64K", "ENVELOPE-AES-256-GCM-64K"}},
    {"ENVELOPE-FIELD", {"ENVELOPE-FIELD", NULL}}, /* always strict */
    {"ENVELOPE-FIELD-DETERMINISTIC", {"ENVELOPE-FIELD-DETERMINISTIC", NULL}},
};

#define CIPHERS (sizeof(ciphers) / sizeof(ciphers[0]))

/* Belongs to the process: a program that got a cipher by name holds no reference to it. */
static _Atomic(EVP_CIPHER *) known[CIPHERS];

static void make_known(size_t i)
{
    EVP_CIPHER *there = NULL;
    EVP_CIPHER *cipher;

    if (atomic_load(&known[i]) != NULL)
        return;
    cipher = EVP_CIPHER_fetch(NULL, ciphers[i].fetched, "provider=envelope");
    if (cipher == NULL)
        return;
    if (!atomic_compare_exchange_strong(&known[i], &there, cipher)) {
        EVP_CIPHER_free(cipher); /* another thread was faster */
        return;
    }
    for (size_t n = 0; n < NAMES && ciphers[i].names[n] != NULL; n++)
        (void)OBJ_NAME_add(ciphers[i].names[n], OBJ_NAME_TYPE_CIPHER_METH, (const char *)cipher);
}

/* The names are global to the process, so they stand for the default context's ciphers. */
static bool is_for_default(const CONF *cnf)
{
    OSSL_LIB_CTX *libctx = NCONF_get0_libctx(cnf);

    return libctx == NULL || libctx == OSSL_LIB_CTX_get0_global_default();
}

EXPORTED int env_names_init(CONF_IMODULE *module, const CONF *cnf) __asm__("OPENSSL_init");
EXPORTED void env_names_finish(CONF_IMODULE *module) __asm__("OPENSSL_finish");

/* A failure would abort the program's whole configuration, so none is returned. */
int env_names_init(CONF_IMODULE *module, const CONF *cnf)
{
    (void)module;
    if (!env_libcrypto_has(__builtin_return_address(0)) || !is_for_default(cnf))
        return 1;
    (void)ERR_set_mark();
    for (size_t i = 0; i < CIPHERS; i++)
        make_known(i);
    (void)ERR_pop_to_mark();
    return 1;
}

/* The names stay, because programs keep what they found. */
void env_names_finish(CONF_IMODULE *module)
{
    (void)module;
}
