/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stats/audit_line.h"

#include <stdio.h>
#include <string.h>

#include "envelope/base/json.h"
#include "tools/common/when.h"

#define BEGIN "{\"time\":"

/* The state while reading a line. */
struct reading {
    struct env_json_in in;
    char *room;
    struct tool_audit_line *line;
    unsigned seen; /* one bit for each member */
};

/* ---- values ---- */

/* Takes a string of fewer than size bytes, or null. */
static bool take_text(struct reading *r, char *out, size_t size)
{
    size_t len = 0;
    const char *before = r->in.at;

    out[0] = '\0';
    if (env_json_take(&r->in, 'n')) {
        r->in.at = before;
        return env_json_skip(&r->in);
    }
    if (!env_json_take_text(&r->in, r->room, &len) || len >= size ||
        memchr(r->room, '\0', len) != NULL)
        return false;
    memcpy(out, r->room, len);
    out[len] = '\0';
    return true;
}

/* Takes a whole number without a sign. */
static bool take_number(struct reading *r, uint64_t most, uint64_t *out)
{
    const char *at;

    (void)env_json_at_end(&r->in); /* skips blanks */
    at = r->in.at;
    *out = 0;
    if (!env_json_skip(&r->in) || at == r->in.at)
        return false;
    for (; at < r->in.at; at++) {
        unsigned digit = (unsigned)(*at - '0');

        if (digit > 9 || *out > (most - digit) / 10)
            return false;
        *out = 10 * *out + digit;
    }
    return true;
}

/* ---- members ---- */

static bool take_time(struct reading *r)
{
    char text[64];

    return take_text(r, text, sizeof(text)) && strlen(text) >= sizeof("2026-01-01T00:00:00Z") - 1 &&
           tool_when_read(text, 0, &r->line->when);
}

static bool take_operation(struct reading *r)
{
    char text[32];

    if (!take_text(r, text, sizeof(text)))
        return false;
    for (int i = 0; i < ENV_AUDIT_OPERATIONS; i++) {
        if (strcmp(text, env_audit_operation_word((enum env_audit_operation)i)) == 0) {
            r->line->operation = (enum env_audit_operation)i;
            return true;
        }
    }
    return false;
}

static bool take_kek(struct reading *r)
{
    return take_text(r, r->line->kek, sizeof(r->line->kek)) &&
           strspn(r->line->kek, "0123456789abcdef") == strlen(r->line->kek);
}

static bool take_label(struct reading *r)
{
    return take_text(r, r->line->label, sizeof(r->line->label));
}

static bool take_token(struct reading *r)
{
    return take_text(r, r->line->token, sizeof(r->line->token));
}

static bool take_named_key(struct reading *r)
{
    return take_text(r, r->line->named_key, sizeof(r->line->named_key));
}

static bool take_result(struct reading *r)
{
    char text[16];

    if (!take_text(r, text, sizeof(text)))
        return false;
    r->line->failed = strcmp(text, "failed") == 0;
    return r->line->failed || strcmp(text, "ok") == 0;
}

static bool take_reason(struct reading *r)
{
    uint64_t number;

    if (!take_number(r, TOOL_AUDIT_REASON_MAX, &number))
        return false;
    r->line->reason = (unsigned)number;
    return true;
}

static bool take_mechanism(struct reading *r)
{
    char text[32];

    if (!take_text(r, text, sizeof(text)))
        return false;
    r->line->gcm = strcmp(text, env_audit_mechanism_word(ENV_WRAP_AES256_GCM)) == 0;
    return true;
}

static bool take_count(struct reading *r)
{
    return take_number(r, UINT64_MAX, &r->line->count);
}

/* Required members come first. */
static const struct {
    const char *name;
    bool (*take)(struct reading *r);
} members[] = {
    {"time", take_time},           {"operation", take_operation},
    {"result", take_result},       {"kek", take_kek},
    {"label", take_label},         {"token", take_token},
    {"named_key", take_named_key}, {"reason", take_reason},
    {"mechanism", take_mechanism}, {"count", take_count},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))
#define NEEDED 7u /* time, operation and result */

/* Unknown members are skipped. A known one may appear only once. */
static bool take_member(struct reading *r)
{
    size_t len;

    if (!env_json_take_text(&r->in, r->room, &len) || !env_json_take(&r->in, ':'))
        return false;
    for (size_t i = 0; i < MEMBERS; i++) {
        if (len != strlen(members[i].name) || memcmp(r->room, members[i].name, len) != 0)
            continue;
        if ((r->seen & 1u << i) != 0)
            return false;
        r->seen |= 1u << i;
        return members[i].take(r);
    }
    return env_json_skip(&r->in);
}

static bool take_line(struct reading *r)
{
    if (!env_json_take(&r->in, '{'))
        return false;
    do {
        if (!take_member(r))
            return false;
    } while (env_json_take(&r->in, ','));
    return env_json_take(&r->in, '}') && env_json_at_end(&r->in) && (r->seen & NEEDED) == NEEDED;
}

/* The last place where a line begins: what precedes it may be a line that was cut off. */
static const char *last_begin(const char *line, size_t len)
{
    const char *end = line + len;
    const char *found = NULL;
    const char *at;

    while ((at = memmem(line, (size_t)(end - line), BEGIN, sizeof(BEGIN) - 1)) != NULL) {
        found = at;
        line = at + sizeof(BEGIN) - 1;
    }
    return found;
}

enum tool_audit_kind tool_audit_line_read(const char *line, size_t len, char *room,
                                          struct tool_audit_line *out)
{
    const char *begin = last_begin(line, len);
    struct reading r = {.room = room, .line = out};

    memset(out, 0, sizeof(*out));
    if (begin == NULL)
        return TOOL_AUDIT_OTHER;
    r.in = (struct env_json_in){begin, line + len};
    return take_line(&r) ? TOOL_AUDIT_USE : TOOL_AUDIT_BROKEN;
}
