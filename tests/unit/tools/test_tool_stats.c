/* SPDX-License-Identifier: Apache-2.0 */
/* Summarising audit logs: lines of every kind, rows, the wear of keys, and rotated logs. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "temporary.h"
#include "tools/stats/read_lines.h"
#include "tools/stats/show.h"
#include "tools/stats/state.h"

#define TIME "{\"time\":\"2026-11-22T09:30:00.123456Z\","
#define WHEN INT64_C(1795339800)
#define KEK "\"kek\":\"0011\",\"label\":\"orders\",\"token\":\"kek\","
#define WRAP TIME "\"operation\":\"wrap\"," KEK "\"result\":\"ok\",\"mechanism\":\"aes-gcm\"}"

static struct tool_audit_line got;

static enum tool_audit_kind kind_of(const char *line, size_t len)
{
    char *exact = malloc(len > 0 ? len : 1);
    char *room = malloc(len > 0 ? len : 1);
    enum tool_audit_kind kind;

    ck_assert(exact != NULL && room != NULL);
    memcpy(exact, line, len);
    kind = tool_audit_line_read(exact, len, room, &got);
    free(exact);
    free(room);
    return kind;
}

static void is(const char *line, enum tool_audit_kind wanted)
{
    enum tool_audit_kind kind = kind_of(line, strlen(line));

    ck_assert_msg(kind == wanted, "%d, not %d: %s", (int)kind, (int)wanted, line);
}

START_TEST(a_line_has_its_names_and_its_result)
{
    is(WRAP, TOOL_AUDIT_USE);
    ck_assert_int_eq(got.operation, ENV_AUDIT_WRAP);
    ck_assert_str_eq(got.kek, "0011");
    ck_assert_str_eq(got.label, "orders");
    ck_assert_str_eq(got.token, "kek");
    ck_assert(got.gcm && !got.failed && got.named_key[0] == '\0');
    ck_assert_int_eq(got.when, WHEN);
    is(TIME "\"operation\":\"unwrap\",\"kek\":null,\"label\":null,\"token\":null,"
            "\"result\":\"failed\",\"reason\":183,\"error\":\"the token\",\"ckr\":\"0xa0\","
            "\"asked\":[\"a\",\"b\"],\"host\":\"h\",\"pid\":1,\"new\":{\"x\":[1.5e3,true]}}",
       TOOL_AUDIT_USE);
    ck_assert(got.failed && got.kek[0] == '\0' && got.label[0] == '\0');
    ck_assert_uint_eq(got.reason, 183);
    is(TIME "\"operation\":\"seal-count\",\"kek\":null,\"named_key\":\"orders@3\",\"count\":"
            "1048576,\"result\":\"ok\"}",
       TOOL_AUDIT_USE);
    ck_assert_str_eq(got.named_key, "orders@3");
    ck_assert_uint_eq(got.count, 1048576);
    is(TIME "\"operation\":\"wrap\",\"label\":\"\\\"{\\\"time\\\":\\u00e9\",\"result\":\"ok\"}",
       TOOL_AUDIT_USE);
    ck_assert_str_eq(got.label, "\"{\"time\":\xC3\xA9");
}
END_TEST

START_TEST(what_stands_before_a_line_is_passed_over)
{
    is("Nov 22 09:30:00 shop-1 envelope[4711]: " WRAP, TOOL_AUDIT_USE);
    is("2026-11-22T09:30:00.5Z stderr F " WRAP, TOOL_AUDIT_USE);
    is("a program's words" WRAP, TOOL_AUDIT_USE);
    is(TIME "\"operation\":\"wr" WRAP, TOOL_AUDIT_USE); /* broken off, and the next one */
    ck_assert(got.gcm);
    is("", TOOL_AUDIT_OTHER);
    is("nginx: started", TOOL_AUDIT_OTHER);
    is("{\"a\":1}", TOOL_AUDIT_OTHER);
}
END_TEST

START_TEST(what_is_no_whole_line_is_broken)
{
    static const char *const broken[] = {
        TIME,
        TIME "\"operation\":\"wrap\"," KEK "\"result\":\"ok\"",
        TIME "\"operation\":\"wrap\"," KEK "\"result\":\"ok\"} and more",
        TIME "\"operation\":\"wrap\"," KEK "}",
        TIME "\"operation\":\"wrap\",\"result\":\"perhaps\"}",
        TIME "\"operation\":\"drive\",\"result\":\"ok\"}",
        TIME "\"operation\":null,\"result\":\"ok\"}",
        TIME "\"result\":\"ok\"}",
        "{\"time\":\"yesterday\",\"operation\":\"wrap\",\"result\":\"ok\"}",
        "{\"time\":\"2026-02-31T00:00:00Z\",\"operation\":\"wrap\",\"result\":\"ok\"}",
        "{\"time\":\"+24h\",\"operation\":\"wrap\",\"result\":\"ok\"}",
        "{\"time\":null,\"operation\":\"wrap\",\"result\":\"ok\"}",
        TIME "\"operation\":\"wrap\",\"operation\":\"wrap\",\"result\":\"ok\"}",
        TIME "\"operation\":\"wrap\",\"kek\":\"00zz\",\"result\":\"ok\"}",
        TIME "\"operation\":\"wrap\",\"kek\":17,\"result\":\"ok\"}",
        TIME "\"operation\":\"wrap\",\"label\":\"a\\u0000b\",\"result\":\"ok\"}",
        TIME "\"operation\":\"wrap\",\"result\":\"failed\",\"reason\":1000000}",
        TIME "\"operation\":\"wrap\",\"result\":\"failed\",\"reason\":-1}",
        TIME "\"operation\":\"wrap\",\"result\":\"failed\",\"reason\":\"183\"}",
        TIME "\"operation\":\"seal-count\",\"result\":\"ok\",\"count\":18446744073709551616}",
    };
    char line[2048];

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        is(broken[i], TOOL_AUDIT_BROKEN);
    /* every piece of one */
    for (size_t len = strlen("{\"time\":"); len < strlen(WRAP); len++)
        ck_assert_int_eq(kind_of(WRAP, len), TOOL_AUDIT_BROKEN);
    /* longer than anything is called */
    (void)snprintf(line, sizeof(line),
                   TIME "\"operation\":\"wrap\",\"label\":\"%01000d\",\"result\":\"ok\"}", 0);
    is(line, TOOL_AUDIT_BROKEN);
    (void)snprintf(line, sizeof(line),
                   TIME "\"operation\":\"wrap\",\"kek\":\"%0130d\",\"result\":\"ok\"}", 0);
    is(line, TOOL_AUDIT_BROKEN);
}
END_TEST

/* ---- rows ---- */

static struct tool_counts counts;

static void count(const char *line)
{
    is(line, TOOL_AUDIT_USE);
    ck_assert(tool_counts_add(&counts, &got));
}

static void take_text(char **text, size_t *len, FILE **out)
{
    *out = open_memstream(text, len);
    ck_assert_ptr_nonnull(*out);
}

static char *shown(void (*show)(FILE *out, const struct tool_counts *counts))
{
    char *text = NULL;
    size_t len = 0;
    FILE *out;

    take_text(&text, &len, &out);
    show(out, &counts);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static void metrics(FILE *out, const struct tool_counts *of)
{
    const struct tool_stats_metrics all = {of, 17, 0};

    tool_stats_show_prometheus(out, &all);
}

static void has(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted) != NULL, "'%s' is not in\n%s", wanted, text);
}

START_TEST(uses_add_up_by_key_and_operation)
{
    char *text;

    for (int i = 0; i < 3; i++)
        count(WRAP);
    count(TIME "\"operation\":\"self-test\"," KEK "\"result\":\"ok\"}");
    count(TIME "\"operation\":\"wrap\"," KEK "\"result\":\"failed\",\"reason\":183}");
    count(TIME "\"operation\":\"wrap\"," KEK "\"result\":\"failed\",\"reason\":182}");
    count(TIME "\"operation\":\"wrap\"," KEK "\"result\":\"failed\",\"reason\":183}");
    count("{\"time\":\"2026-11-23T00:00:00Z\",\"operation\":\"open\",\"named_key\":\"web@1\","
          "\"kek\":\"0011\",\"label\":\"orders\",\"token\":\"kek\",\"result\":\"ok\"}");
    count(TIME "\"operation\":\"unwrap\",\"kek\":null,\"result\":\"failed\",\"reason\":161}");
    text = shown(tool_stats_show_text);
    has(text, "no KEK found:\n  unwrap: 0 ok, 1 failed, last 2026-11-22T09:30:00Z\n"
              "    1 time 161: no such KEK on the configured tokens\n");
    has(text, "key 'orders' of token 'kek', id 0011:\n  wrap: 3 ok, 3 failed,");
    has(text, "    1 time 182: the token failed\n    2 times 183: the token refused the PIN");
    has(text, "named key web@1:\n  open: 1 ok, 0 failed, last 2026-11-23T00:00:00Z\n");
    has(text, "KEK orders: about 5 of 2^32 uses of AES-GCM (1.164e-07 %)\n");
    has(text, "9 lines counted, 0 broken, 0 of something else, 0 beyond 10000 rows\n");
    free(text);
    tool_counts_clear(&counts);
}
END_TEST

static struct tool_wear last_wear;
static unsigned wears;

static void take_wear(void *arg, const struct tool_wear *wear)
{
    (void)arg;
    last_wear = *wear;
    wears++;
}

/* A process says 2^20, 2^21 ...: another one does so as well, in between. */
START_TEST(seals_of_several_processes_add_up)
{
    char line[256];

    for (uint64_t n = UINT64_C(1) << 20; n <= UINT64_C(1) << 30; n *= 2) {
        for (int process = 0; process < 2; process++) {
            (void)snprintf(line, sizeof(line),
                           TIME "\"operation\":\"seal-count\",\"kek\":null,\"named_key\":"
                                "\"web@1\",\"count\":%llu,\"result\":\"ok\"}",
                           (unsigned long long)n);
            count(line);
        }
    }
    tool_counts_wear(&counts, take_wear, NULL);
    ck_assert_uint_eq(wears, 1);
    ck_assert_uint_eq(last_wear.seals, UINT64_C(1) << 31);
    ck_assert(tool_wear_share(&last_wear) >= TOOL_WEAR_WARNS);
    tool_counts_clear(&counts);
}
END_TEST

START_TEST(rows_and_reasons_have_an_end)
{
    struct tool_audit_line line = {.operation = ENV_AUDIT_WRAP, .failed = true};
    char *text;

    for (unsigned i = 0; i < TOOL_COUNTS_ROWS_MAX + 5; i++) {
        (void)snprintf(line.label, sizeof(line.label), "%u", i);
        line.reason = i;
        ck_demand(tool_counts_add(&counts, &line), "no memory");
    }
    ck_assert_uint_eq(counts.uses, TOOL_COUNTS_ROWS_MAX);
    ck_assert_uint_eq(counts.uncounted, 5);
    (void)snprintf(line.label, sizeof(line.label), "0");
    for (unsigned i = 0; i < 2 * TOOL_COUNTS_REASONS; i++) {
        line.reason = 1000 - i;
        ck_assert(tool_counts_add(&counts, &line));
    }
    ck_assert_uint_eq(counts.uses, TOOL_COUNTS_ROWS_MAX + 2 * TOOL_COUNTS_REASONS);
    text = shown(metrics);
    has(text, "envelope_audit_lines_total{kind=\"uncounted\"} 5\n");
    free(text);
    tool_counts_clear(&counts);
}
END_TEST

START_TEST(labels_of_metrics_are_escaped)
{
    char *text;

    count(TIME "\"operation\":\"wrap\",\"label\":\"a\\\"b\\\\c\\nd\",\"result\":\"ok\"}");
    text = shown(metrics);
    has(text, "envelope_audit_uses_total{kek=\"\",label=\"a\\\"b\\\\c\\nd\",token=\"\",named_key="
              "\"\",operation=\"wrap\",result=\"ok\"} 1\n");
    free(text);
    tool_counts_clear(&counts);
}
END_TEST

/* ---- lines of a descriptor ---- */

struct taken {
    char text[4096];
    size_t len;
    unsigned lines;
    unsigned too_long;
};

static bool take_line(void *arg, const char *line, size_t len)
{
    struct taken *taken = arg;

    taken->lines++;
    taken->too_long += line == NULL ? 1 : 0;
    if (line != NULL && len + 1 < sizeof(taken->text) - taken->len) {
        memcpy(taken->text + taken->len, line, len);
        taken->len += len;
        taken->text[taken->len++] = '|';
    }
    return true;
}

static char room[TOOL_LINES_ROOM];

static struct taken lines_of(int fd, bool whole_alone, uint64_t *end)
{
    static struct taken taken;
    struct tool_lines lines = {.fd = fd,
                               .most = TOOL_AUDIT_LINE_MAX,
                               .whole_alone = whole_alone,
                               .each = take_line,
                               .arg = &taken,
                               .room = room};

    taken = (struct taken){.len = 0};
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert(tool_lines_read(&lines));
    taken.text[taken.len] = '\0';
    *end = lines.taken;
    return taken;
}

static void put(int fd, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        ck_demand(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write");
}

START_TEST(lines_of_any_length_take_memory_of_one_size)
{
    int fd = temporary_nameless_file();
    struct taken taken;
    uint64_t end;
    uint64_t before;

    put(fd, "one\n\ntwo\n", 1);
    put(fd, "x", TOOL_AUDIT_LINE_MAX);
    put(fd, "\nthree\n", 1);
    put(fd, "0123456789abcdef", 5 * TOOL_LINES_ROOM / 16);
    put(fd, "\nfour\n", 1);
    put(fd, "y", TOOL_AUDIT_LINE_MAX + 1);
    put(fd, "\n", 1);
    before = (uint64_t)lseek(fd, 0, SEEK_CUR);
    put(fd, "five", 1);
    taken = lines_of(fd, false, &end);
    ck_assert_str_eq(taken.text, "one||two|three|four|five|");
    ck_assert_uint_eq(taken.lines, 9);
    ck_assert_uint_eq(taken.too_long, 2);
    ck_assert_uint_eq(end, before + 4);
    taken = lines_of(fd, true, &end);
    ck_assert_str_eq(taken.text, "one||two|three|four|");
    ck_assert_uint_eq(taken.lines, 8);
    ck_assert_uint_eq(end, before);
    put(fd, "z", 3 * TOOL_LINES_ROOM); /* one that has no end yet */
    taken = lines_of(fd, true, &end);
    ck_assert_uint_eq(taken.lines, 8);
    ck_assert_uint_eq(end, before);
    taken = lines_of(fd, false, &end);
    ck_assert_uint_eq(taken.too_long, 3);
    (void)close(fd);
}
END_TEST

/* ---- what is kept from one run to the next ---- */

static struct tool_stats_state state;
static struct tool_stats_state again;

static void print_state(char **text, size_t *len)
{
    FILE *out;

    take_text(text, len, &out);
    tool_stats_state_print(out, &state);
    ck_assert_int_eq(fclose(out), 0);
}

static bool reads(const char *text, size_t len)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
    bool ok;

    ck_assert_ptr_nonnull(in);
    tool_counts_clear(&again.counts);
    memset(&again, 0, sizeof(again));
    ok = tool_stats_state_read(in, &again);
    (void)fclose(in);
    return ok;
}

START_TEST(a_state_comes_back_as_it_was_or_not_at_all)
{
    struct tool_audit_line line = {.operation = ENV_AUDIT_WRAP, .when = WHEN, .gcm = true};
    char *text = NULL;
    size_t len = 0;
    char *text2 = NULL;
    size_t len2 = 0;
    FILE *out;

    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(line.label, sizeof(line.label), "k%u \"\\\n\x01\xE2\x82\xAC", i % 4);
        line.failed = i % 3 == 0;
        line.reason = 100 + i;
        ck_assert(tool_counts_add(&state.counts, &line));
    }
    memset(line.label, 1, sizeof(line.label) - 1); /* the longest row */
    memset(line.token, 2, sizeof(line.token) - 1);
    for (unsigned i = 0; i < TOOL_COUNTS_REASONS; i++) {
        line.reason = TOOL_AUDIT_REASON_MAX - i;
        line.failed = true;
        ck_assert(tool_counts_add(&state.counts, &line));
    }
    state.counts.broken = 7;
    state.log_count = 1;
    state.logs[0] =
        (struct tool_log_seen){.inode = UINT64_MAX, .length = 1024, .offset = INT64_MAX};
    print_state(&text, &len);
    ck_assert(reads(text, len));
    out = open_memstream(&text2, &len2);
    ck_assert_ptr_nonnull(out);
    tool_stats_state_print(out, &again);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_uint_eq(len, len2);
    ck_assert_mem_eq(text, text2, len);
    for (size_t cut = 1; cut < len; cut++)
        ck_demand(!reads(text, cut), "%zu of %zu bytes are a state", cut, len);
    for (size_t line_at = 0; line_at < len; line_at++) {
        char *end = memchr(text + line_at, '\n', len - line_at);
        size_t line_len = (size_t)(end - (text + line_at)) + 1;
        char *without = malloc(len);

        ck_assert_ptr_nonnull(without);
        memcpy(without, text, line_at);
        memcpy(without + line_at, end + 1, len - line_at - line_len);
        ck_assert_msg(!reads(without, len - line_len), "without the line at %zu", line_at);
        free(without);
        line_at += line_len - 1;
    }
    free(text);
    free(text2);
    tool_counts_clear(&state.counts);
    tool_counts_clear(&again.counts);
}
END_TEST

static struct tool_log_seen *find(int fd, struct stat *st)
{
    struct tool_log_seen *seen;

    ck_assert_int_eq(fstat(fd, st), 0);
    ck_assert(tool_stats_state_find(&state, fd, st, &seen));
    return seen;
}

START_TEST(a_log_is_known_again_by_what_it_begins_with)
{
    int log = temporary_nameless_file();
    int other = temporary_nameless_file();
    struct tool_log_seen *seen;
    struct stat st;

    put(log, WRAP "\n", 1);
    ck_assert_ptr_null(find(log, &st));
    ck_assert(tool_stats_state_note(&state, NULL, log, &st, (uint64_t)st.st_size));
    put(log, WRAP "\n", 40); /* it grows beyond what the hash is of */
    seen = find(log, &st);
    ck_assert_ptr_nonnull(seen);
    ck_assert_uint_eq(seen->offset, strlen(WRAP "\n"));
    ck_assert(tool_stats_state_note(&state, seen, log, &st, (uint64_t)st.st_size));
    ck_assert_uint_eq(state.log_count, 1);
    ck_assert_uint_eq(state.logs[0].length, TOOL_FINGERPRINT_MAX);
    put(other, WRAP "\n", 41); /* a copy of it is the same log */
    ck_assert_ptr_eq(find(other, &st), seen);
    /* an inode that another log has by now */
    ck_assert_int_eq(ftruncate(other, 0), 0);
    ck_assert_int_eq(lseek(other, 0, SEEK_SET), 0);
    put(other, "x" WRAP "\n", 41);
    ck_assert_int_eq(fstat(other, &st), 0);
    state.logs[0].inode = st.st_ino;
    ck_assert_ptr_null(find(other, &st));
    /* a short beginning says nothing without the inode */
    state.log_count = 0;
    ck_assert_int_eq(fstat(log, &st), 0);
    ck_assert(tool_stats_state_note(&state, NULL, log, &st, 10));
    ck_assert_ptr_nonnull(find(log, &st));
    state.logs[0].inode++;
    ck_assert_ptr_null(find(log, &st));
    (void)close(log);
    (void)close(other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: stats");
    TCase *tcase = tcase_create("stats");

    tcase_add_test(tcase, a_line_has_its_names_and_its_result);
    tcase_add_test(tcase, what_stands_before_a_line_is_passed_over);
    tcase_add_test(tcase, what_is_no_whole_line_is_broken);
    tcase_add_test(tcase, uses_add_up_by_key_and_operation);
    tcase_add_test(tcase, seals_of_several_processes_add_up);
    tcase_add_test(tcase, rows_and_reasons_have_an_end);
    tcase_add_test(tcase, labels_of_metrics_are_escaped);
    tcase_add_test(tcase, lines_of_any_length_take_memory_of_one_size);
    tcase_add_test(tcase, a_state_comes_back_as_it_was_or_not_at_all);
    tcase_add_test(tcase, a_log_is_known_again_by_what_it_begins_with);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
