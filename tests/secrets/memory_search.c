/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_search.h"

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (1u << 20)
#define OVERLAP 64u /* longer than every needle */

struct search {
    int memory;
    const struct needle *needles;
    size_t count;
    memory_hit_fn *hit;
    void *arg;
    size_t looked_through;
};

static void search_chunk(const struct search *s, const struct mapping *mapping, uintptr_t start,
                         const uint8_t *chunk, size_t len)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct needle *needle = &s->needles[i];
        const uint8_t *from = chunk;
        const uint8_t *found;

        while ((found = memmem(from, len - (size_t)(from - chunk), needle->bytes, needle->len)) !=
               NULL) {
            s->hit(s->arg, mapping, start + (uintptr_t)(found - chunk), needle);
            from = found + 1;
        }
    }
}

/* What cannot be read (vvar, for one) is no memory of the program's. */
static void search_mapping(struct search *s, const struct mapping *mapping)
{
    static uint8_t chunk[CHUNK + OVERLAP];

    for (uintptr_t at = mapping->start; at < mapping->end; at += CHUNK) {
        size_t wanted = mapping->end - at < sizeof(chunk) ? mapping->end - at : sizeof(chunk);
        ssize_t n = pread(s->memory, chunk, wanted, (off_t)at);

        if (n <= 0)
            return;
        search_chunk(s, mapping, at, chunk, (size_t)n);
        s->looked_through += (size_t)n;
    }
}

size_t memory_search(pid_t pid, const struct needle *needles, size_t count, memory_hit_fn *hit,
                     void *arg)
{
    struct search s = {-1, needles, count, hit, arg, 0};
    struct mapping mapping = {0};
    char path[64];
    char line[512];
    FILE *maps;

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    s.memory = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
    maps = fopen(path, "re");
    ck_assert(s.memory >= 0 && maps != NULL);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char rights[8] = "";
        uintptr_t start;
        uintptr_t end;
        int name = 0;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s %*s %*s %*s %n", &start, &end, rights,
                   &name) >= 3) {
            mapping = (struct mapping){.start = start, .end = rights[0] == 'r' ? end : start};
            (void)snprintf(mapping.name, sizeof(mapping.name), "%.*s",
                           (int)strcspn(line + name, "\n"), line + name);
        } else if (strncmp(line, "VmFlags:", 8) == 0) {
            mapping.dumped = strstr(line, " dd") == NULL;
            search_mapping(&s, &mapping);
        }
    }
    (void)fclose(maps);
    (void)close(s.memory);
    return s.looked_through;
}
