/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

/* The length of the pages that hold len bytes, or 0 when there is no such length. */
static size_t mapped_length(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (len == 0 || len > SIZE_MAX - page)
        return 0;
    return (len + page - 1) / page * page;
}

static void *map_pages(size_t len)
{
    size_t mapped = mapped_length(len);
    void *p;

    if (mapped == 0)
        return NULL;
    p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* Best effort, like mlock in OpenSSL's own secure heap: a kernel without it still works. */
    (void)madvise(p, mapped, MADV_DONTDUMP);
    return p;
}

void *env_secret_alloc(size_t len)
{
    void *p = NULL;

    /* The secure heap is small and prints an error when it is full, so large buffers never ask. */
    if (len <= 4096 && CRYPTO_secure_malloc_initialized())
        p = OPENSSL_secure_zalloc(len);
    return p != NULL ? p : map_pages(len);
}

void env_secret_free(void *p, size_t len)
{
    if (p != NULL)
        OPENSSL_cleanse(p, len);
    env_secret_free_wiped(p, len);
}

void env_secret_free_wiped(void *p, size_t len)
{
    if (p == NULL)
        return;
    if (CRYPTO_secure_allocated(p))
        OPENSSL_secure_free(p);
    else
        (void)munmap(p, mapped_length(len));
}
