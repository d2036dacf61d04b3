/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of softhsm_fixture.h: keyrings, and what they raise. */
#include <check.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "softhsm_fixture.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum env_reason last_reason;
static char last_text[1024];
static unsigned count;
static struct env_config config;

static void raise_here(void *arg, const char *file, int line, const char *func,
                       enum env_reason reason, const char *fmt, va_list ap)
{
    (void)arg;
    (void)file;
    (void)line;
    (void)func;
    (void)pthread_mutex_lock(&lock);
    last_reason = reason;
    (void)vsnprintf(last_text, sizeof(last_text), fmt, ap);
    count++;
    (void)pthread_mutex_unlock(&lock);
}

const struct env_errors *raised_errors(void)
{
    static const struct env_errors errors = {.raise = raise_here};

    return &errors;
}

enum env_reason raised_reason(void)
{
    return last_reason;
}

const char *raised_text(void)
{
    return last_text;
}

unsigned raised_count(void)
{
    return count;
}

void raised_forget(void)
{
    last_reason = ENV_R_NONE;
    last_text[0] = '\0';
    count = 0;
}

struct env_config *keyring_config(void)
{
    return &config;
}

static char *copy(const char *text)
{
    return text != NULL ? OPENSSL_strdup(text) : NULL;
}

void keyring_config_reset(void)
{
    env_config_clear(&config);
    memset(&config, 0, sizeof(config));
    config.module_path = copy(softhsm_module());
    config.token = copy("pkcs11:token=kek");
    config.pin_source = copy("env:TEST_PIN");
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    raised_forget();
}

void keyring_config_clear(void)
{
    env_config_clear(&config);
}

void keyring_set(char **key, const char *value)
{
    OPENSSL_free(*key);
    *key = copy(value);
}

struct env_keyring *keyring_new(void)
{
    struct env_keyring *keyring = NULL;

    ck_assert(env_ok(env_config_check(&config, raised_errors())));
    ck_assert(env_ok(env_token_keyring_new(&config, NULL, raised_errors(), &keyring)));
    return keyring;
}

void keyring_free(struct env_keyring *keyring)
{
    keyring->vtable->free(keyring);
}

enum env_reason keyring_select_reason(struct env_keyring *keyring, const char *name)
{
    const struct env_selector selector = {.name = name};
    struct env_kek_list list = {0};
    unsigned before = raised_count();
    ENV_RESULT r = keyring->vtable->select(keyring, &selector, &list);

    if (env_ok(r)) {
        ck_assert_uint_gt(list.count, 0);
        ck_assert_uint_eq(raised_count(), before);
        env_kek_list_clear(&list);
        return r.reason;
    }
    ck_assert(r.raised);
    ck_assert_uint_eq(raised_count(), before + 1);
    ck_assert_int_eq(raised_reason(), r.reason);
    ck_assert_uint_eq(list.count, 0);
    return r.reason;
}

struct env_kek *keyring_select_one(struct env_keyring *keyring, const char *name)
{
    const struct env_selector selector = {.name = name};
    struct env_kek_list list = {0};
    ENV_RESULT r = keyring->vtable->select(keyring, &selector, &list);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_uint_eq(list.count, 1);
    return list.keks[0];
}

size_t bytes_from_hex(const char *hex, uint8_t *out, size_t size)
{
    size_t len = 0;

    for (; hex[2 * len] != '\0'; len++) {
        const char byte[3] = {hex[2 * len], hex[2 * len + 1], '\0'};

        ck_assert_uint_lt(len, size);
        out[len] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return len;
}

struct env_kek_id id_from_hex(const char *hex)
{
    struct env_kek_id id = {0};

    id.len = bytes_from_hex(hex, id.bytes, sizeof(id.bytes));
    return id;
}

struct env_kek *keyring_lookup_one(struct env_keyring *keyring, const char *hex,
                                   enum env_wrap_alg alg)
{
    const struct env_kek_id id = id_from_hex(hex);
    struct env_kek *kek = NULL;
    ENV_RESULT r = keyring->vtable->lookup(keyring, &id, alg, &kek, NULL);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_uint_eq(kek->vtable->id(kek)->len, id.len);
    ck_assert_mem_eq(kek->vtable->id(kek)->bytes, id.bytes, id.len);
    return kek;
}

enum env_reason keyring_lookup_reason(struct env_keyring *keyring, const char *hex,
                                      enum env_wrap_alg alg)
{
    const struct env_kek_id id = id_from_hex(hex);
    struct env_kek *kek = NULL;
    unsigned before = raised_count();
    ENV_RESULT r = keyring->vtable->lookup(keyring, &id, alg, &kek, NULL);

    if (env_ok(r))
        env_kek_free(kek);
    else
        ck_assert_ptr_null(kek);
    ck_assert_uint_eq(raised_count(), before + (r.raised ? 1 : 0));
    ck_assert_int_eq(r.raised, !env_ok(r) && r.reason != ENV_R_KEK_NOT_HERE);
    return r.reason;
}

void assert_round_trip(struct env_kek *sealing, struct env_kek *opening)
{
    uint8_t dek[ENV_DEK_LEN];
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;
    ENV_RESULT r;

    ck_assert_int_eq(RAND_bytes(dek, sizeof(dek)), 1);
    r = sealing->vtable->wrap(sealing, dek, &wrapped);
    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    r = opening->vtable->unwrap(opening, &wrapped, NULL, back);
    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_mem_eq(dek, back, sizeof(dek));
}
