/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a header change in place: an input is the journal of a file. If it is accepted as
 * complete, its parts have exactly the lengths that it announces.
 */
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "tools/common/sidecar.h"
#include "tools/rotate/journal.h"

#define NAME "sealed"
#define HASH_LEN 32u
#define LENGTHS 20u /* where the lengths begin: behind the magic and the version */

static const struct env_errors errors = {.raise = fuzz_ignore_error};
static char directory[512];
static char journal_path[sizeof(directory) + NAME_MAX + 2];
static struct tool_locked_file locked = {.errors = &errors, .name = NAME};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_all(void)
{
    (void)nftw(directory, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_DEMAND(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char name[NAME_MAX + 1];
    char path[sizeof(directory) + sizeof(NAME) + 1];

    const char *tmp = getenv("TMPDIR");

    (void)argc;
    (void)argv;
    (void)snprintf(directory, sizeof(directory), "%s/fuzz_journal.XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    FUZZ_DEMAND(mkdtemp(directory) != NULL && atexit(remove_all) == 0);
    (void)snprintf(path, sizeof(path), "%s/" NAME, directory);
    write_file(path, (const uint8_t *)"a file", 6);
    locked.dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_DEMAND(env_ok(tool_locked_file_open(&locked, TOOL_LOCKED_FILE_LOOK)));
    FUZZ_DEMAND(env_ok(tool_sidecar_name(&locked, TOOL_SIDECAR_JOURNAL, name)));
    (void)snprintf(journal_path, sizeof(journal_path), "%s/%s", directory, name);
    return 0;
}

static bool is_in(const struct tool_journal *journal, struct env_span span)
{
    return span.data >= journal->bytes && span.data + span.len <= journal->bytes + journal->len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tool_journal journal;
    enum tool_journal_state state = TOOL_JOURNAL_NONE;
    enum tool_journal_match match = TOOL_JOURNAL_OTHER;

    write_file(journal_path, data, size);
    FUZZ_DEMAND(env_ok(tool_journal_read(&locked, &journal, &state)));
    FUZZ_DEMAND(state != TOOL_JOURNAL_NONE);
    if (state == TOOL_JOURNAL_WHOLE) {
        FUZZ_DEMAND(journal.len == size && memcmp(journal.bytes, data, size) == 0);
        FUZZ_DEMAND(journal.old_header.len == journal.new_header.len);
        FUZZ_DEMAND(is_in(&journal, journal.old_header) && is_in(&journal, journal.new_header) &&
                    is_in(&journal, journal.after) && is_in(&journal, journal.name));
        FUZZ_DEMAND(2 * journal.old_header.len + journal.after.len + journal.name.len + 44 +
                        HASH_LEN ==
                    size);
        (void)tool_journal_compare(&locked, &journal, &match);
    }
    tool_journal_clear(&journal);
    return 0;
}

static void put32(uint8_t *to, size_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The journal's length and its hash are made right, so that the lengths between are what counts. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t n = 0;

    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 == 0 || size < LENGTHS + 4 + HASH_LEN)
        return size;
    put32(data + LENGTHS, size);
    FUZZ_DEMAND(
        EVP_Q_digest(NULL, "SHA256", NULL, data, size - HASH_LEN, data + size - HASH_LEN, &n) == 1);
    return size;
}
