/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for bytes in all the memory of a stopped child, mapping by mapping. */
#ifndef ENVELOPE_TESTS_MEMORY_SEARCH_H
#define ENVELOPE_TESTS_MEMORY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct needle {
    const char *name;
    const uint8_t *bytes;
    size_t len;
};

struct mapping {
    uintptr_t start;
    uintptr_t end;
    bool dumped; /* a core dump has it: not marked MADV_DONTDUMP ("dd" in /proc/PID/smaps) */
    char name[128];
};

typedef void memory_hit_fn(void *arg, const struct mapping *mapping, uintptr_t at,
                           const struct needle *needle);

/* Hands every finding to hit. Returns how many bytes were looked through. */
size_t memory_search(pid_t pid, const struct needle *needles, size_t count, memory_hit_fn *hit,
                     void *arg);

#endif
