/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "envelope/format/header.h"
#include "tools/common/sidecar.h"

#define MAGIC "envelope journal"
#define MAGIC_LEN 16u
#define VERSION 1u
#define FIXED_LEN (MAGIC_LEN + 5 * 4 + 8)
#define AFTER_MAX 128u
#define HASH_LEN 32u
#define JOURNAL_MAX (FIXED_LEN + 2 * ENV_HEADER_MAX + AFTER_MAX + NAME_MAX + HASH_LEN)

/* ---- the bytes ---- */

static void put(uint8_t **p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        (*p)[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    *p += bytes;
}

static uint64_t get(const uint8_t **p, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | (*p)[i];
    *p += bytes;
    return value;
}

static void put_span(uint8_t **p, struct env_span span)
{
    memcpy(*p, span.data, span.len);
    *p += span.len;
}

static bool hash(const uint8_t *bytes, size_t len, uint8_t out[HASH_LEN])
{
    size_t n = 0;

    return EVP_Q_digest(NULL, "SHA256", NULL, bytes, len, out, &n) == 1 && n == HASH_LEN;
}

static ENV_RESULT encode(struct tool_journal *journal)
{
    uint8_t *p;

    journal->len =
        FIXED_LEN + 2 * journal->old_header.len + journal->after.len + journal->name.len + HASH_LEN;
    journal->bytes = OPENSSL_malloc(journal->len);
    if (journal->bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    p = journal->bytes;
    put_span(&p, (struct env_span){(const uint8_t *)MAGIC, MAGIC_LEN});
    put(&p, VERSION, 4);
    put(&p, journal->len, 4);
    put(&p, journal->old_header.len, 4);
    put(&p, journal->after.len, 4);
    put(&p, journal->name.len, 4);
    put(&p, journal->file_size, 8);
    put_span(&p, journal->old_header);
    put_span(&p, journal->new_header);
    put_span(&p, journal->after);
    put_span(&p, journal->name);
    return hash(journal->bytes, (size_t)(p - journal->bytes), p) ? ENV_OK
                                                                 : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

static struct env_span take(const uint8_t **p, size_t len)
{
    struct env_span span = {*p, len};

    *p += len;
    return span;
}

/* Whether the bytes are a whole journal. */
static bool decode(struct tool_journal *journal)
{
    const uint8_t *p = journal->bytes;
    uint8_t expected[HASH_LEN];
    size_t header_len;
    size_t after_len;
    size_t name_len;

    if (journal->len < FIXED_LEN + HASH_LEN || memcmp(p, MAGIC, MAGIC_LEN) != 0)
        return false;
    p += MAGIC_LEN;
    if (get(&p, 4) != VERSION || get(&p, 4) != journal->len)
        return false;
    header_len = get(&p, 4);
    after_len = get(&p, 4);
    name_len = get(&p, 4);
    journal->file_size = get(&p, 8);
    if (header_len > ENV_HEADER_MAX || after_len > AFTER_MAX || name_len > NAME_MAX ||
        FIXED_LEN + 2 * header_len + after_len + name_len + HASH_LEN != journal->len)
        return false;
    journal->old_header = take(&p, header_len);
    journal->new_header = take(&p, header_len);
    journal->after = take(&p, after_len);
    journal->name = take(&p, name_len);
    return hash(journal->bytes, journal->len - HASH_LEN, expected) &&
           memcmp(expected, p, HASH_LEN) == 0;
}

/* ---- the file ---- */

static ENV_RESULT write_new(const struct tool_locked_file *locked,
                            const struct tool_journal *journal)
{
    char name[NAME_MAX + 1];
    bool removed;
    ENV_RESULT r;
    int fd;

    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_JOURNAL, name));
    fd = tool_locked_file_open_beside(locked, name, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return tool_locked_file_failed(locked, "making a journal beside it");
    r = tool_locked_file_write(locked, fd, 0, (struct env_span){journal->bytes, journal->len});
    if (env_ok(r))
        r = tool_locked_file_sync(locked, fd);
    if (close(fd) != 0 && env_ok(r))
        r = tool_locked_file_failed(locked, "closing its journal");
    if (env_ok(r))
        r = tool_locked_file_sync_dir(locked);
    if (!env_ok(r))
        (void)tool_sidecar_remove(locked, TOOL_SIDECAR_JOURNAL, &removed);
    return r;
}

ENV_RESULT tool_journal_write(const struct tool_locked_file *locked, struct env_span old_header,
                              struct env_span new_header)
{
    uint8_t after[AFTER_MAX];
    struct tool_journal journal = {
        .file_size = (uint64_t)locked->seen.st_size,
        .old_header = old_header,
        .new_header = new_header,
        .after = {after, 0},
        .name = {(const uint8_t *)locked->name, strlen(locked->name)},
    };
    ENV_RESULT r;

    if (old_header.len != new_header.len)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(tool_locked_file_read(locked, (off_t)old_header.len, after, sizeof(after),
                                  &journal.after.len));
    r = encode(&journal);
    if (env_ok(r))
        r = write_new(locked, &journal);
    tool_journal_clear(&journal);
    return r;
}

/* Others may be able to write to the directory. Their files are not accepted as journals. */
static ENV_RESULT check_ours(const struct tool_locked_file *locked, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return tool_locked_file_failed(locked, "stat of its journal");
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        (st.st_uid != geteuid() && st.st_uid != locked->seen.st_uid && st.st_uid != 0))
        return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                         "the file that has its journal's name is not a journal");
    return ENV_OK;
}

static ENV_RESULT read_all(const struct tool_locked_file *locked, int fd,
                           struct tool_journal *journal)
{
    struct tool_locked_file as_target = *locked;

    ENV_TRY(check_ours(locked, fd));
    journal->bytes = OPENSSL_malloc(JOURNAL_MAX + 1);
    if (journal->bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    as_target.fd = fd;
    return tool_locked_file_read(&as_target, 0, journal->bytes, JOURNAL_MAX + 1, &journal->len);
}

ENV_RESULT tool_journal_read(const struct tool_locked_file *locked, struct tool_journal *journal,
                             enum tool_journal_state *state)
{
    char name[NAME_MAX + 1];
    ENV_RESULT r;
    int fd;

    memset(journal, 0, sizeof(*journal));
    *state = TOOL_JOURNAL_NONE;
    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_JOURNAL, name));
    fd = tool_locked_file_open_beside(locked, name, O_RDONLY);
    if (fd < 0)
        return errno == ENOENT ? ENV_OK : tool_locked_file_failed(locked, "opening its journal");
    r = read_all(locked, fd, journal);
    (void)close(fd);
    if (env_ok(r))
        *state = decode(journal) ? TOOL_JOURNAL_WHOLE : TOOL_JOURNAL_DAMAGED;
    else
        tool_journal_clear(journal);
    return r;
}

void tool_journal_clear(struct tool_journal *journal)
{
    OPENSSL_free(journal->bytes);
    memset(journal, 0, sizeof(*journal));
}

static bool is_mixture(const uint8_t *bytes, const struct tool_journal *journal)
{
    for (size_t i = 0; i < journal->old_header.len; i++) {
        if (bytes[i] != journal->old_header.data[i] && bytes[i] != journal->new_header.data[i])
            return false;
    }
    return true;
}

ENV_RESULT tool_journal_compare(const struct tool_locked_file *locked,
                                const struct tool_journal *journal, enum tool_journal_match *match)
{
    size_t header_len = journal->old_header.len;
    size_t wanted = header_len + journal->after.len;
    size_t got = 0;
    uint8_t *bytes;
    ENV_RESULT r;

    *match = TOOL_JOURNAL_OTHER;
    if ((uint64_t)locked->seen.st_size != journal->file_size ||
        strlen(locked->name) != journal->name.len ||
        memcmp(locked->name, journal->name.data, journal->name.len) != 0)
        return ENV_OK;
    bytes = OPENSSL_malloc(wanted);
    if (bytes == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = tool_locked_file_read(locked, 0, bytes, wanted, &got);
    if (env_ok(r) && got == wanted &&
        memcmp(bytes + header_len, journal->after.data, journal->after.len) == 0) {
        if (memcmp(bytes, journal->new_header.data, header_len) == 0)
            *match = TOOL_JOURNAL_NEW;
        else if (memcmp(bytes, journal->old_header.data, header_len) == 0)
            *match = TOOL_JOURNAL_OLD;
        else if (is_mixture(bytes, journal))
            *match = TOOL_JOURNAL_TORN;
    }
    OPENSSL_free(bytes);
    return r;
}

ENV_RESULT tool_journal_remove(const struct tool_locked_file *locked)
{
    bool removed;

    ENV_TRY(tool_sidecar_remove(locked, TOOL_SIDECAR_JOURNAL, &removed));
    return tool_locked_file_sync_dir(locked);
}
