/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/rotate_race.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LOOKS 50           /* how often to look for the other machines' versions ... */
#define LOOKS_GONE 150     /* ... after giving way: they may wait for each other first */
#define BETWEEN 200000000L /* ... and the pause in between, in nanoseconds */

struct race {
    struct tool_run *run;
    const char *name;
    uint32_t number;
    const struct env_kek_id *mine;
    bool is_there; /* our key exists */
    size_t others;
    bool lowest; /* ours has the lowest reference */
};

static void wait_a_moment(void)
{
    struct timespec left = {0, BETWEEN};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static int compare(const struct env_kek_id *a, const struct env_kek_id *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

    return order != 0 ? order : (int)(a->len > b->len) - (int)(a->len < b->len);
}

static ENV_RESULT look(struct race *race)
{
    struct tool_versions seen;
    ENV_RESULT r = tool_versions_read(race->run, race->name, &seen);

    race->is_there = false;
    race->lowest = true;
    race->others = 0;
    for (size_t i = 0; env_ok(r) && i < seen.count; i++) {
        if (seen.list[i].number != race->number)
            continue;
        if (env_kek_id_equal(&seen.list[i].info.id, race->mine)) {
            race->is_there = true;
            continue;
        }
        race->others++;
        race->lowest = race->lowest && compare(race->mine, &seen.list[i].info.id) < 0;
    }
    tool_versions_clear(&seen);
    return r;
}

static ENV_RESULT wait_for_others(struct race *race)
{
    for (unsigned i = 0; i < LOOKS && race->others > 0 && race->lowest; i++) {
        wait_a_moment();
        ENV_TRY(look(race));
    }
    return ENV_OK;
}

/* Removes our key. Another one is left, or none if that was removed at the same time. */
static ENV_RESULT give_way(struct race *race, struct env_kek *made, enum tool_race *out)
{
    struct env_keyring *keyring = race->run->keys->dek.keyring;

    ENV_TRY(keyring->vtable->destroy(keyring, made));
    ENV_TRY(look(race));
    for (unsigned i = 0; i < LOOKS_GONE && race->others > 1; i++) {
        wait_a_moment();
        ENV_TRY(look(race));
    }
    if (race->is_there || race->others > 1)
        return ENV_RAISE(&race->run->keys->errors, ENV_R_KEK_VERSION_RACE, "%s/%u", race->name,
                         (unsigned)race->number);
    *out = race->others == 1 ? TOOL_RACE_LOST : TOOL_RACE_NONE;
    return ENV_OK;
}

ENV_RESULT tool_race_settle(struct tool_run *run, const char *name, uint32_t number,
                            struct env_kek *made, bool used, enum tool_race *out)
{
    struct race race = {.run = run, .name = name, .number = number, .mine = made->vtable->id(made)};

    *out = TOOL_RACE_WON;
    ENV_TRY(look(&race));
    if (race.others > 0 && !used)
        ENV_TRY(wait_for_others(&race));
    if (race.others == 0)
        return ENV_OK;
    if (used)
        return ENV_RAISE(&run->keys->errors, ENV_R_KEK_VERSION_RACE,
                         "%s/%u: what was sealed with either opens; rotate once more", name,
                         (unsigned)number);
    return give_way(&race, made, out);
}
