/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when a use of a KEK cannot be recorded, and how lines get into a file and a socket.
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/base/log_sink.h"
#include "fake_keyring.h"

static char directory[32];
static char path[4200];
static char value[4300]; /* of audit-log */
static OSSL_LIB_CTX *libctx;

static void set_up(void)
{
    char here[4096];

    fake_reset();
    (void)snprintf(directory, sizeof(directory), "audit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
    (void)snprintf(path, sizeof(path), "%s/%s/log", here, directory);
    (void)snprintf(value, sizeof(value), "file:%s", path);
}

static void tear_down(void)
{
    char moved[4300];

    (void)snprintf(moved, sizeof(moved), "%s.old", path);
    OSSL_LIB_CTX_free(libctx);
    libctx = NULL;
    (void)unlink(moved);
    if (unlink(path) != 0)
        (void)rmdir(path);
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(fake_references(), 0);
}

static void configure(bool required)
{
    char lines[8192];

    (void)snprintf(lines, sizeof(lines), "audit-log = \"%s\"\naudit-required = %s\n", value,
                   required ? "yes" : "no");
    libctx = fake_libctx_new_configured(lines, true);
    ck_assert_ptr_nonnull(libctx);
}

/* The log's text, to be freed. */
static char *text(const char *of)
{
    FILE *file = fopen(of, "r");
    char *all = calloc(1, 1 << 20);

    ck_assert(all != NULL && file != NULL);
    ck_assert_uint_lt(fread(all, 1, (1 << 20) - 1, file), (1 << 20) - 1);
    (void)fclose(file);
    return all;
}

static unsigned lines_with(const char *of, const char *what)
{
    char *all = text(of);
    unsigned n = 0;

    for (const char *at = all; (at = strstr(at, what)) != NULL; at++)
        n++;
    free(all);
    return n;
}

/* In the place of the log: nobody, root neither, can write to it. */
static void block_the_log(void)
{
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

START_TEST(a_required_log_that_fails_stops_the_operation)
{
    struct bytes plain = bytes_plain(5000, 1);
    struct bytes sealed, room = bytes_new(plain.len + 2 * SEGMENT);
    EVP_CIPHER_CTX *ctx;
    int n = 0;

    configure(true);
    sealed = caller_seal(libctx, plain);
    block_the_log();

    ctx = caller_begin(libctx, "ENVELOPE", 1);
    ck_refused(EVP_CipherUpdate(ctx, room.data, &n, plain.data, (int)plain.len),
               ENV_R_AUDIT_FAILED);
    ck_assert_int_eq(n, 0);
    EVP_CIPHER_CTX_free(ctx);
    ctx = caller_begin(libctx, "ENVELOPE", 0);
    ck_refused(EVP_CipherUpdate(ctx, room.data, &n, sealed.data, (int)sealed.len),
               ENV_R_AUDIT_FAILED);
    ck_assert_int_eq(n, 0);
    EVP_CIPHER_CTX_free(ctx);
    ck_assert(bytes_are(room, 0));

    /* and when it can be recorded again, it works again */
    ck_assert_int_eq(rmdir(path), 0);
    bytes_free(&room);
    room = caller_open(libctx, sealed);
    ck_assert_uint_eq(room.len, plain.len);
    ck_assert_mem_eq(room.data, plain.data, plain.len);
    ck_assert_uint_eq(lines_with(path, "\"operation\":\"unwrap\""), 1);
    bytes_free(&room);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_log_that_is_not_required_stops_nothing)
{
    struct bytes plain = bytes_plain(100, 1);
    struct bytes sealed, opened;

    configure(false);
    sealed = caller_seal(libctx, plain);
    block_the_log();
    opened = caller_open(libctx, sealed);
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&opened);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

/* Every KEK of a message is recorded, with the result of each. */
START_TEST(every_kek_of_a_message_is_recorded)
{
    struct bytes plain = bytes_plain(10, 1);
    struct bytes room = bytes_new(2 * SEGMENT);
    EVP_CIPHER_CTX *ctx;
    int n = 0;

    fake_default_count = 3;
    configure(true);
    fake_keks[1].fail_wrap = true;
    ctx = caller_begin(libctx, "ENVELOPE", 1);
    ck_refused(EVP_CipherUpdate(ctx, room.data, &n, plain.data, (int)plain.len), ENV_R_WRAP_FAILED);
    EVP_CIPHER_CTX_free(ctx);
    ck_assert_uint_eq(lines_with(path, "\"label\":\"kek0\",\"token\":\"fake\",\"result\":\"ok\""),
                      1);
    ck_assert_uint_eq(
        lines_with(path, "\"label\":\"kek1\",\"token\":\"fake\",\"result\":\"failed\""), 1);
    ck_assert_uint_eq(lines_with(path, "kek2"), 0);
    bytes_free(&room);
    bytes_free(&plain);
}
END_TEST

/* A line that was broken off does not swallow the next one. */
START_TEST(a_torn_line_does_not_swallow_the_next)
{
    FILE *file = fopen(path, "w");
    struct bytes plain = bytes_plain(10, 1);
    struct bytes sealed;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("{\"time\":\"2026", file), 0);
    (void)fclose(file);
    configure(true);
    sealed = caller_seal(libctx, plain);
    ck_assert_uint_eq(lines_with(path, "{\"time\":\"2026\n{\"time\":\""), 1);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

static void *write_many(void *arg)
{
    char line[600];
    char why[200];

    memset(line, *(const char *)arg, sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 200; i++) {
        ck_demand(env_audit_sink_write(value, line, sizeof(line), why, sizeof(why)), "%s", why);
        if (i == 100 && *(const char *)arg == 'a') {
            char moved[4300];

            (void)snprintf(moved, sizeof(moved), "%s.old", path);
            ck_demand(rename(path, moved) == 0, "rename");
        }
    }
    return NULL;
}

/* Whole lines of several threads, and none lost when the log is renamed among them. */
START_TEST(lines_of_several_threads_stay_whole_when_the_log_is_renamed)
{
    static const char names[] = "abcd";
    unsigned counts[4] = {0};
    pthread_t threads[4];
    char moved[4300];

    (void)snprintf(moved, sizeof(moved), "%s.old", path);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, (void *)(names + i)), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int old = 0; old < 2; old++) {
        char *all = text(old ? moved : path);

        for (char *line = strtok(all, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            ck_demand(strlen(line) == 599 && strspn(line, (char[]){line[0], '\0'}) == 599,
                      "a torn line");
            counts[line[0] - 'a']++;
        }
        free(all);
    }
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(counts[i], 200);
}
END_TEST

static int listen_at(int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    /* short enough for a socket: relative to where we are, and the path of it absolute by /proc */
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/log", directory);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 4), 0);
    (void)snprintf(value, sizeof(value), "syslog:/proc/self/cwd/%s/log", directory);
    return fd;
}

static void expect_record(int fd, const char *what)
{
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    char got[4096];
    ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
    char head[64];
    char month[5] = "";

    ck_assert_int_gt(n, 20);
    got[n] = '\0';
    memcpy(month, got + 4, 4);
    ck_assert_msg(strstr(months, month) != NULL && got[10] == ' ' && got[13] == ':' &&
                      got[16] == ':' && got[19] == ' ',
                  "%s", got);
    (void)snprintf(head, sizeof(head), " envelope[%ld]: {\"time\":\"", (long)getpid());
    ck_assert_msg(strncmp(got, "<86>", 4) == 0 && strstr(got, head) != NULL &&
                      strstr(got, what) != NULL && got[strlen(got) - 1] == '}',
                  "%s", got);
}

START_TEST(the_system_log_gets_every_record)
{
    int type = _i == 0 ? SOCK_DGRAM : SOCK_STREAM;
    int fd = listen_at(type);
    struct bytes plain = bytes_plain(10, 1);
    struct bytes room = bytes_new(2 * SEGMENT);
    struct bytes sealed;
    EVP_CIPHER_CTX *ctx;
    int n = 0;

    configure(true);
    sealed = caller_seal(libctx, plain);
    if (type == SOCK_STREAM) {
        int probe = accept(fd, NULL, NULL); /* the first look at whether it is there */
        int record = accept(fd, NULL, NULL);

        expect_record(record, "\"operation\":\"wrap\"");
        (void)close(probe);
        (void)close(record);
    } else {
        expect_record(fd, "\"operation\":\"wrap\"");
    }
    (void)close(fd);
    /* the daemon is gone */
    ctx = caller_begin(libctx, "ENVELOPE", 0);
    ck_refused(EVP_CipherUpdate(ctx, room.data, &n, sealed.data, (int)sealed.len),
               ENV_R_AUDIT_FAILED);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&room);
    bytes_free(&sealed);
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: audit log");
    TCase *tcase = tcase_create("audit");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_required_log_that_fails_stops_the_operation);
    tcase_add_test(tcase, a_log_that_is_not_required_stops_nothing);
    tcase_add_test(tcase, every_kek_of_a_message_is_recorded);
    tcase_add_test(tcase, a_torn_line_does_not_swallow_the_next);
    tcase_add_test(tcase, lines_of_several_threads_stay_whole_when_the_log_is_renamed);
    tcase_add_loop_test(tcase, the_system_log_gets_every_record, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
