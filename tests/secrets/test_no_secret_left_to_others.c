/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a program's state goes to others: the core dump that the kernel writes, and what a
 * program that it executes inherits. test_no_secret_in_memory.c says what is secret, and looks for
 * it everywhere.
 */
#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "fake_keyring.h"
#include "secrets.h"
#include "softhsm_fixture.h"

/* ---- a core dump as the kernel writes it ---- */

static int abort_half_way(void *arg)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    EVP_CIPHER_CTX *ctx = begin("ENVELOPE", 1);

    child_demand(chdir(arg) == 0 && setrlimit(RLIMIT_CORE, &unlimited) == 0);
    board->message_len = 0;
    child_demand(feed(ctx, board->plain, 7000, board->message, &board->message_len));
    abort();
}

/* The name of the only file in the directory, "core" or "core.PID". */
static void find_core(const char *in, char *path, size_t size)
{
    DIR *directory = opendir(in);
    const struct dirent *entry;

    ck_assert_ptr_nonnull(directory);
    path[0] = '\0';
    while ((entry = readdir(directory)) != NULL)
        if (strncmp(entry->d_name, "core", 4) == 0)
            (void)snprintf(path, size, "%s/%s", in, entry->d_name);
    (void)closedir(directory);
    ck_assert_msg(path[0] != '\0', "the kernel wrote no core dump");
}

/* Where the dump's memory begins: before it are notes, with the registers. */
static size_t memory_in(const uint8_t *core)
{
    const ElfW(Ehdr) *head = (const void *)core;
    const ElfW(Phdr) *parts = (const void *)(core + head->e_phoff);
    size_t start = SIZE_MAX;

    for (size_t i = 0; i < head->e_phnum; i++)
        if (parts[i].p_type == PT_LOAD && parts[i].p_offset < start)
            start = parts[i].p_offset;
    return start;
}

static void search_core(const char *path, const struct secrets *secrets)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    const uint8_t *core;
    const uint8_t *memory;
    size_t len;

    ck_assert(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 1 << 20);
    core = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    ck_assert_ptr_ne(core, MAP_FAILED);
    memory = core + memory_in(core);
    len = (size_t)st.st_size - memory_in(core);
    /* it is the dump of that process: what is not secret is there */
    ck_assert_ptr_nonnull(memmem(memory, len, fake_keks[0].key, 32));
    for (size_t i = 0; i < secrets->count; i++) {
        const struct needle *needle = &secrets->needles[i];

        ck_assert_msg(strcmp(needle->name, AES_KEY) == 0 ||
                          memmem(memory, len, needle->bytes, needle->len) == NULL,
                      "%s in the core dump", needle->name);
    }
    (void)munmap((void *)(uintptr_t)core, (size_t)st.st_size);
    (void)close(fd);
}

START_TEST(a_core_dump_holds_no_secret)
{
    static struct secrets secrets;
    char in[] = "core_dump.XXXXXX";
    char path[300];
    pid_t pid;
    int status = 0;

    ck_assert_ptr_nonnull(mkdtemp(in));
    ck_assert_int_eq(madvise(board, sizeof(*board), MADV_DONTDUMP), 0);
    pid = fork();
    if (pid == 0)
        _exit(abort_half_way(in));
    ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WCOREDUMP(status));
    secrets_compute(&secrets);
    ck_assert_uint_gt(secrets.count, 20);
    find_core(in, path, sizeof(path));
    search_core(path, &secrets);
    ck_assert(unlink(path) == 0 && rmdir(in) == 0);
}
END_TEST

/* Whether the kernel writes core dumps to where the process is: piped elsewhere they are not ours
 * to look at. */
static bool kernel_writes_core_dumps(void)
{
    char pattern[128] = "|";
    FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");

    if (file != NULL) {
        if (fgets(pattern, sizeof(pattern), file) == NULL)
            pattern[0] = '|';
        (void)fclose(file);
    }
    return strncmp(pattern, "core", 4) == 0;
}

/* ---- what a program that is executed gets ---- */

#define DESCRIPTORS_MAX 256

static bool was_open[DESCRIPTORS_MAX];

static void note_descriptors(void)
{
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
        was_open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* Every descriptor is one that was there before, closed by exec, or the token's own. */
static int inherited_descriptors(void)
{
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
        char link[64];
        char target[600] = "";
        int flags = fcntl(fd, F_GETFD);

        if (flags < 0 || was_open[fd] || (flags & FD_CLOEXEC) != 0)
            continue;
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof(target) - 1) > 0 &&
            strncmp(target, softhsm_dir(), strlen(softhsm_dir())) == 0)
            continue;
        (void)fprintf(stderr, "descriptor %d is inherited: %s\n", fd, target);
        return 1;
    }
    return 0;
}

static size_t environment_size(void)
{
    size_t size = 0;

    for (char **variable = environ; *variable != NULL; variable++)
        size += strlen(*variable) + 1;
    return size;
}

static int with_everything_open(void *arg)
{
    size_t before = environment_size();
    EVP_CIPHER_CTX *seals;
    EVP_CIPHER_CTX *opens;
    size_t n = 0;

    (void)arg;
    note_descriptors();
    seals = begin("ENVELOPE", 1);
    opens = begin("ENVELOPE", 0);
    child_demand(feed(seals, board->plain, 5000, board->opened, &n));
    n = 0;
    child_demand(feed(opens, board->message, 5000, board->opened, &n));
    child_demand(inherited_descriptors() == 0);
    child_demand(environment_size() == before);
    EVP_CIPHER_CTX_free(seals);
    EVP_CIPHER_CTX_free(opens);
    return 0;
}

START_TEST(executed_programs_inherit_nothing_secret)
{
    ck_assert(in_child(with_everything_open, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets: none left to others");
    TCase *tcase = tcase_create("core dump");

    arena_install();
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, secrets_set_up, secrets_tear_down);
    if (kernel_writes_core_dumps())
        tcase_add_test(tcase, a_core_dump_holds_no_secret);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("exec");
    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, secrets_set_up_token, secrets_tear_down_token);
    tcase_add_test(tcase, executed_programs_inherit_nothing_secret);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
