/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_alloc.h"
#include "keymgmt/token/module_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <p11-kit/uri.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keymgmt/token_keyring.h"
#include "provider/keys/kek_key.h"

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
void *__real_reallocarray(void *p, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__real_mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset);
P11KitUri *__real_p11_kit_uri_new(void);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t number, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
FILE *__wrap_open_memstream(char **text, size_t *len);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
void *__real_tsearch(const void *key, void **root, int (*compare)(const void *, const void *));
void *__wrap_tsearch(const void *key, void **root, int (*compare)(const void *, const void *));
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
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

void *__wrap_reallocarray(void *p, size_t number, size_t size)
{
    return fails() ? NULL : __real_reallocarray(p, number, size);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return fails() ? NULL : __real_fopen(path, mode);
}

DIR *__wrap_fdopendir(int fd)
{
    return fails() ? NULL : __real_fdopendir(fd);
}

void *__wrap_tsearch(const void *key, void **root, int (*compare)(const void *, const void *))
{
    return fails() ? NULL : __real_tsearch(key, root, compare);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list ap;
    int n = -1;

    va_start(ap, format);
    if (!fails())
        n = vasprintf(text, format, ap);
    va_end(ap);
    return n;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list ap;
    int n = -1;

    (void)flag;
    va_start(ap, format);
    if (!fails())
        n = vasprintf(text, format, ap);
    va_end(ap);
    return n;
}

/* glibc's own grows where no one else sees it: this one asks for each piece. */
struct stream {
    char **text;
    size_t *len;
};

static ssize_t stream_write(void *cookie, const char *data, size_t len)
{
    struct stream *stream = cookie;
    char *text = fails() ? NULL : __real_realloc(*stream->text, *stream->len + len + 1);

    if (text == NULL)
        return 0;
    memcpy(text + *stream->len, data, len);
    *stream->len += len;
    text[*stream->len] = '\0';
    *stream->text = text;
    return (ssize_t)len;
}

static int stream_close(void *cookie)
{
    free(cookie);
    return 0;
}

FILE *__wrap_open_memstream(char **text, size_t *len)
{
    const cookie_io_functions_t functions = {.write = stream_write, .close = stream_close};
    struct stream *stream = fails() ? NULL : __real_malloc(sizeof(*stream));
    FILE *file;

    if (stream == NULL)
        return NULL;
    *stream = (struct stream){text, len};
    *text = NULL;
    *len = 0;
    file = fopencookie(stream, "w", functions);
    if (file == NULL)
        abort();
    (void)setvbuf(file, NULL, _IOLBF, 64);
    return file;
}

void *__wrap_mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(address, len, protection, flags, fd, offset);
}

P11KitUri *__wrap_p11_kit_uri_new(void)
{
    return fails() ? NULL : __real_p11_kit_uri_new();
}

/* Where libcrypto (3.0) cannot make its EVP_PKEY, it loses the key that we have handed over. */
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

/* ---- some of many ---- */

unsigned failing_alloc_at_most(unsigned usual)
{
    return getenv("ENVELOPE_ALLOCATION_ALL") != NULL ? UINT_MAX : usual;
}

unsigned failing_alloc_spread(unsigned allocations, unsigned at_most, failing_alloc_try_fn *try,
                              void *arg)
{
    const unsigned runs = allocations < at_most ? allocations : at_most;
    int errors = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (errors < 0 || dup2(nowhere, STDERR_FILENO) < 0)
        abort();
    for (unsigned i = 0; i < runs; i++) {
        const unsigned first = i * allocations / runs;
        const unsigned width = (i + 1) * allocations / runs - first;

        try(arg, 1 + first + (unsigned)getpid() % width);
    }
    (void)dup2(errors, STDERR_FILENO);
    (void)close(errors);
    (void)close(nowhere);
    return runs;
}
