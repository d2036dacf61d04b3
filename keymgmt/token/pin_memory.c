/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/pin_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "envelope/base/safe_file.h"
#include "keymgmt/token/pin_folder.h"

#define WAIT_MS 10000 /* for other processes' logins: one whose token hangs must not block us */
#define LOOK_MS 20

#define OPEN_FLAGS (O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)

/* ---- turns ---- */

/* Uses the real clock: tests that stop the other one must not wait for ever. */
static void wait_for_turn(int folder)
{
    const struct timespec look = {0, LOOK_MS * 1000000L};

    for (int waited = 0; waited < WAIT_MS && flock(folder, LOCK_EX | LOCK_NB) != 0;
         waited += LOOK_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return; /* the file system has no locks: go on without turns */
        (void)nanosleep(&look, NULL);
    }
}

/* ---- the file ---- */

static void read_failures(struct env_pin_memory *memory)
{
    char text[ENV_PIN_MEMORY_FILE];
    struct stat st;
    size_t len = 0;
    ssize_t n = 1;
    int fd = openat(memory->folder, memory->name, O_RDONLY | OPEN_FLAGS);

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && env_file_unsafe(fd, &st) == NULL) {
        while (n > 0 && len < sizeof(text)) {
            n = TEMP_FAILURE_RETRY(read(fd, text + len, sizeof(text) - len));
            len += n > 0 ? (size_t)n : 0;
        }
    }
    (void)close(fd);
    if (!env_pin_failures_read(text, len, &memory->failures))
        memory->failures.count = 0; /* not a file of ours: it will be replaced */
}

static bool fill(int fd, const struct env_pin_failures *failures)
{
    char text[ENV_PIN_MEMORY_FILE];
    size_t len = env_pin_failures_write(failures, text);

    return TEMP_FAILURE_RETRY(write(fd, text, len)) == (ssize_t)len && fsync(fd) == 0;
}

/* The file is replaced atomically. A crash leaves the old one, and perhaps a temporary file. */
static bool write_failures(const struct env_pin_memory *memory)
{
    char name[sizeof(memory->name) + 8];
    bool done;
    int error;
    int fd;

    (void)snprintf(name, sizeof(name), "%s.new", memory->name);
    (void)unlinkat(memory->folder, name, 0);
    fd = openat(memory->folder, name, O_WRONLY | O_CREAT | O_EXCL | OPEN_FLAGS, 0600);
    if (fd < 0)
        return false;
    done = fill(fd, &memory->failures);
    error = errno;
    if (close(fd) != 0 && done) {
        error = errno;
        done = false;
    }
    if (done && renameat(memory->folder, name, memory->folder, memory->name) == 0) {
        (void)fsync(memory->folder);
        return true;
    }
    error = done ? errno : error;
    (void)unlinkat(memory->folder, name, 0);
    errno = error;
    return false;
}

/* ---- a login ---- */

/* The file's name is derived from what identifies the token, whatever bytes that contains. */
static bool name_file(struct env_pin_memory *memory)
{
    uint8_t hash[ENV_PIN_HASH];
    size_t at = (size_t)snprintf(memory->name, sizeof(memory->name), "token-");

    if (!env_pin_hash_of_token(memory->sources, memory->token, hash))
        return false;
    for (size_t i = 0; i < 16; i++)
        at += (size_t)snprintf(memory->name + at, sizeof(memory->name) - at, "%02x", hash[i]);
    return true;
}

void env_pin_memory_begin(struct env_pin_memory *memory, const struct env_pin_sources *sources,
                          const struct env_token *token)
{
    const char *path = sources->config->pin_failure_memory;

    memset(memory, 0, sizeof(*memory));
    memory->sources = sources;
    memory->token = token;
    memory->folder = -1;
    if (path == NULL)
        return;
    memory->folder = env_pin_folder_open(path, &memory->why);
    if (memory->folder < 0)
        return;
    if (!name_file(memory)) {
        (void)close(memory->folder);
        memory->folder = -1;
        memory->why = "libcrypto has no SHA-256";
        return;
    }
    wait_for_turn(memory->folder);
    read_failures(memory);
}

void env_pin_memory_end(struct env_pin_memory *memory)
{
    OPENSSL_cleanse(memory->hash, sizeof(memory->hash));
    if (memory->folder >= 0)
        (void)close(memory->folder);
    memory->folder = -1;
}

static bool hash_pin(struct env_pin_memory *memory, const struct env_pin *pin)
{
    memory->hashed = memory->hashed || env_pin_hash(memory->sources, memory->token, pin,
                                                    memory->failures.salt, memory->hash);
    return memory->hashed;
}

/* If the PIN cannot be hashed, it is tried: it may be right. */
ENV_RESULT env_pin_memory_check(struct env_pin_memory *memory, const struct env_pin *pin,
                                struct env_error_detail *detail)
{
    const struct env_pin_failures *failures = &memory->failures;

    if (memory->folder < 0 || pin->bytes == NULL || failures->count == 0 || !hash_pin(memory, pin))
        return ENV_OK;
    for (size_t i = 0; i < failures->count; i++) {
        if (CRYPTO_memcmp(failures->hashes[i], memory->hash, sizeof(memory->hash)) == 0)
            return env_error_detail(
                detail, ENV_R_PIN_REMEMBERED,
                "%s: if the token's PIN has been changed to this one since, remove %s/%s",
                memory->token->where, memory->sources->config->pin_failure_memory, memory->name);
    }
    return ENV_OK;
}

static void drop_oldest(struct env_pin_failures *failures)
{
    if (failures->count < ENV_PIN_MEMORY_MAX)
        return;
    failures->count--;
    memmove(failures->hashes[0], failures->hashes[1],
            failures->count * sizeof(failures->hashes[0]));
}

static bool keep(struct env_pin_memory *memory, const struct env_pin *pin, const char **why)
{
    struct env_pin_failures *failures = &memory->failures;

    *why = memory->why;
    if (memory->folder < 0)
        return false;
    *why = "it could not be hashed";
    if (failures->count == 0 && RAND_bytes(failures->salt, sizeof(failures->salt)) != 1)
        return false;
    if (!hash_pin(memory, pin))
        return false;
    drop_oldest(failures);
    memcpy(failures->hashes[failures->count++], memory->hash, sizeof(memory->hash));
    if (write_failures(memory))
        return true;
    *why = strerrordesc_np(errno);
    return false;
}

void env_pin_memory_add(struct env_pin_memory *memory, const struct env_pin *pin,
                        struct env_error_detail *detail)
{
    const char *path = memory->sources->config->pin_failure_memory;
    char words[ENV_ERROR_DETAIL_TEXT / 2];
    const char *why;

    if (path == NULL || pin->bytes == NULL || keep(memory, pin, &why))
        return;
    (void)snprintf(words, sizeof(words),
                   "; the next process tries it again, since pin-failure-memory = %.256s cannot be "
                   "used: %s",
                   path, why);
    env_error_detail_behind(detail, words);
}
