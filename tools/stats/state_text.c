/* SPDX-License-Identifier: Apache-2.0 */
/* The state file: one JSON object per line. The first has the sums, and the last has "end". */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/json.h"
#include "tools/stats/state.h"

#define STATE "envelope-stats-state"
#define LINE_ROOM 16384u /* longer than any row that we write */

/* ---- writing ---- */

static void print_row(void *arg, const struct tool_count_row *row)
{
    struct env_json *json = arg;

    env_json_object(json, NULL);
    env_json_text(json, "kek", row->kek);
    env_json_text(json, "token", row->token);
    env_json_text(json, "label", row->label);
    env_json_text(json, "named_key", row->named_key);
    env_json_text(json, "operation", env_audit_operation_word(row->operation));
    env_json_number(json, "ok", row->ok);
    env_json_number(json, "failed", row->failed);
    env_json_number(json, "gcm", row->gcm);
    env_json_number(json, "seals", row->seals);
    env_json_number(json, "last", (uint64_t)row->last);
    env_json_array(json, "reasons"); /* number, times, number, times ... */
    for (size_t i = 0; i < row->reason_count; i++) {
        env_json_number(json, NULL, row->reasons[i].reason);
        env_json_number(json, NULL, row->reasons[i].count);
    }
    env_json_array_end(json);
    env_json_object_end(json);
}

static void print_log(struct env_json *json, const struct tool_log_seen *log)
{
    env_json_object(json, NULL);
    env_json_number(json, "inode", log->inode);
    env_json_number(json, "length", log->length);
    env_json_hex(json, "hash", log->hash, sizeof(log->hash));
    env_json_number(json, "offset", log->offset);
    env_json_number(json, "grew", log->grew);
    env_json_object_end(json);
}

void tool_stats_state_print(FILE *out, const void *arg)
{
    const struct tool_stats_state *state = arg;
    const struct tool_counts *counts = &state->counts;
    struct env_json json;

    env_json_init(&json, out);
    env_json_object(&json, NULL);
    env_json_number(&json, STATE, 1);
    env_json_number(&json, "uses", counts->uses);
    env_json_number(&json, "others", counts->others);
    env_json_number(&json, "broken", counts->broken);
    env_json_number(&json, "uncounted", counts->uncounted);
    env_json_object_end(&json);
    for (size_t i = 0; i < state->log_count; i++)
        print_log(&json, &state->logs[i]);
    tool_counts_each(counts, print_row, &json);
    env_json_object(&json, NULL);
    env_json_number(&json, "end", state->log_count + counts->row_count);
    env_json_object_end(&json);
}

/* ---- reading exactly what was written, member by member ---- */

struct reading {
    struct env_json_in in;
    char room[LINE_ROOM];
};

static bool take_name(struct reading *r, const char *name)
{
    size_t len = 0;

    return env_json_take_text(&r->in, r->room, &len) && len == strlen(name) &&
           memcmp(r->room, name, len) == 0 && env_json_take(&r->in, ':');
}

static bool take_digits(struct reading *r, uint64_t *out)
{
    const char *at = r->in.at;

    *out = 0;
    for (; r->in.at < r->in.end && *r->in.at >= '0' && *r->in.at <= '9'; r->in.at++) {
        unsigned digit = (unsigned)(*r->in.at - '0');

        if (*out > (UINT64_MAX - digit) / 10)
            return false;
        *out = 10 * *out + digit;
    }
    return r->in.at > at;
}

static bool take_number(struct reading *r, const char *name, uint64_t *out)
{
    return take_name(r, name) && take_digits(r, out);
}

static bool next_number(struct reading *r, const char *name, uint64_t *out)
{
    return env_json_take(&r->in, ',') && take_number(r, name, out);
}

static bool take_text(struct reading *r, const char *name, char *out, size_t size)
{
    size_t len = 0;

    if (!take_name(r, name) || !env_json_take_text(&r->in, r->room, &len) || len >= size ||
        memchr(r->room, '\0', len) != NULL)
        return false;
    memcpy(out, r->room, len);
    out[len] = '\0';
    return true;
}

static bool next_text(struct reading *r, const char *name, char *out, size_t size)
{
    return env_json_take(&r->in, ',') && take_text(r, name, out, size);
}

static bool take_end(struct reading *r)
{
    return env_json_take(&r->in, '}') && env_json_at_end(&r->in);
}

static bool take_head(struct reading *r, struct tool_counts *counts)
{
    uint64_t version;

    return env_json_take(&r->in, '{') && take_number(r, STATE, &version) && version == 1 &&
           next_number(r, "uses", &counts->uses) && next_number(r, "others", &counts->others) &&
           next_number(r, "broken", &counts->broken) &&
           next_number(r, "uncounted", &counts->uncounted) && take_end(r);
}

static bool take_hash(struct reading *r, uint8_t hash[SHA256_DIGEST_LENGTH])
{
    char text[2 * SHA256_DIGEST_LENGTH + 1];
    size_t len = 0;

    return next_text(r, "hash", text, sizeof(text)) &&
           OPENSSL_hexstr2buf_ex(hash, SHA256_DIGEST_LENGTH, &len, text, '\0') == 1 &&
           len == SHA256_DIGEST_LENGTH;
}

static bool take_log(struct reading *r, struct tool_stats_state *state)
{
    struct tool_log_seen log = {0};
    uint64_t grew;

    if (state->log_count == TOOL_LOGS_MAX || !take_number(r, "inode", &log.inode) ||
        !next_number(r, "length", &log.length) || !take_hash(r, log.hash) ||
        !next_number(r, "offset", &log.offset) || !next_number(r, "grew", &grew) || !take_end(r) ||
        log.length == 0 || log.length > TOOL_FINGERPRINT_MAX || log.offset < log.length ||
        log.offset > INT64_MAX || grew > 1)
        return false;
    log.grew = grew == 1;
    state->logs[state->log_count++] = log;
    return true;
}

static bool take_operation(struct reading *r, enum env_audit_operation *out)
{
    char word[32];

    if (!next_text(r, "operation", word, sizeof(word)))
        return false;
    for (int i = 0; i < ENV_AUDIT_OPERATIONS; i++) {
        *out = (enum env_audit_operation)i;
        if (strcmp(word, env_audit_operation_word(*out)) == 0)
            return true;
    }
    return false;
}

static bool next_reasons(struct reading *r, struct tool_count_row *row)
{
    if (!env_json_take(&r->in, ',') || !take_name(r, "reasons") || !env_json_take(&r->in, '['))
        return false;
    if (env_json_take(&r->in, ']'))
        return true;
    do {
        uint64_t reason;
        uint64_t times;

        if (!take_digits(r, &reason) || !env_json_take(&r->in, ',') || !take_digits(r, &times) ||
            reason > TOOL_AUDIT_REASON_MAX)
            return false;
        tool_count_row_fails(row, (unsigned)reason, times);
    } while (env_json_take(&r->in, ','));
    return env_json_take(&r->in, ']');
}

static bool take_row(struct reading *r, struct tool_counts *counts)
{
    struct tool_count_row row = {0};
    struct tool_count_row *kept;
    uint64_t last;

    if (!take_text(r, "kek", row.kek, sizeof(row.kek)) ||
        !next_text(r, "token", row.token, sizeof(row.token)) ||
        !next_text(r, "label", row.label, sizeof(row.label)) ||
        !next_text(r, "named_key", row.named_key, sizeof(row.named_key)) ||
        !take_operation(r, &row.operation) || !next_number(r, "ok", &row.ok) ||
        !next_number(r, "failed", &row.failed) || !next_number(r, "gcm", &row.gcm) ||
        !next_number(r, "seals", &row.seals) || !next_number(r, "last", &last) ||
        last > INT64_MAX || !next_reasons(r, &row) || !take_end(r) ||
        !tool_counts_row(counts, &row, &kept) || kept == NULL || kept->ok + kept->failed > 0)
        return false;
    row.last = (int64_t)last;
    *kept = row;
    return true;
}

/* *last: this was the final line. */
static bool take_line(struct reading *r, struct tool_stats_state *state, bool *last)
{
    struct env_json_in begin;
    uint64_t count;

    if (!env_json_take(&r->in, '{'))
        return false;
    begin = r->in;
    if (take_number(r, "end", &count)) {
        *last = true;
        return take_end(r) && count == state->log_count + state->counts.row_count;
    }
    r->in = begin;
    if (take_name(r, "inode")) {
        r->in = begin;
        return take_log(r, state);
    }
    r->in = begin;
    return take_row(r, &state->counts);
}

/* The file may be empty. */
static bool read_lines(FILE *in, struct reading *r, char *line, struct tool_stats_state *out)
{
    bool first = true;
    bool last = false;

    while (fgets(line, LINE_ROOM, in) != NULL) {
        size_t len = strlen(line);

        if (last || len == 0 || line[len - 1] != '\n')
            return false;
        r->in = (struct env_json_in){line, line + len - 1};
        if (!(first ? take_head(r, &out->counts) : take_line(r, out, &last)))
            return false;
        first = false;
    }
    return ferror(in) == 0 && (first || last);
}

bool tool_stats_state_read(FILE *in, struct tool_stats_state *out)
{
    struct reading *r = malloc(sizeof(*r));
    char *line = malloc(LINE_ROOM);
    bool ok = r != NULL && line != NULL && read_lines(in, r, line, out);

    free(r);
    free(line);
    return ok;
}
