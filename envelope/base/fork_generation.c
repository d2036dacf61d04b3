/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/fork_generation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
/*
 * Stays mapped as long as the process lives, like the module (-z nodelete): at exit other threads
 * may still read it.
 */
static _Atomic uint64_t *page; /* NULL: the kernel cannot wipe it, so getpid() is used instead */

static void map_page(void)
{
    size_t len = (size_t)sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return;
    if (madvise(p, len, MADV_WIPEONFORK) != 0) {
        (void)munmap(p, len);
        return;
    }
    page = p;
}

uint64_t env_fork_generation(void)
{
    uint64_t seen;
    uint64_t fresh = 0;

    (void)pthread_once(&once, map_page);
    if (page == NULL)
        return (uint64_t)getpid();
    seen = atomic_load_explicit(page, memory_order_relaxed);
    if (seen != 0)
        return seen;
    /*
     * This is the first call in the process. The number is random instead of the process id,
     * because a child in its own pid namespace may have its parent's.
     */
    if (getrandom(&fresh, sizeof(fresh), 0) != (ssize_t)sizeof(fresh) || fresh == 0)
        fresh = (uint64_t)getpid();
    if (atomic_compare_exchange_strong(page, &seen, fresh))
        return fresh;
    return seen; /* another thread was first */
}
