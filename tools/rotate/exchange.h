/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces a certain file, and no other, by a new one. The two names are exchanged (renameat2), and
 * the file that came out is inspected. If it is not the one to be replaced, but a newer one that
 * another program has just put there, the names are exchanged back.
 *
 * A run may be interrupted between the exchange and that check. To tell the next run which of the
 * two files must go, a record is made first: a symbolic link, which is created atomically, to
 * "envelope-exchange/NEW/OLD", where both are "INODE.SIZE.SECONDS.NANOSECONDS".
 *
 * On a file system that cannot exchange names, or has no symbolic links, the new file is renamed
 * over the old one.
 */
#ifndef ENVELOPE_TOOL_EXCHANGE_H
#define ENVELOPE_TOOL_EXCHANGE_H

#include "tools/common/locked_file.h"

/*
 * fd is the new file, complete and synced, with this name next to the locked one. *name_is_free:
 * whatever has that name afterwards may be removed. FILE_CHANGED: another file took the old one's
 * place, and is there now.
 */
ENV_RESULT tool_exchange(const struct tool_locked_file *locked, int fd, const char *name,
                         bool *name_is_free);

/*
 * Finishes what an interrupted run left; *recovered: there was something. FILE_CHANGED if a newer
 * file was put back in its place, so that locked is no longer that file. FILE_UNSAFE if it cannot
 * be determined which file is newer.
 */
ENV_RESULT tool_exchange_recover(const struct tool_locked_file *locked, bool *recovered);

#endif
