/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE (12u << 20)
#define ALIGNMENT 16u

struct arena arena;

/* The linker's names for what --wrap has replaced, and for what replaces it. */
void __real_free(void *p);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);

static bool is_in(const void *p)
{
    uintptr_t at = (uintptr_t)p;

    return at >= (uintptr_t)arena.start && at < (uintptr_t)arena.start + ARENA_SIZE;
}

static void map(void)
{
    arena.start = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena.start == MAP_FAILED)
        abort();
}

/* Zeros, with the length in front. */
static void *take(size_t size)
{
    size_t whole = (size + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *p;

    if (arena.start == NULL) /* allocations before main: there is one thread */
        map();
    p = arena.start + __atomic_fetch_add(&arena.used, whole, __ATOMIC_RELAXED);

    if (!is_in(p + whole))
        abort();
    memcpy(p, &size, sizeof(size));
    return p + ALIGNMENT;
}

static void *take_more(void *old, size_t size)
{
    void *p = take(size);
    size_t had = 0;

    if (old != NULL) {
        memcpy(&had, (char *)old - ALIGNMENT, sizeof(had));
        memcpy(p, old, had < size ? had : size);
    }
    return p;
}

void *__wrap_malloc(size_t size)
{
    return take(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
    return take(number * size);
}

void *__wrap_realloc(void *p, size_t size)
{
    if (p != NULL && !is_in(p))
        return __real_realloc(p, size);
    return take_more(p, size);
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(take(size), text, size);
}

void __wrap_free(void *p)
{
    if (!is_in(p))
        __real_free(p);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : take(size);
}

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return take_more(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)p;
    (void)file;
    (void)line;
}

void arena_install(void)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        abort();
}
