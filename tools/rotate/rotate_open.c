/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "tools/rotate/in_place.h"
#include "tools/rotate/replace.h"
#include "tools/rotate/rotate_file.h"

static ENV_RESULT look_for_leftovers(const struct tool_target *target, bool *found)
{
    *found = false;
    for (int kind = TOOL_LEFTOVER_JOURNAL; kind <= TOOL_LEFTOVER_NEW; kind++) {
        char name[NAME_MAX + 1];
        struct stat st;

        ENV_TRY(tool_leftover_name(target, (enum tool_leftover)kind, name));
        if (fstatat(target->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            *found = true;
    }
    return ENV_OK;
}

static ENV_RESULT put_right(const struct tool_rotation *rotation, struct tool_target *target,
                            bool *recovered)
{
    bool journal = false;
    bool new_file = false;

    ENV_TRY(tool_in_place_recover(target, tool_header_opens, (void *)rotation->dek, &journal));
    ENV_TRY(tool_replacement_clean_up(target, &new_file));
    *recovered = journal || new_file;
    return ENV_OK;
}

ENV_RESULT tool_rotate_open(const struct tool_rotation *rotation, struct tool_target *target,
                            bool *recovered)
{
    ENV_RESULT r;

    *recovered = false;
    ENV_TRY(tool_target_open(target, rotation->dry_run ? TOOL_TARGET_LOOK : TOOL_TARGET_CHANGE));
    r = rotation->dry_run ? look_for_leftovers(target, recovered)
                          : put_right(rotation, target, recovered);
    if (!env_ok(r))
        tool_target_close(target);
    return r;
}
