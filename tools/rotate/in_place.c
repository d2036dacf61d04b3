/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/in_place.h"

#include <openssl/crypto.h>
#include <string.h>

#include "tools/rotate/journal.h"

static ENV_RESULT write_header(const struct tool_locked_file *locked, struct env_span header)
{
    ENV_TRY(tool_locked_file_write(locked, locked->fd, 0, header));
    return tool_locked_file_sync(locked, locked->fd);
}

/* A program that ignores locks may have written since the header was read. */
static ENV_RESULT still_begins_with(const struct tool_locked_file *locked, struct env_span header)
{
    uint8_t *now = OPENSSL_malloc(header.len);
    size_t got = 0;
    ENV_RESULT r;

    if (now == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = tool_locked_file_unchanged(locked);
    if (env_ok(r))
        r = tool_locked_file_read(locked, 0, now, header.len, &got);
    if (env_ok(r) && (got < header.len || memcmp(now, header.data, header.len) != 0))
        r = ENV_FAIL(ENV_R_FILE_CHANGED);
    OPENSSL_free(now);
    return r;
}

ENV_RESULT tool_in_place_change(const struct tool_locked_file *locked, struct env_span old_header,
                                struct env_span new_header)
{
    ENV_RESULT r;

    ENV_TRY(tool_journal_write(locked, old_header, new_header));
    r = still_begins_with(locked, old_header);
    if (env_ok(r)) {
        r = write_header(locked, new_header);
        if (!env_ok(r) && !env_ok(write_header(locked, old_header)))
            return r;
    }
    if (!env_ok(r)) {
        (void)tool_journal_remove(locked);
        return r;
    }
    ENV_TRY(tool_journal_remove(locked));
    /* a file that another program renamed over it is complete, and has its own header */
    return tool_locked_file_has_name(locked) ? ENV_OK : ENV_FAIL(ENV_R_FILE_CHANGED);
}

/* Handles a journal that is incomplete. The file was not touched then; opening it proves that. */
static ENV_RESULT recover_damaged(const struct tool_locked_file *locked,
                                  tool_header_opens_fn *opens, void *arg)
{
    uint8_t *der = NULL;
    size_t der_len = 0;
    ENV_RESULT r = tool_locked_file_header(locked, &der, &der_len);

    if (env_ok(r))
        r = opens(arg, (struct env_span){der, der_len});
    OPENSSL_free(der);
    return r;
}

/*
 * Writes the right header even if the file has it already: after a failed sync, the kernel may
 * consider pages clean that are not on the disk.
 */
static ENV_RESULT recover_whole(const struct tool_locked_file *locked,
                                const struct tool_journal *journal, tool_header_opens_fn *opens,
                                void *arg)
{
    enum tool_journal_match match;
    struct env_span header = journal->new_header;
    ENV_RESULT r;

    ENV_TRY(tool_journal_compare(locked, journal, &match));
    if (match == TOOL_JOURNAL_OTHER)
        return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                         "the journal beside it belongs to another file; remove it when no file "
                         "needs it any more");
    if (match == TOOL_JOURNAL_OLD)
        header = journal->old_header;
    if (match == TOOL_JOURNAL_TORN) {
        env_errors_mark(locked->errors);
        r = opens(arg, journal->new_header);
        if (!env_ok(r)) {
            header = journal->old_header;
            r = opens(arg, journal->old_header);
        }
        env_errors_unmark(locked->errors, env_ok(r));
        ENV_TRY(r);
    }
    return write_header(locked, header);
}

ENV_RESULT tool_in_place_recover(struct tool_locked_file *locked, tool_header_opens_fn *opens,
                                 void *arg, bool *recovered)
{
    struct tool_journal journal;
    enum tool_journal_state state;
    ENV_RESULT r;

    *recovered = false;
    ENV_TRY(tool_journal_read(locked, &journal, &state));
    if (state == TOOL_JOURNAL_NONE)
        return ENV_OK;
    if (state == TOOL_JOURNAL_WHOLE)
        r = recover_whole(locked, &journal, opens, arg);
    else
        r = recover_damaged(locked, opens, arg);
    tool_journal_clear(&journal);
    ENV_TRY(r);
    ENV_TRY(tool_journal_remove(locked));
    *recovered = true;
    return tool_locked_file_look_again(locked);
}
