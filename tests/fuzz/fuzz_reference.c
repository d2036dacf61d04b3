/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References to KEKs: DER by itself, and files through all of OSSL_DECODER. What decodes encodes to
 * the same bytes, and names a key but no PIN.
 */
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <string.h>

#include "der_mutator.h"
#include "fake_keyring.h"
#include "keymgmt/token/uri.h"
#include "provider/keys/kek_reference.h"

#define PEM_BEGIN "-----BEGIN " ENV_KEK_PEM_NAME "-----\n"
#define PEM_END "-----END " ENV_KEK_PEM_NAME "-----\n"

enum { DER_ALONE, DER_FILE, PEM_AROUND, ANY_FILE };

static OSSL_LIB_CTX *libctx;
static char raised[1024];

static void keep_text(void *arg, const char *file, int line, const char *func,
                      enum env_reason reason, const char *fmt, va_list ap)
{
    (void)arg;
    (void)file;
    (void)line;
    (void)func;
    FUZZ_DEMAND(reason == ENV_R_BAD_REFERENCE || reason == ENV_R_NO_MEMORY);
    (void)vsnprintf(raised, sizeof(raised), fmt, ap);
}

static void mark(void *arg)
{
    (void)arg;
    (void)ERR_set_mark();
}

static void unmark(void *arg, bool drop)
{
    (void)arg;
    (void)(drop ? ERR_pop_to_mark() : ERR_clear_last_mark());
}

static const struct env_errors errors = {NULL, keep_text, mark, unmark};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fake_reset();
    libctx = fake_libctx_new();
    return 0;
}

/* No raised error holds a PIN or a control character. */
static void check_raised(void)
{
    for (const char *p = raised; *p != '\0'; p++)
        FUZZ_DEMAND((unsigned char)*p >= 0x20 && *p != 0x7F);
    FUZZ_DEMAND(strstr(raised, "pin-value=") == NULL);
}

static void der_alone(const uint8_t *data, size_t size)
{
    char uri[ENV_KEK_URI];
    uint8_t *again = NULL;
    size_t len = 0;
    P11KitUri *parsed;
    struct env_error_detail detail;

    raised[0] = '\0';
    if (!env_ok(env_kek_reference_decode(&errors, data, size, uri))) {
        check_raised();
        return;
    }
    FUZZ_DEMAND(env_kek_reference_is(data, size) && strlen(uri) < ENV_KEK_URI);
    FUZZ_DEMAND(env_ok(env_kek_reference_encode(uri, &again, &len)));
    FUZZ_DEMAND(len == size && memcmp(again, data, len) == 0);
    OPENSSL_free(again);
    FUZZ_DEMAND(env_uri_is(uri) && env_ok(env_uri_parse(uri, "reference", &parsed, &detail)));
    FUZZ_DEMAND(p11_kit_uri_get_pin_value(parsed) == NULL &&
                p11_kit_uri_get_pin_source(parsed) == NULL);
    env_uri_free(parsed);
}

/* As a program reads a file. A key that comes out is a fake one that the reference names. */
static void whole_file(const uint8_t *data, size_t size)
{
    EVP_PKEY *pkey = NULL;
    OSSL_DECODER_CTX *ctx =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, "ENVELOPE-KEK", 0, libctx, NULL);

    FUZZ_DEMAND(ctx != NULL);
    if (OSSL_DECODER_from_data(ctx, &data, &size) == 1)
        FUZZ_DEMAND(pkey != NULL && EVP_PKEY_is_a(pkey, "ENVELOPE-KEK"));
    EVP_PKEY_free(pkey);
    OSSL_DECODER_CTX_free(ctx);
    FUZZ_DEMAND(fake_references() == 0);
}

static void pem_around(const uint8_t *data, size_t size)
{
    size_t room = sizeof(PEM_BEGIN) + sizeof(PEM_END) + size * 2 + 80;
    uint8_t *pem = malloc(room);
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    size_t len = sizeof(PEM_BEGIN) - 1;
    int n = 0;

    FUZZ_DEMAND(pem != NULL && ctx != NULL);
    memcpy(pem, PEM_BEGIN, len);
    EVP_EncodeInit(ctx);
    FUZZ_DEMAND(EVP_EncodeUpdate(ctx, pem + len, &n, data, (int)size) == 1 || size == 0);
    len += (size_t)n;
    EVP_EncodeFinal(ctx, pem + len, &n);
    len += (size_t)n;
    memcpy(pem + len, PEM_END, sizeof(PEM_END) - 1);
    whole_file(pem, len + sizeof(PEM_END) - 1);
    EVP_ENCODE_CTX_free(ctx);
    free(pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    switch (data[0] % 8) { /* the decoder takes a hundred times as long */
    case DER_FILE:
        whole_file(data + 1, size - 1);
        break;
    case PEM_AROUND:
        pem_around(data + 1, size - 1);
        break;
    case ANY_FILE:
        whole_file(data + 1, size - 1);
        break;
    default:
        der_alone(data + 1, size - 1);
        break;
    }
    ERR_clear_error();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < 2 || seed % 3 == 0 || data[0] % 8 == ANY_FILE)
        return LLVMFuzzerMutate(data, size, max_size);
    return 1 + der_mutate(data + 1, size - 1, max_size - 1, seed);
}
