/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a new file in another's place, and only in that one's: the two names are exchanged
 * (renameat2), what came out is looked at, and when that is not the file that was to go, but a
 * newer one that another program has just put there, they are exchanged back.
 *
 * A run may be interrupted between the exchange and that check. So that the next one knows which of
 * the two is to go, a record is made first: a symbolic link, which appears whole or not at all, to
 * "envelope-exchange/NEW/OLD", where both are "INODE.SIZE.SECONDS.NANOSECONDS".
 *
 * Where the file system has no such exchange, or no links, the new file is renamed over the old
 * one.
 */
#ifndef ENVELOPE_TOOL_EXCHANGE_H
#define ENVELOPE_TOOL_EXCHANGE_H

#include "tools/common/locked_file.h"

/*
 * fd is the new file, complete and on the disk, under this name beside the locked one.
 * *name_is_free says whether what has the name afterwards may be removed, if anything has.
 * FILE_CHANGED: something else took its place, and is there now.
 */
ENV_RESULT tool_exchange(const struct tool_locked_file *locked, int fd, const char *name,
                         bool *name_is_free);

/*
 * Finishes what an interrupted run left; *recovered says whether there was anything. FILE_CHANGED
 * when a newer file was put back into its place: locked is another then. FILE_UNSAFE when it cannot
 * be known which file is the newer one.
 */
ENV_RESULT tool_exchange_recover(const struct tool_locked_file *locked, bool *recovered);

#endif
