/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring over a token that lies: see hostile_token.h. The first bytes of an input decide how
 * it is configured, what the token supports and which keyring operation is called; the rest are the
 * token's answers. Whatever they are, only our own memory is touched, nothing of the token stays in
 * use, every failure has its reason and one error, and every result is consistent.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <string.h>

#include "hostile_token.h"
#include "keymgmt/token/token_probe.h"
#include "keymgmt/token/token_set.h"
#include "keymgmt/token_keyring.h"
#include "keymgmt/wrap/rsa_public.h"
#include "provider/keys/kek_reference.h"

#define STEPS 6u
#define CONTROL (2u + STEPS)
#define UNTOUCHED 0xA5
#define RAW_LEN 40u

enum settings { WEAK = 1, IMPORTED = 2, RSA_TOO = 4, WRAP_CHOICE = 8 /* and 16, 32: wrap */ };

struct run {
    struct env_keyring *keyring;
    struct env_kek *kek; /* what was found last, or NULL */
    uint8_t dek[ENV_DEK_LEN];
    struct env_wrapped wrapped; /* of the dek, by kek; len 0: there is none */
    unsigned lies_before;       /* it was wrapped */
    uint8_t raw[RAW_LEN + ENV_KEY_WRAP_SLACK];
    size_t raw_len;
};

static struct env_config config;
static enum env_reason raised;
static unsigned raised_count;

static void take_error(void *arg, const char *file, int line, const char *func,
                       enum env_reason reason, const char *fmt, va_list ap)
{
    char text[2048];

    (void)arg;
    (void)file;
    (void)line;
    (void)func;
    raised = reason;
    raised_count++;
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    FUZZ_DEMAND(strstr(text, HOSTILE_PIN) == NULL);
    for (const char *p = text; *p != '\0'; p++) /* the token's label stands in it */
        FUZZ_DEMAND((unsigned char)*p >= 0x20 && *p != 0x7F);
}

static const struct env_errors errors = {.raise = take_error};

static void configure(uint8_t settings)
{
    static const char *const wraps[] = {"auto", "aes-kw", "aes-kwp", "aes-gcm"};

    config = (struct env_config){
        .module_path = (char *)(uintptr_t) "hostile",
        .pin_source = (char *)(uintptr_t) "env:FUZZ_TOKEN_PIN",
        .opens_too = (char *)(uintptr_t) "pkcs11:type=private", /* else no RSA key would open */
        .kek = (char *)(uintptr_t)((settings & RSA_TOO) != 0 ? "kek rsa%20kek" : "kek"),
        .wrap = (char *)(uintptr_t)wraps[settings / WRAP_CHOICE % 4],
        .session_wait = (char *)(uintptr_t) "0",
        .keys_directory = (char *)(uintptr_t) "/", /* else the check makes its default */
        .allow_weak_kek = (char *)(uintptr_t)((settings & WEAK) != 0 ? "yes" : "no"),
        .allow_imported_kek = (char *)(uintptr_t)((settings & IMPORTED) != 0 ? "yes" : "no"),
    };
    FUZZ_DEMAND(env_ok(env_config_check(&config, &errors)));
}

/* A failure has a reason, and what is raised is raised once. */
static bool succeeded(ENV_RESULT r, unsigned errors_before)
{
    FUZZ_DEMAND(raised_count == errors_before + (r.raised ? 1 : 0));
    FUZZ_DEMAND(!r.raised || r.reason == raised);
    FUZZ_DEMAND(r.reason != ENV_R_INTERNAL);
    FUZZ_DEMAND(env_ok(r) || r.raised || r.reason == ENV_R_KEK_NOT_HERE ||
                r.reason == ENV_R_NOT_AUTHENTIC || r.reason == ENV_R_WRAPPED_KEY);
    FUZZ_DEMAND(hostile_objects() == 0);
    return env_ok(r);
}

/* ---- KEKs ---- */

static void check_info(struct env_kek *kek)
{
    static struct env_kek_info info;
    uint8_t *der = NULL;
    size_t len = 0;
    char uri[ENV_KEK_URI];

    memset(&info, UNTOUCHED, sizeof(info));
    kek->vtable->describe(kek, &info);
    FUZZ_DEMAND(info.id.len <= ENV_KEK_ID_MAX && info.modulus_len <= ENV_KEK_MODULUS &&
                info.exponent_len <= sizeof(info.exponent));
    FUZZ_DEMAND(memchr(info.token, 0, sizeof(info.token)) != NULL &&
                memchr(info.label, 0, sizeof(info.label)) != NULL &&
                memchr(info.uri, 0, sizeof(info.uri)) != NULL &&
                memchr(info.mechanisms, 0, sizeof(info.mechanisms)) != NULL);
    FUZZ_DEMAND(info.bits <= 8u * ENV_KEK_MODULUS);
    if (!env_ok(env_kek_reference_encode(info.uri, &der, &len)))
        return;
    FUZZ_DEMAND(env_ok(env_kek_reference_decode(&errors, der, len, uri)) &&
                strcmp(uri, info.uri) == 0);
    OPENSSL_free(der);
}

/* What the keyring let through although the token said this of it. */
static void check_policy(struct env_kek *kek, bool any_length)
{
    static struct env_kek_info info;

    kek->vtable->describe(kek, &info);
    FUZZ_DEMAND(info.id.len >= 1);
    FUZZ_DEMAND(config.weak_allowed ||
                (!info.extractable && info.sensitive && info.private_object));
    FUZZ_DEMAND(any_length || config.weak_allowed ||
                info.bits >= (info.type == ENV_KEK_RSA ? 3072 : 256));
}

static void keep(struct run *run, struct env_kek *kek)
{
    env_kek_free(run->kek);
    run->kek = kek;
    run->wrapped.len = 0;
    check_info(kek);
}

static void select_configured(struct run *run)
{
    const struct env_selector selector = {0};
    struct env_kek_list list = {0};
    unsigned before = raised_count;

    if (!succeeded(run->keyring->vtable->select(run->keyring, &selector, &list), before)) {
        FUZZ_DEMAND(list.count == 0);
        return;
    }
    FUZZ_DEMAND(list.count >= 1);
    for (size_t i = 0; i < list.count; i++)
        check_policy(list.keks[i], false);
    list.keks[0]->vtable->up_ref(list.keks[0]);
    keep(run, list.keks[0]);
    env_kek_list_clear(&list);
}

static void lookup(struct run *run, bool rsa)
{
    struct env_kek_id id = {.len = HOSTILE_ID_LEN, .bytes = {0xA0, rsa ? 2 : 1}};
    enum env_wrap_alg alg = rsa ? ENV_WRAP_RSA_OAEP_SHA256 : ENV_WRAP_AES256_KW;
    struct env_kek *kek = NULL;
    unsigned before = raised_count;

    if (succeeded(run->keyring->vtable->lookup(run->keyring, &id, alg, &kek, NULL), before)) {
        check_policy(kek, false);
        keep(run, kek);
    } else {
        FUZZ_DEMAND(kek == NULL);
    }
}

/* By the hash of the public half: every RSA key of the token is looked at. */
static void lookup_public_half(struct run *run)
{
    struct env_kek_id id = {.len = ENV_RSA_REFERENCE_LEN, .bytes = {1, 2, 3}};
    struct env_kek *kek = NULL;
    unsigned before = raised_count;

    if (succeeded(
            run->keyring->vtable->lookup(run->keyring, &id, ENV_WRAP_RSA_OAEP_SHA1, &kek, NULL),
            before))
        keep(run, kek);
}

static void select_for_key_wrap(struct run *run)
{
    const struct env_selector selector = {.name = "kek"};
    struct env_kek *kek = NULL;
    unsigned before = raised_count;

    if (succeeded(
            run->keyring->vtable->select_for_key_wrap(run->keyring, &selector, 256, &kek, NULL),
            before)) {
        check_policy(kek, true);
        keep(run, kek);
    }
}

static void find(struct run *run)
{
    struct env_kek *kek = NULL;
    unsigned before = raised_count;

    if (!succeeded(run->keyring->vtable->find(run->keyring, "kek", &kek), before))
        return;
    keep(run, kek);
    before = raised_count;
    (void)succeeded(kek->vtable->accept(kek), before);
}

static ENV_RESULT take_listed(void *arg, struct env_kek *kek)
{
    (void)arg;
    check_info(kek);
    return ENV_OK;
}

static void list(struct run *run)
{
    unsigned before = raised_count;

    (void)succeeded(run->keyring->vtable->list(run->keyring, NULL, take_listed, NULL), before);
}

static void generate(struct run *run, enum env_kek_type type)
{
    const struct env_kek_request request = {
        .type = type, .bits = type == ENV_KEK_RSA ? 3072 : 256, .label = "made"};
    struct env_kek *kek = NULL;
    unsigned before = raised_count;

    if (succeeded(run->keyring->vtable->generate(run->keyring, &request, &kek), before)) {
        check_policy(kek, false);
        keep(run, kek);
    } else {
        FUZZ_DEMAND(kek == NULL);
    }
}

static void take_item(void *arg, const struct env_token_probe_item *item)
{
    (void)arg;
    FUZZ_DEMAND(strstr(item->text, HOSTILE_PIN) == NULL);
    for (const char *p = item->text; *p != '\0'; p++)
        FUZZ_DEMAND((unsigned char)*p >= 0x20 && *p != 0x7F);
}

/* ---- what is done with one ---- */

static void wrap(struct run *run)
{
    unsigned before = raised_count;
    unsigned lies = hostile_lies();

    memset(&run->wrapped, UNTOUCHED, sizeof(run->wrapped));
    memset(run->dek, 0x44, sizeof(run->dek));
    if (!succeeded(run->kek->vtable->wrap(run->kek, run->dek, &run->wrapped), before)) {
        run->wrapped.len = 0;
        return;
    }
    run->lies_before = lies;
    FUZZ_DEMAND(run->wrapped.alg > ENV_WRAP_NONE && run->wrapped.alg <= ENV_WRAP_RSA_OAEP_SHA256);
    if (env_wrap_is_rsa(run->wrapped.alg))
        FUZZ_DEMAND(run->wrapped.len >= ENV_RSA_WRAPPED_MIN && run->wrapped.len <= ENV_WRAPPED_MAX);
    else
        FUZZ_DEMAND(run->wrapped.len == (run->wrapped.alg >= ENV_WRAP_AES128_GCM ? 48u : 40u));
}

/* NULL: of a bad ciphertext. */
static bool is_ours(void *arg, const uint8_t *dek)
{
    const struct run *run = arg;

    return dek != NULL && memcmp(dek, run->dek, ENV_DEK_LEN) == 0;
}

static void unwrap(struct run *run, bool checked, bool rsa)
{
    const struct env_dek_check check = {is_ours, run};
    uint8_t dek[ENV_DEK_LEN];
    unsigned before = raised_count;
    bool opened;

    if (run->wrapped.len == 0) { /* nothing of ours */
        run->wrapped =
            rsa ? (struct env_wrapped){.alg = ENV_WRAP_RSA_OAEP_SHA1, .len = 256, .data = {1}}
                : (struct env_wrapped){.alg = ENV_WRAP_AES256_KW, .len = 40, .data = {1}};
        run->lies_before = (unsigned)-1;
    }
    memset(dek, UNTOUCHED, sizeof(dek));
    opened = succeeded(
        run->kek->vtable->unwrap(run->kek, &run->wrapped, checked ? &check : NULL, dek), before);
    FUZZ_DEMAND(!opened || !checked || is_ours(run, dek));
    for (size_t i = 0; !opened && i < sizeof(dek); i++)
        FUZZ_DEMAND(dek[i] == UNTOUCHED);
    if (opened && run->lies_before == hostile_lies()) /* honest since the wrapping began */
        FUZZ_DEMAND(memcmp(dek, run->dek, sizeof(dek)) == 0);
}

static void key_wrap(struct run *run, enum env_key_wrap_kind alg)
{
    static const uint8_t in[RAW_LEN - 16] = {7};
    size_t in_len = alg == ENV_KEY_WRAP_KW ? 24 : 19;
    unsigned before = raised_count;

    run->raw_len = (size_t)-1;
    if (succeeded(run->kek->vtable->key_wrap(run->kek, alg, in, in_len, run->raw, &run->raw_len),
                  before))
        FUZZ_DEMAND(run->raw_len == 32);
    else
        FUZZ_DEMAND(run->raw_len == 0);
}

static void key_unwrap(struct run *run, enum env_key_wrap_kind alg)
{
    uint8_t out[32 + ENV_KEY_WRAP_SLACK];
    unsigned before = raised_count;
    size_t len = (size_t)-1;

    if (succeeded(run->kek->vtable->key_unwrap(run->kek, alg, run->raw, 32, out, &len), before))
        FUZZ_DEMAND(len <= 24);
    else
        FUZZ_DEMAND(len == 0);
}

static void step(struct run *run, uint8_t what)
{
    switch (what % 20) {
    case 1:
        select_configured(run);
        return;
    case 2:
    case 3:
        lookup(run, what % 20 == 3);
        return;
    case 4:
        find(run);
        return;
    case 5:
        list(run);
        return;
    case 6:
    case 7:
        generate(run, what % 20 == 6 ? ENV_KEK_AES : ENV_KEK_RSA);
        return;
    case 8:
        lookup_public_half(run);
        return;
    case 9:
        select_for_key_wrap(run);
        return;
    case 10:
        (void)env_token_probe(&config, NULL, NULL, take_item, NULL);
        return;
    default:
        break;
    }
    if (run->kek == NULL)
        return;
    if (what % 4 == 0)
        wrap(run);
    else if (what % 4 == 1)
        unwrap(run, what / 20 % 2 == 1, what / 40 % 2 == 1);
    else if (run->kek->vtable->key_wrap == NULL) /* a public half */
        return;
    else if (what % 4 == 2)
        key_wrap(run, what / 20 % 2 == 0 ? ENV_KEY_WRAP_KW : ENV_KEY_WRAP_KWP);
    else
        key_unwrap(run, what / 20 % 2 == 0 ? ENV_KEY_WRAP_KW : ENV_KEY_WRAP_KWP);
}

/* run is as the last step left it, but for its keyring and its KEK, which are gone. */
static void go(struct run *run, const uint8_t control[CONTROL], struct fuzz_input answers)
{
    memset(run, 0, sizeof(*run));
    configure(control[0]);
    hostile_begin(control[1], answers);
    FUZZ_DEMAND(env_ok(env_token_keyring_new(&config, NULL, &errors, &run->keyring)));
    /* nothing is waited for */
    atomic_store(&((struct env_token_set *)run->keyring)->last_in_vain, INT64_MAX);
    for (size_t i = 0; i < STEPS; i++)
        step(run, control[2 + i]);
    env_kek_free(run->kek);
    run->keyring->vtable->free(run->keyring);
    hostile_check_end();
    FUZZ_DEMAND(ERR_peek_error() == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t select_wrap_unwrap[CONTROL] = {0, 0, 1, 12, 13};
    static struct run run;

    (void)argc;
    (void)argv;
    hostile_crypto_prepare();
    FUZZ_DEMAND(setenv("FUZZ_TOKEN_PIN", HOSTILE_PIN, 1) == 0);
    go(&run, select_wrap_unwrap, (struct fuzz_input){NULL, 0});
    FUZZ_DEMAND(run.wrapped.len == 40 && raised_count == 0); /* an honest token works */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;

    /* a label may be anything, and libFuzzer finds out what it is compared with */
    if (size >= CONTROL && memmem(data, size, HOSTILE_PIN, sizeof(HOSTILE_PIN) - 1) == NULL)
        go(&run, data, (struct fuzz_input){data + CONTROL, size - CONTROL});
    return 0;
}

/* The steps and the answers are changed apart from each other, and an answer may become one more.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < CONTROL || max_size <= CONTROL)
        return LLVMFuzzerMutate(data, size, max_size);
    if (seed % 6 == 0) {
        (void)LLVMFuzzerMutate(data, CONTROL, CONTROL);
        return size;
    }
    if (seed % 6 <= 2 && size + 1 <= max_size) { /* one more honest answer, or so many more */
        size_t at = CONTROL + seed / 6 % (size - CONTROL + 1);
        size_t n = seed % 6 == 1 ? 1 : 1 + seed / 97 % 30;

        n = n <= max_size - size ? n : max_size - size;
        memmove(data + at + n, data + at, size - at);
        memset(data + at, seed / 7 % 3 == 0 ? (int)(0x80 + seed / 11 % 128) : 0, n);
        return size + n;
    }
    return CONTROL + LLVMFuzzerMutate(data + CONTROL, size - CONTROL, max_size - CONTROL);
}
