/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/secret.h"

#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "envelope/base/thread_number.h"

#if defined(__SANITIZE_ADDRESS__)
#define POISONED_POOL 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONED_POOL 1
#endif
#endif
#ifdef POISONED_POOL
#include <sanitizer/asan_interface.h>
#endif

#define PIECES 7u       /* pieces of each kind kept per thread */
#define LARGE_PAGES 16u /* for long pieces only one */
#define KEPT_PAGES 64u  /* longer ones are not kept */

enum kind { ORDINARY, BOUND, KINDS };

/*
 * The free pieces, by thread: the address of each piece, with its number of pages in the address
 * bits that are always zero. The list is here and not in the pages themselves, which stay empty.
 * Taking a piece removes its entry in one atomic step, so threads with the same number do not
 * disturb each other, and a child forked meanwhile either has the entry or does not.
 */
struct pool {
    alignas(ENV_CACHE_LINE) _Atomic(uintptr_t) large;
    _Atomic(uintptr_t) pieces[PIECES];
};

static struct pool pools[KINDS][ENV_THREAD_NUMBERS];

static size_t page_size(void)
{
    static _Atomic(size_t) known;
    size_t page = atomic_load_explicit(&known, memory_order_relaxed);

    if (page == 0) {
        page = (size_t)sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&known, page, memory_order_relaxed);
    }
    return page;
}

/* The number of pages for len bytes, or 0 if there is no such number. */
static size_t pages_of(size_t len)
{
    size_t page = page_size();

    if (len == 0 || len > SIZE_MAX - page)
        return 0;
    return (len + page - 1) >> __builtin_ctzl(page); /* a power of two; dividing is slower */
}

/* ---- the kernel's pages ---- */

enum { UNKNOWN, YES, NO };

static atomic_int wiped_at_fork; /* whether bound memory is wiped: one of those three */

/* Best effort, like mlock in OpenSSL's secure heap: a kernel without it still works. */
static void mark(enum kind kind, void *p, size_t len)
{
    (void)madvise(p, len, MADV_DONTDUMP);
    if (kind == BOUND)
        atomic_store_explicit(&wiped_at_fork, madvise(p, len, MADV_WIPEONFORK) == 0 ? YES : NO,
                              memory_order_relaxed);
}

/*
 * Locks it, so that it is not swapped out. Best effort as well, and not in a forked child, which
 * inherits no locks. Half of the limit is left to the program, which may have secrets of its own.
 * Unlocking is not counted: kept pieces are seldom unmapped.
 */
static void lock(void *p, size_t len)
{
    static _Atomic(size_t) locked;
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
        (limit.rlim_cur == RLIM_INFINITY || atomic_load(&locked) + len <= limit.rlim_cur / 2) &&
        mlock(p, len) == 0)
        (void)atomic_fetch_add(&locked, len);
}

static void *map_pages(enum kind kind, size_t pages)
{
    size_t len = pages * page_size();
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    mark(kind, p, len);
    if (pages <= KEPT_PAGES) /* otherwise it would be locked each time */
        lock(p, len);
    return p;
}

bool env_secret_bound_is_wiped(void)
{
    if (atomic_load_explicit(&wiped_at_fork, memory_order_relaxed) == UNKNOWN)
        env_secret_free_bound_wiped(env_secret_alloc_bound(1), 1);
    return atomic_load_explicit(&wiped_at_fork, memory_order_relaxed) == YES;
}

/* ---- the pool ---- */

/*
 * AddressSanitizer finds uses of memory that was given back; this check finds memory that was not
 * wiped.
 */
static void close_piece(void *p, size_t pages)
{
#ifdef POISONED_POOL
    const unsigned char *bytes = p;

    for (size_t i = 0; i < pages * page_size(); i++) {
        if (bytes[i] != 0)
            abort();
    }
    ASAN_POISON_MEMORY_REGION(p, pages * page_size());
#else
    (void)p;
    (void)pages;
#endif
}

static void open_piece(void *p, size_t pages)
{
#ifdef POISONED_POOL
    ASAN_UNPOISON_MEMORY_REGION(p, pages * page_size());
#else
    (void)p;
    (void)pages;
#endif
}

static size_t pages_in(uintptr_t entry)
{
    return entry & (page_size() - 1);
}

static void *piece_in(uintptr_t entry)
{
    return (void *)(entry & ~(uintptr_t)(page_size() - 1));
}

static void unmap(uintptr_t entry)
{
    if (entry == 0)
        return;
    open_piece(piece_in(entry), pages_in(entry));
    (void)munmap(piece_in(entry), pages_in(entry) * page_size());
}

/* Takes the piece of this entry if it has this many pages. */
static void *take_entry(_Atomic(uintptr_t) *entry, size_t pages)
{
    uintptr_t seen = atomic_load_explicit(entry, memory_order_relaxed);

    if (pages_in(seen) != pages || !atomic_compare_exchange_strong(entry, &seen, 0))
        return NULL;
    open_piece(piece_in(seen), pages);
    return piece_in(seen);
}

static void *take_piece(enum kind kind, size_t pages)
{
    struct pool *pool = &pools[kind][env_thread_number()];
    void *p = NULL;

    if (pages > KEPT_PAGES)
        return NULL;
    if (pages > LARGE_PAGES)
        return take_entry(&pool->large, pages);
    for (size_t i = 0; i < PIECES && p == NULL; i++)
        p = take_entry(&pool->pieces[i], pages);
    return p;
}

/* If there is no room, frees another piece: sizes that are no longer requested do not stay. */
static void give_piece(enum kind kind, void *p, size_t pages)
{
    struct pool *pool = &pools[kind][env_thread_number()];
    uintptr_t entry = (uintptr_t)p | pages;

    if (pages > KEPT_PAGES) {
        (void)munmap(p, pages * page_size());
        return;
    }
    close_piece(p, pages);
    if (pages > LARGE_PAGES) {
        unmap(atomic_exchange(&pool->large, entry));
        return;
    }
    for (size_t i = 0; i < PIECES; i++) {
        uintptr_t none = 0;

        if (atomic_load_explicit(&pool->pieces[i], memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong(&pool->pieces[i], &none, entry))
            return;
    }
    for (size_t i = 0; i < PIECES; i++) /* in front, where searches begin */
        entry = atomic_exchange(&pool->pieces[i], entry);
    unmap(entry);
}

static void *alloc_pages(enum kind kind, size_t len)
{
    size_t pages = pages_of(len);
    void *p;

    if (pages == 0)
        return NULL;
    p = take_piece(kind, pages);
    return p != NULL ? p : map_pages(kind, pages);
}

/* ---- the interface ---- */

void *env_secret_alloc(size_t len)
{
    void *p = NULL;

    /*
     * The secure heap is small, and prints an error when it is full, so large buffers do not use
     * it.
     */
    if (len <= 4096 && CRYPTO_secure_malloc_initialized())
        p = OPENSSL_secure_zalloc(len);
    return p != NULL ? p : alloc_pages(ORDINARY, len);
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
        give_piece(ORDINARY, p, pages_of(len));
}

void *env_secret_alloc_bound(size_t len)
{
    return alloc_pages(BOUND, len);
}

void env_secret_free_bound_wiped(void *p, size_t len)
{
    if (p != NULL)
        give_piece(BOUND, p, pages_of(len));
}
