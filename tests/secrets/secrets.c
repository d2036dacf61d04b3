/* SPDX-License-Identifier: Apache-2.0 */
#include "secrets.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "child.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header.h"
#include "fake_keyring.h"
#include "keymgmt/token/pin_hash.h"
#include "softhsm_fixture.h"

#define PIECE 16u /* secrets are looked for in pieces of so many bytes */

struct board *board;
OSSL_LIB_CTX *provider_ctx;
static uint8_t kek_value[32];

/* ---- the child ---- */

EVP_CIPHER_CTX *begin(const char *name, int sealing)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(provider_ctx, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) != 1)
        ERR_print_errors_fp(stderr);
    EVP_CIPHER_free(cipher);
    return ctx;
}

bool feed(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
    int n = 0;
    int ok = in != NULL ? EVP_CipherUpdate(ctx, out + *out_len, &n, in, (int)len)
                        : EVP_CipherFinal_ex(ctx, out + *out_len, &n);

    *out_len += (size_t)n;
    return ok == 1;
}

/* ---- needles ---- */

void secrets_add(struct secrets *secrets, const char *name, const void *bytes, size_t len)
{
    for (size_t at = 0; at + PIECE <= len; at += PIECE) {
        ck_assert_uint_lt(secrets->count, NEEDLES_MAX);
        secrets->needles[secrets->count++] =
            (struct needle){name, (const uint8_t *)bytes + at, PIECE};
    }
}

static void expand(const uint8_t *key, size_t key_len, const void *first, size_t first_len,
                   const char *second, size_t second_len, uint8_t *out, size_t len)
{
    static struct env_crypto *crypto;
    const struct env_span info[] = {{first, first_len}, {(const uint8_t *)second, second_len}};

    if (crypto == NULL) {
        crypto = env_crypto_new(NULL, NULL);
        ck_assert(env_ok(env_crypto_ready(crypto)));
    }
    ck_assert(env_ok(env_hkdf_expand(crypto, (struct env_span){key, key_len}, info, 2, out, len)));
}

void secrets_add_state(struct secrets *secrets, const char *name, const struct hmac_state *state)
{
    secrets_add(secrets, name, state->inner, state->len);
    secrets_add(secrets, name, state->outer, state->len);
}

/* A key that was derived is at the end the state of the hash that gave it. */
static void add_derived(struct secrets *secrets, size_t i, const char *name, const uint8_t *key,
                        size_t len)
{
    as_sha384_state(key, len, secrets->derived[i]);
    secrets_add(secrets, name, secrets->derived[i], len);
}

static void add_dek(struct secrets *secrets)
{
    secrets_add(secrets, "DEK", secrets->dek, sizeof(secrets->dek));
    hmac_state_sha384(secrets->dek, sizeof(secrets->dek), &secrets->dek_hmac);
    secrets_add_state(secrets, "HMAC under the DEK", &secrets->dek_hmac);
    expand(secrets->dek, 32, "envelope header MAC v1", 22, "", 0, secrets->mac_key, 32);
    secrets_add(secrets, "MAC key", secrets->mac_key, 32);
    add_derived(secrets, 0, "MAC key in a hash", secrets->mac_key, 32);
    hmac_state_sha256(secrets->mac_key, 32, &secrets->mac_hmac);
    secrets_add_state(secrets, "HMAC under the MAC key", &secrets->mac_hmac);
}

static void unwrap_dek(const uint8_t *message, size_t len, uint8_t dek[32], size_t *header_len)
{
    static struct env_header header;
    uint8_t out[64];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    int n = 0;

    ck_assert(env_ok(env_header_length((struct env_span){message, 32}, header_len)));
    ck_assert(*header_len <= len);
    ck_assert(env_ok(env_header_decode((struct env_span){message, *header_len}, &header)));
    ck_assert_int_eq(EVP_DecryptInit_ex2(ctx, cipher, kek_value, NULL, NULL), 1);
    ck_assert_int_eq(EVP_DecryptUpdate(ctx, out, &n, header.recipients[0].wrapped.data, 40), 1);
    memcpy(dek, out, 32);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

void secrets_compute(struct secrets *secrets)
{
    const uint8_t *floe;
    size_t header_len = 0;

    secrets->count = 0;
    secrets_add(secrets, "PIN", board->pin, strlen(board->pin));
    secrets_add(secrets, "KEM secret", board->secret, sizeof(board->secret));
    for (size_t at = 0; at + 512 <= PLAIN_LEN; at += 512)
        secrets_add(secrets, "plaintext", board->plain + at, PIECE);
    if (board->sealed_key_len > 0) {
        unwrap_dek(board->sealed_key, board->sealed_key_len, secrets->dek, &header_len);
        add_dek(secrets);
        return;
    }
    if (board->message_len < 200) /* not all of the headers is out */
        return;
    unwrap_dek(board->message, board->message_len, secrets->dek, &header_len);
    floe = board->message + header_len;
    expand(secrets->dek, 32, floe, 42, "MESSAGE_KEY:", 12, secrets->message_key, 48);
    expand(secrets->message_key, 48, floe, 42, "DEK:\0\0\0\0\0\0\0\0", 12, secrets->aes_key, 32);
    add_dek(secrets);
    secrets_add(secrets, "message key", secrets->message_key, 48);
    add_derived(secrets, 1, "message key in a hash", secrets->message_key, 48);
    hmac_state_sha384(secrets->message_key, 48, &secrets->message_hmac);
    secrets_add_state(secrets, "HMAC under the message key", &secrets->message_hmac);
    secrets_add(secrets, AES_KEY, secrets->aes_key, 32);
    add_derived(secrets, 2, "AES key in a hash", secrets->aes_key, 32);
}

/* ---- fixtures ---- */

static void make_board(void)
{
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
}

/* What others make for the child: its parent must never have had it in memory of its own. */
static int fill_board(void *arg)
{
    EVP_CIPHER_CTX *ctx;

    (void)arg;
    child_demand(RAND_bytes(board->plain, PLAIN_LEN) == 1);
    child_demand(RAND_bytes(board->secret, sizeof(board->secret)) == 1);
    ctx = begin("ENVELOPE", 1);
    child_demand(feed(ctx, board->plain, PLAIN_LEN, board->message, &board->message_len));
    child_demand(feed(ctx, NULL, 0, board->message, &board->message_len));
    EVP_CIPHER_CTX_free(ctx);
    return 0;
}

void secrets_set_up(void)
{
    make_board();
    fake_reset();
    memcpy(kek_value, fake_keks[0].key, sizeof(kek_value));
    provider_ctx = fake_libctx_new();
    ck_assert(in_child(fill_board, NULL));
}

/* ---- a token ---- */

static int make_up_pin(void)
{
    static const char digits[] = "0123456789abcdef";

    child_demand(RAND_bytes((uint8_t *)board->pin, PIN_LEN) == 1);
    for (size_t i = 0; i < PIN_LEN; i++)
        board->pin[i] = digits[(uint8_t)board->pin[i] % 16];
    return 0;
}

static int write_pin(const char *path)
{
    FILE *file = fopen(path, "w");

    child_demand(file != NULL && fprintf(file, "%s", board->pin) > 0 && fclose(file) == 0);
    return 0;
}

/* The token's PIN becomes one that the tested processes' parent has never seen. */
static int change_pin(void *arg)
{
    CK_C_GetFunctionList get;
    CK_FUNCTION_LIST *fn;
    CK_SESSION_HANDLE session;
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;

    *(void **)&get = dlsym(dlopen(softhsm_module(), RTLD_NOW), "C_GetFunctionList");
    child_demand(get(&fn) == CKR_OK && fn->C_Initialize(NULL) == CKR_OK);
    child_demand(fn->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK); /* the token, a free slot */
    child_demand(fn->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                   &session) == CKR_OK);
    child_demand(fn->C_Login(session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)SOFTHSM_PIN,
                             strlen(SOFTHSM_PIN)) == CKR_OK);
    child_demand(make_up_pin() == 0);
    child_demand(fn->C_SetPIN(session, (CK_UTF8CHAR *)(uintptr_t)SOFTHSM_PIN, strlen(SOFTHSM_PIN),
                              (CK_UTF8CHAR *)board->pin, PIN_LEN) == CKR_OK);
    return write_pin(arg);
}

static void find_pin_file(char path[600])
{
    (void)snprintf(path, 600, "%s/pin", softhsm_dir());
}

int secrets_forget_pin(void *arg)
{
    char path[600];

    (void)arg;
    find_pin_file(path);
    child_demand(make_up_pin() == 0);
    return write_pin(path);
}

void secrets_set_up_token(void)
{
    struct softhsm_key key = {.label = "kek0", .id = "01", .value = kek_value};
    char pin_file[600];
    char lines[2000];

    make_board();
    ck_assert_int_eq(RAND_bytes(kek_value, sizeof(kek_value)), 1);
    softhsm_setup();
    env_pin_hash_rounds = 1000; /* what each allocates stays in the arena */
    softhsm_make_key(&key);
    find_pin_file(pin_file);
    (void)umask(077);
    ck_assert(in_child(change_pin, pin_file));
    (void)snprintf(lines, sizeof(lines),
                   "pkcs11-module-path = %s\ntoken = pkcs11:token=kek\npin-source = file:%s\n"
                   "kek = kek0\nallow-imported-kek = yes\npin-failure-memory = %s\n",
                   softhsm_module(), pin_file, softhsm_dir());
    provider_ctx = libctx_new_configured(NULL, lines, true);
    ck_assert(in_child(fill_board, NULL));
}

void secrets_tear_down_token(void)
{
    OSSL_LIB_CTX_free(provider_ctx);
    (void)munmap(board, sizeof(*board));
    softhsm_teardown();
}

void secrets_tear_down(void)
{
    fake_libctx_free(provider_ctx);
    (void)munmap(board, sizeof(*board));
}
