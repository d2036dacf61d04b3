/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy of a named key that goes to stock OpenSSL in a stand-in's place is gone when the call
 * ends, whether it did well or not. A child makes the calls and stops between them; the parent
 * looks through the child's memory. While there is a context, stock OpenSSL has the key in it.
 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "child.h"
#include "envelope/base/secret.h"
#include "memory_search.h"
#include "named_case.h"

#define KEY_LEN 32u
#define PIECE 16u

/* What both processes see. It is not searched. */
static struct shared {
    const char *stage;
    bool open;      /* the key is, now */
    bool has_stock; /* stock OpenSSL has it */
    uint8_t key[KEY_LEN];
    char stand_in[ENV_STAND_IN_MAX + 1];
} * shared;

static OSSL_LIB_CTX *libctx;

static void set_up(void)
{
    char lines[TEMPORARY_PATH + 128];

    named_set_up();
    (void)snprintf(lines, sizeof(lines),
                   "key-ciphers = AES-256-GCM AES-256-CBC\nkey-kdfs = PBKDF2\n"
                   "keys-directory = %s\nallow-keys = orders\n",
                   named_folder);
    libctx = libctx_new_configured(fake_provider_init, lines, true);
    ck_assert_int_eq(EVP_set_default_properties(libctx, "?provider=envelope"), 1);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    named_tear_down();
    ck_assert_int_eq(munmap(shared, sizeof(*shared)), 0);
}

/* ---- the child ---- */

static void stop(const char *stage, bool has_stock)
{
    shared->stage = stage;
    shared->has_stock = has_stock;
    (void)raise(SIGSTOP);
}

/* A key file with a random key. */
static int make(void)
{
    static const struct env_selector configured;
    struct named_recipe recipe = {.uses = "AES-256-GCM PBKDF2", .mixed = true, .key_len = KEY_LEN};
    struct env_named_clear clear;
    struct named_made made;
    struct env_named_sealed *sealed = named_parts(&recipe, &clear, &made);
    struct bytes bytes;
    uint8_t *file = NULL;
    size_t file_len = 0;

    child_demand(RAND_bytes(shared->key, KEY_LEN) == 1);
    memcpy(sealed->key, shared->key, KEY_LEN);
    memcpy(shared->stand_in, made.stand_in, sizeof(shared->stand_in));
    child_demand(
        env_ok(env_named_seal(named_context, &configured, &clear, sealed, &file, &file_len)));
    env_secret_free(sealed, sizeof(*sealed));
    bytes = (struct bytes){file, file_len, file_len};
    named_put_file("orders@1.envkey", &bytes);
    OPENSSL_free(file);
    return 0;
}

static bool init(EVP_CIPHER_CTX *ctx, const char *name, const char *stand_in)
{
    static const uint8_t iv[16];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    uint8_t out[64];
    int len = 0;
    bool done = EVP_EncryptInit_ex2(ctx, cipher, (const uint8_t *)stand_in, iv, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, out, &len, iv, sizeof(iv)) == 1;

    EVP_CIPHER_free(cipher);
    return done;
}

static bool derive(EVP_KDF_CTX *ctx, const char *stand_in, unsigned rounds)
{
    uint8_t out[32];
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)stand_in, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, shared->stand_in, 16),
        OSSL_PARAM_construct_end(),
    };

    return EVP_KDF_derive(ctx, out, sizeof(out), params) == 1;
}

static int ciphers(void *arg)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    (void)arg;
    child_demand(make() == 0);
    stop("made", false);
    shared->open = true;
    child_demand(init(ctx, "AES-256-GCM", shared->stand_in));
    stop("a cipher has it", true);
    child_demand(EVP_CIPHER_CTX_reset(ctx) == 1);
    stop("the context is reset", false);
    child_demand(!init(ctx, "AES-256-CBC", shared->stand_in)); /* another use */
    child_demand(EVP_CIPHER_CTX_reset(ctx) == 1);
    stop("refused", false);
    EVP_CIPHER_CTX_free(ctx);
    OSSL_LIB_CTX_free(libctx);
    libctx = NULL;
    shared->open = false;
    stop("unloaded", false);
    return 0;
}

static int passwords(void *arg)
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "PBKDF2", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

    (void)arg;
    EVP_KDF_free(kdf);
    child_demand(make() == 0);
    stop("made", false);
    shared->open = true;
    child_demand(derive(ctx, shared->stand_in, 1000));
    stop("a KDF has it", true);
    EVP_KDF_CTX_reset(ctx);
    stop("the KDF is reset", false);
    child_demand(!derive(ctx, shared->stand_in, 0)); /* stock OpenSSL refuses that */
    EVP_KDF_CTX_free(ctx);
    stop("refused by stock OpenSSL", false);
    OSSL_LIB_CTX_free(libctx);
    libctx = NULL;
    shared->open = false;
    stop("unloaded", false);
    return 0;
}

/* ---- its parent ---- */

struct findings {
    unsigned bad;
    unsigned kept;  /* in memory that dumps leave out */
    unsigned stock; /* in other memory, while stock OpenSSL has it */
};

static void judge(void *arg, const struct mapping *mapping, uintptr_t at,
                  const struct needle *needle)
{
    struct findings *findings = arg;

    if (at >= (uintptr_t)shared && at < (uintptr_t)(shared + 1))
        return;
    if (shared->open && !mapping->dumped) {
        findings->kept++;
    } else if (shared->has_stock) {
        findings->stock++;
    } else {
        findings->bad++;
        (void)fprintf(stderr, "%s: %s at %p in %s%s\n", shared->stage, needle->name, (void *)at,
                      mapping->name, mapping->dumped ? "" : " (not in dumps)");
    }
}

/* The store has the key once, and stock OpenSSL no more than once: there is no copy beside them. */
static void look_through(pid_t pid)
{
    struct needle needles[2];
    struct findings findings = {0};
    unsigned pieces = KEY_LEN / PIECE;

    for (size_t i = 0; i < pieces; i++)
        needles[i] = (struct needle){"named key", shared->key + i * PIECE, PIECE};
    ck_assert_uint_gt(memory_search(pid, needles, pieces, judge, &findings), 1u << 20);
    ck_assert_msg(findings.bad == 0, "%s: %u found", shared->stage, findings.bad);
    ck_assert_msg(findings.kept == (shared->open ? pieces : 0), "%s: %u kept", shared->stage,
                  findings.kept);
    ck_assert_msg(findings.stock <= pieces, "%s: %u in contexts", shared->stage, findings.stock);
}

static void watch_child(int (*work)(void *arg))
{
    ck_assert_uint_eq(watch_stops(work, look_through), 5);
}

START_TEST(a_ciphers_copy_goes_with_the_call)
{
    watch_child(ciphers);
}
END_TEST

START_TEST(a_passwords_copy_goes_with_the_call)
{
    watch_child(passwords);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets: stock names");
    TCase *tcase = tcase_create("stock names");

    arena_install();
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_ciphers_copy_goes_with_the_call);
    tcase_add_test(tcase, a_passwords_copy_goes_with_the_call);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
