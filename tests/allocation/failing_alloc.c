/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_alloc.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "keymgmt/kek_key.h"
#include "keymgmt/token_keyring.h"

static _Thread_local bool armed;
static _Thread_local bool paused;
static _Thread_local unsigned count;
static unsigned failing;
static bool failing_on;

/* The linker's names for what --wrap has replaced, and for what replaces it. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
void *__real_mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset);
P11KitUri *__real_p11_kit_uri_new(void);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset);
P11KitUri *__wrap_p11_kit_uri_new(void);
int __real_env_key_hand_over(struct env_key *key, int object_type, OSSL_CALLBACK *object_cb,
                             void *object_arg);
int __wrap_env_key_hand_over(struct env_key *key, int object_type, OSSL_CALLBACK *object_cb,
                             void *object_arg);

static bool fails(void)
{
    if (!armed || paused || env_token_inside_call())
        return false;
    count++;
    if (failing == 0 || count < failing || (count > failing && !failing_on))
        return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
    return fails() ? NULL : __real_calloc(number, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

void *__wrap_mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(address, len, protection, flags, fd, offset);
}

P11KitUri *__wrap_p11_kit_uri_new(void)
{
    return fails() ? NULL : __real_p11_kit_uri_new();
}

/* Where libcrypto (3.0) can not make its EVP_PKEY, it loses the key that we have handed over. */
int __wrap_env_key_hand_over(struct env_key *key, int object_type, OSSL_CALLBACK *object_cb,
                             void *object_arg)
{
    int ok;

    failing_alloc_pause();
    ok = __real_env_key_hand_over(key, object_type, object_cb, object_arg);
    failing_alloc_go_on();
    return ok;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 || fails() ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : __real_realloc(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

void failing_alloc_install(void)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        abort();
}

void failing_alloc_arm(unsigned nth, bool and_on)
{
    failing = nth;
    failing_on = and_on;
    count = 0;
    armed = true;
}

void failing_alloc_pause(void)
{
    paused = true;
}

void failing_alloc_go_on(void)
{
    paused = false;
}

unsigned failing_alloc_disarm(void)
{
    armed = false;
    return count;
}
