/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program and looks through all its memory when it is about to end, after its exit handlers:
 *
 *     search_at_end NEEDLE... -- PROGRAM [ARGUMENT...]
 *
 * Each NEEDLE is a file, read when the program ends, whose bytes are looked for, but for a newline
 * at its end; with FILE@MARK the 24 bytes behind that mark in it. Findings go to stderr.
 * The exit status is 99 when anything was found, else the program's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEEDLE_MAX 4096u
#define MARKED 24

static void die(const char *what)
{
    (void)fprintf(stderr, "search_at_end: %s: %s\n", what, strerror(errno));
    exit(98);
}

static size_t read_needle(const char *needle, char *to)
{
    char path[256];
    const char *mark = strchr(needle, '@');
    const char *at;
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "%s", needle);
    path[strcspn(path, "@")] = '\0';
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, to, NEEDLE_MAX);
    if (n < 8)
        die(path);
    (void)close(fd);
    if (mark == NULL)
        return (size_t)n - (to[n - 1] == '\n');
    at = memmem(to, (size_t)n, mark + 1, strlen(mark + 1));
    if (at == NULL || to + n - at < (ssize_t)strlen(mark + 1) + MARKED)
        die(needle);
    memmove(to, at + strlen(mark + 1), MARKED);
    return MARKED;
}

static unsigned search(const char *bytes, size_t len, const char *needle, size_t needle_len)
{
    unsigned hits = 0;
    const char *at = bytes;

    while ((at = memmem(at, len - (size_t)(at - bytes), needle, needle_len)) != NULL) {
        hits++;
        at++;
    }
    return hits;
}

/* One mapping; what cannot be read (the kernel's own) is passed over. */
static unsigned search_mapping(int memory, const char *line, char **needles, int count)
{
    uint64_t start;
    uint64_t end;
    char *bytes;
    ssize_t n;
    unsigned hits = 0;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " r", &start, &end) != 2)
        return 0;
    bytes = malloc(end - start);
    if (bytes == NULL)
        die("malloc");
    n = pread(memory, bytes, end - start, (off_t)start);
    for (int i = 0; i < count && n > 0; i++) {
        char needle[NEEDLE_MAX];
        size_t len = read_needle(needles[i], needle);
        unsigned found = search(bytes, (size_t)n, needle, len);

        if (found > 0)
            (void)fprintf(stderr, "%s found %u times: %s", needles[i], found, line);
        hits += found;
    }
    free(bytes);
    return hits;
}

static unsigned search_all(pid_t pid, char **needles, int count)
{
    char path[64];
    char line[512];
    unsigned hits = 0;
    FILE *maps;
    int memory;

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    maps = fopen(path, "re");
    if (memory < 0 || maps == NULL)
        die(path);
    while (fgets(line, sizeof(line), maps) != NULL)
        hits += search_mapping(memory, line, needles, count);
    (void)fclose(maps);
    (void)close(memory);
    return hits;
}

static int watch(pid_t pid, char **needles, int count)
{
    unsigned hits = 0;
    int status = 0;

    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        die("the program did not start");
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) != 0)
        die("ptrace");
    for (;;) {
        int deliver = 0;

        if (ptrace(PTRACE_CONT, pid, NULL, deliver) != 0 || waitpid(pid, &status, 0) != pid)
            die("ptrace");
        if (WIFEXITED(status))
            return hits > 0 ? 99 : WEXITSTATUS(status);
        if (WIFSIGNALED(status))
            return 98;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
            hits += search_all(pid, needles, count);
    }
}

int main(int argc, char **argv)
{
    int count = 1;
    pid_t pid;

    while (count < argc && strcmp(argv[count], "--") != 0)
        count++;
    if (count < 2 || count + 1 >= argc)
        return 98;
    pid = fork();
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
            (void)execvp(argv[count + 1], argv + count + 1);
        _exit(98);
    }
    return watch(pid, argv + 1, count - 1);
}
