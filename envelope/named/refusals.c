/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/refusals.h"

#include <stdio.h>
#include <string.h>

#include "envelope/base/fork_generation.h"

static bool is_over(const struct env_refusal_kind *kind, int64_t now)
{
    return now - kind->since >= ENV_REFUSALS_MINUTE;
}

/* A child starts from zero: its parent reports what the parent counted. */
static void begin(struct env_refusals *refusals)
{
    uint64_t process = env_fork_generation();

    if (refusals->process == process)
        return;
    memset(refusals, 0, sizeof(*refusals));
    refusals->process = process;
}

static bool is_free(const struct env_refusal_kind *kind, int64_t now)
{
    return kind->reason == ENV_R_NONE || (kind->untold == 0 && is_over(kind, now));
}

/* Finds its place, or a free one; NULL: neither. */
static struct env_refusal_kind *find_in(struct env_refusal_kind *kinds, size_t count,
                                        enum env_reason reason, const char *named_key, int64_t now)
{
    struct env_refusal_kind *found = NULL;

    for (size_t i = 0; i < count; i++) {
        struct env_refusal_kind *kind = &kinds[i];

        if (kind->reason == reason && strcmp(kind->named_key, named_key) == 0)
            return kind;
        if (found == NULL && is_free(kind, now))
            found = kind;
    }
    if (found == NULL)
        return NULL;
    *found = (struct env_refusal_kind){.reason = reason, .since = now};
    (void)snprintf(found->named_key, sizeof(found->named_key), "%s", named_key);
    return found;
}

static struct env_refusal_kind *find(struct env_refusals *refusals, enum env_reason reason,
                                     const char *named_key, int64_t now)
{
    struct env_refusal_kind *found = NULL;

    if (*named_key != '\0')
        found = find_in(refusals->kinds, ENV_REFUSALS_KINDS, reason, named_key, now);
    if (found == NULL) /* not about one key */
        found =
            find_in(refusals->kinds + ENV_REFUSALS_KINDS, ENV_REFUSALS_REASONS, reason, "", now);
    return found;
}

static struct env_refusal_line take(struct env_refusal_kind *kind)
{
    struct env_refusal_line line = {.reason = kind->reason, .count = kind->untold};

    memcpy(line.named_key, kind->named_key, sizeof(line.named_key));
    kind->untold = 0;
    return line;
}

/* After the first lines, one is due whenever the count has doubled since the last. */
static bool is_due(const struct env_refusal_kind *kind)
{
    return kind->count <= ENV_REFUSALS_EACH || kind->untold >= kind->count - kind->untold;
}

size_t env_refusals_note(struct env_refusals *refusals, enum env_reason reason,
                         const char *named_key, int64_t now, struct env_refusal_line lines[2])
{
    struct env_refusal_kind *kind;
    size_t count = 0;

    if (reason == ENV_R_KEY_UNKNOWN || named_key == NULL)
        named_key = "";
    begin(refusals);
    kind = find(refusals, reason, named_key, now);
    if (kind == NULL) { /* there are fewer reasons than places */
        lines[0] = (struct env_refusal_line){.reason = reason, .count = 1};
        return 1;
    }
    if (is_over(kind, now)) {
        if (kind->untold > 0)
            lines[count++] = take(kind);
        kind->since = now;
        kind->count = 0;
    }
    kind->count++;
    kind->untold++;
    if (is_due(kind))
        lines[count++] = take(kind);
    return count;
}

bool env_refusals_rest(struct env_refusals *refusals, int64_t now, struct env_refusal_line *line)
{
    begin(refusals);
    for (size_t i = 0; i < ENV_REFUSALS_KINDS + ENV_REFUSALS_REASONS; i++) {
        struct env_refusal_kind *kind = &refusals->kinds[i];

        if (kind->untold > 0 && is_over(kind, now)) {
            *line = take(kind);
            return true;
        }
    }
    return false;
}
