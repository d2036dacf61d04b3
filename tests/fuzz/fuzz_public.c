/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public halves of RSA KEKs: certificates and public keys in files, RSAPublicKeys, and numbers from
 * a token. The result is the same as that of libcrypto's own readers, and only an RSA key of an
 * accepted length is sealed to. The first byte of an input chooses the reader.
 */
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "der_mutator.h"
#include "keymgmt/file_kek.h"
#include "keymgmt/token_keyring.h"
#include "keymgmt/wrap/public_file.h"

enum { FILE_DER, FILE_PEM, PEM_AROUND, BIT_STRING, NUMBERS, NAME, READERS };

static const struct env_rsa_source source;
static struct env_config config;
static struct env_keyring *keyring;
static char path[64];
static int fd;

static const struct env_errors errors = {.raise = fuzz_ignore_error};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fd = memfd_create("public", MFD_CLOEXEC);
    FUZZ_DEMAND(fd >= 0 && fchmod(fd, 0600) == 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    FUZZ_DEMAND(env_ok(env_config_check(&config, &errors)));
    return 0;
}

static void check_fault(const struct env_error_detail *detail)
{
    FUZZ_DEMAND(detail->reason == ENV_R_KEK_FILE_CONTENT || detail->reason == ENV_R_KEK_KIND ||
                detail->reason == ENV_R_KEK_FILE_PRIVATE || detail->reason == ENV_R_KEK_TOO_WEAK ||
                detail->reason == ENV_R_CONFIG_VALUE || detail->reason == ENV_R_KEK_FILE);
    for (const char *p = detail->text; *p != '\0'; p++) /* something of the file may stand there */
        FUZZ_DEMAND((unsigned char)*p >= 0x20 && *p != 0x7F);
}

/* ---- numbers ---- */

static bool is_number(EVP_PKEY *pkey, const char *name, struct env_span bytes)
{
    BIGNUM *bn = BN_bin2bn(bytes.data, (int)bytes.len, NULL);
    BIGNUM *wanted = NULL;
    bool same = EVP_PKEY_get_bn_param(pkey, name, &wanted) == 1 && BN_cmp(bn, wanted) == 0;

    BN_free(bn);
    BN_free(wanted);
    return same;
}

/* A DEK that is wrapped is no longer to be seen, and as long as the modulus. */
static void seal(const struct env_rsa_public *key, size_t modulus_bits)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    struct env_wrapped wrapped;
    struct env_error_detail detail;

    if (!env_ok(
            env_rsa_public_wrap(key, ENV_WRAP_RSA_OAEP_SHA256, dek, "key", &wrapped, &detail))) {
        FUZZ_DEMAND(detail.reason == ENV_R_CRYPTO_FAILED); /* an exponent that libcrypto refuses */
        return;
    }
    FUZZ_DEMAND(wrapped.len == (modulus_bits + 7) / 8);
    for (size_t i = 0; i + 8 <= wrapped.len; i++)
        FUZZ_DEMAND(memcmp(wrapped.data + i, dek, 8) != 0);
}

static void use(struct env_span modulus, struct env_span exponent)
{
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    struct env_rsa_public *key = NULL;
    struct env_kek_id id;
    struct env_error_detail detail;
    ENV_RESULT r = env_rsa_public_new(&source, modulus, exponent, "key", &key, &detail);
    bool good = BN_num_bits(n) >= (int)ENV_RSA_BITS_MIN &&
                BN_num_bits(n) <= (int)ENV_RSA_BITS_MAX && BN_is_odd(n) && BN_is_odd(e) &&
                !BN_is_one(e);

    FUZZ_DEMAND(env_ok(r) == good);
    FUZZ_DEMAND(good || r.reason == ENV_R_KEK_KIND);
    if (good) {
        FUZZ_DEMAND(env_rsa_public_bits(key) == (size_t)BN_num_bits(n));
        seal(key, (size_t)BN_num_bits(n));
    }
    FUZZ_DEMAND(env_rsa_reference(&source, modulus, exponent, &id) &&
                id.len == ENV_RSA_REFERENCE_LEN);
    env_rsa_public_free(key);
    BN_free(n);
    BN_free(e);
}

static void use_numbers(const struct env_rsa_numbers *numbers)
{
    FUZZ_DEMAND(numbers->modulus_len <= sizeof(numbers->modulus) &&
                numbers->exponent_len <= sizeof(numbers->exponent));
    use((struct env_span){numbers->modulus, numbers->modulus_len},
        (struct env_span){numbers->exponent, numbers->exponent_len});
}

static void bit_string(const uint8_t *data, size_t size)
{
    struct env_rsa_numbers numbers;
    const unsigned char *p = data;
    EVP_PKEY *pkey;

    if (size == 0 || !env_rsa_numbers_read((struct env_span){data, size}, &numbers))
        return;
    pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)size);
    FUZZ_DEMAND(pkey != NULL && p == data + size);
    FUZZ_DEMAND(is_number(pkey, OSSL_PKEY_PARAM_RSA_N,
                          (struct env_span){numbers.modulus, numbers.modulus_len}) &&
                is_number(pkey, OSSL_PKEY_PARAM_RSA_E,
                          (struct env_span){numbers.exponent, numbers.exponent_len}));
    EVP_PKEY_free(pkey);
    use_numbers(&numbers);
}

/* Any bytes, with zeros in front, and of any length: as CKA_MODULUS and CKA_PUBLIC_EXPONENT are. */
static void numbers(struct fuzz_input in)
{
    size_t exponent_len = fuzz_byte(&in) % 9;
    size_t repeat = fuzz_byte(&in);
    struct env_rsa_numbers n = {0};

    n.exponent_len = exponent_len < in.len ? exponent_len : in.len;
    memcpy(n.exponent, in.data, n.exponent_len);
    in.data += n.exponent_len;
    in.len -= n.exponent_len;
    for (size_t i = 0; in.len > 0 && i < sizeof(n.modulus) && i < in.len * (repeat + 1); i++)
        n.modulus[n.modulus_len++] = in.data[i % in.len];
    use_numbers(&n);
}

/* ---- files ---- */

static void write_file(const uint8_t *data, size_t size)
{
    FUZZ_DEMAND(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
}

/* What libcrypto makes of it by itself; NULL when it does not read it. */
static EVP_PKEY *other_reading(const uint8_t *data, size_t size, struct env_kek_id *id)
{
    const unsigned char *p = data;
    BIO *bio = BIO_new_mem_buf(data, (int)size);
    X509 *x509 = d2i_X509(NULL, &p, (long)size);
    EVP_PKEY *pkey = NULL;

    id->len = 0;
    if (x509 == NULL)
        x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (x509 != NULL) {
        const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(x509);

        if (key_id != NULL && ASN1_STRING_length(key_id) <= (int)sizeof(id->bytes)) {
            id->len = (size_t)ASN1_STRING_length(key_id);
            memcpy(id->bytes, ASN1_STRING_get0_data(key_id), id->len);
        }
        pkey = X509_get_pubkey(x509);
    }
    p = data;
    if (x509 == NULL && (pkey = d2i_PUBKEY(NULL, &p, (long)size)) == NULL) {
        (void)BIO_reset(bio);
        pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    }
    X509_free(x509);
    BIO_free(bio);
    ERR_clear_error();
    return pkey;
}

static void read_file(const uint8_t *data, size_t size)
{
    static struct env_public_file file;
    struct env_error_detail detail;
    struct env_kek_id id;
    EVP_PKEY *pkey;

    write_file(data, size);
    if (!env_ok(env_public_file_read(&source, path, &file, &detail))) {
        check_fault(&detail);
        FUZZ_DEMAND(ERR_peek_error() == 0);
        return;
    }
    FUZZ_DEMAND(ERR_peek_error() == 0);
    FUZZ_DEMAND(file.key_id.len <= sizeof(file.key_id.bytes));
    pkey = other_reading(data, size, &id);
    if (pkey != NULL)
        FUZZ_DEMAND(is_number(pkey, OSSL_PKEY_PARAM_RSA_N,
                              (struct env_span){file.numbers.modulus, file.numbers.modulus_len}) &&
                    id.len == file.key_id.len && memcmp(id.bytes, file.key_id.bytes, id.len) == 0);
    EVP_PKEY_free(pkey);
    use_numbers(&file.numbers);
}

static void pem_around(uint8_t which, const uint8_t *data, size_t size)
{
    static const char *const names[] = {PEM_STRING_X509, PEM_STRING_PUBLIC, PEM_STRING_X509_OLD,
                                        PEM_STRING_PKCS8INF};
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long len;

    FUZZ_DEMAND(bio != NULL && PEM_write_bio(bio, names[which % 4], "", data, (long)size) > 0);
    len = BIO_get_mem_data(bio, &pem);
    read_file((const uint8_t *)pem, (size_t)len);
    BIO_free(bio);
}

/* kek = file:..., the name from the input as far as to a line's end, the file behind it. */
static void by_name(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    size_t name_len = end != NULL ? (size_t)(end - data) : size;
    char text[512];
    struct env_kek *kek = NULL;
    struct env_error_detail detail;

    if (name_len > 300 || memchr(data, 0, name_len) != NULL)
        return;
    (void)snprintf(text, sizeof(text), "file:%s%.*s", path, (int)name_len, (const char *)data);
    write_file(data + name_len + (end != NULL), size - name_len - (end != NULL));
    FUZZ_DEMAND(env_ok(env_token_keyring_new(&config, NULL, &errors, &keyring)));
    if (env_ok(env_file_kek_find((struct env_token_set *)keyring, text, &kek, &detail))) {
        static struct env_kek_info info;

        kek->vtable->describe(kek, &info);
        FUZZ_DEMAND(info.id.len >= 1 && info.id.len <= ENV_KEK_ID_MAX && info.bits >= 3072);
        FUZZ_DEMAND(memchr(info.label, 0, sizeof(info.label)) != NULL);
        env_kek_free(kek);
    } else {
        FUZZ_DEMAND(kek == NULL && detail.reason != ENV_R_NONE);
    }
    keyring->vtable->free(keyring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > ENV_PUBLIC_FILE_MAX)
        return 0;
    switch (data[0] % READERS) {
    case FILE_DER:
    case FILE_PEM:
        read_file(data + 1, size - 1);
        break;
    case PEM_AROUND:
        pem_around(data[1], data + 2, size - 2);
        break;
    case BIT_STRING:
        bit_string(data + 1, size - 1);
        break;
    case NUMBERS:
        numbers((struct fuzz_input){data + 1, size - 1});
        break;
    default:
        by_name(data + 1, size - 1);
        break;
    }
    ERR_clear_error();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t head = size > 0 && data[0] % READERS == PEM_AROUND ? 2 : 1;
    bool is_der = size > head &&
                  (data[0] % READERS == FILE_DER || head == 2 || data[0] % READERS == BIT_STRING);

    if (!is_der || seed % 4 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    return head + der_mutate(data + head, size - head, max_size - head, seed / 4);
}
