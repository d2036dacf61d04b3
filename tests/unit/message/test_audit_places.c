/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log to a socket and to the standard error, with and without a reader. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/base/log_sink.h"
#include "fake_keyring.h"

#define WHY 512

static char directory[32];
static char socket_path[64];
static char value[256]; /* of audit-log */
static char why[WHY];
static int reader;       /* the socket's, or the pipe's */
static int real_stderr;  /* kept aside */
static const char *host; /* NULL: it is not available */

/* The host's name, for the whole program: anything is one that the kernel takes. */
int gethostname(char *name, size_t len)
{
    if (host == NULL) {
        errno = ENAMETOOLONG;
        return -1;
    }
    ck_assert_uint_lt(strlen(host), len);
    strcpy(name, host);
    return 0;
}

static void set_up(void)
{
    fake_reset();
    host = "here";
    reader = -1;
    (void)snprintf(directory, sizeof(directory), "places.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(socket_path, sizeof(socket_path), "%s/log", directory);
    real_stderr = dup(STDERR_FILENO);
    ck_assert_int_ge(real_stderr, 0);
}

static void tear_down(void)
{
    ck_assert_int_eq(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
    (void)close(real_stderr);
    if (reader >= 0)
        (void)close(reader);
    (void)unlink(socket_path);
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(fake_references(), 0);
}

static void listen_at(int type, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    reader = socket(AF_UNIX, type, 0);
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    ck_assert_int_ge(reader, 0);
    ck_assert_int_eq(bind(reader, (struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(reader, backlog), 0);
    (void)snprintf(value, sizeof(value), "unix:/proc/self/cwd/%s", socket_path);
}

/* In the place of the standard error. */
static void stderr_is(int fd)
{
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    (void)close(fd);
    (void)snprintf(value, sizeof(value), "stderr");
}

static void stderr_is_a_pipe(void)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    reader = ends[0];
    stderr_is(ends[1]);
}

static bool write_line(const char *line)
{
    why[0] = '\0';
    return env_audit_sink_write(value, line, strlen(line), why, sizeof(why));
}

/* What came, terminated; of a stream from one connection. */
static void take(char *got, size_t size)
{
    int type = 0;
    socklen_t len = sizeof(type);
    bool stream = getsockopt(reader, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
    int from = stream ? accept(reader, NULL, NULL) : reader;
    ssize_t n = read(from, got, size - 1);

    ck_assert_int_ge(n, 0);
    got[n] = '\0';
    if (stream)
        (void)close(from);
}

static OSSL_LIB_CTX *configure(const char *more)
{
    char lines[1024];
    OSSL_LIB_CTX *libctx;

    (void)snprintf(lines, sizeof(lines), "audit-log = %s\naudit-required = yes\n%s", value, more);
    libctx = fake_libctx_new_configured(lines, true);
    ck_assert_ptr_nonnull(libctx);
    return libctx;
}

/* A line of a sealing, into got, from wherever it went. */
static void seal(const char *more, char *got, size_t size)
{
    OSSL_LIB_CTX *libctx = configure(more);
    struct bytes plain = bytes_plain(10, 1);
    struct bytes sealed = caller_seal(libctx, plain);

    take(got, size);
    if (got[0] == '\0') /* of a stream: the first look at whether it is there */
        take(got, size);
    bytes_free(&sealed);
    bytes_free(&plain);
    OSSL_LIB_CTX_free(libctx);
}

/* Required, and nobody takes it: nothing comes out. */
static void expect_refusal(OSSL_LIB_CTX *libctx)
{
    struct bytes plain = bytes_plain(10, 1);
    struct bytes room = bytes_new(2 * SEGMENT);
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
    int n = 0;

    ck_refused(EVP_CipherUpdate(ctx, room.data, &n, plain.data, (int)plain.len),
               ENV_R_AUDIT_FAILED);
    ck_assert_int_eq(n, 0);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&room);
    bytes_free(&plain);
}

/* ---- what a line says ---- */

enum { DATAGRAMS, STREAM, PIPE, LOCAL_SOCKET, PLACES };

static void be_place(int place)
{
    int ends[2];

    if (place == PIPE) {
        stderr_is_a_pipe();
    } else if (place == LOCAL_SOCKET) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
        reader = ends[0];
        stderr_is(ends[1]);
    } else {
        listen_at(place == DATAGRAMS ? SOCK_DGRAM : SOCK_STREAM, 8);
    }
}

START_TEST(every_place_gets_whole_lines)
{
    char got[4096];

    be_place(_i);
    seal("application = orders", got, sizeof(got));
    ck_assert_msg(strncmp(got, "{\"time\":\"", 9) == 0 && got[strlen(got) - 1] == '\n' &&
                      strchr(got, '\n') == got + strlen(got) - 1,
                  "%s", got);
    ck_assert_ptr_nonnull(strstr(got, "\"operation\":\"wrap\""));
    ck_assert_ptr_nonnull(strstr(got, "\"host\":\"here\",\"unit\":"));
    ck_assert_ptr_nonnull(strstr(got, "\"application\":\"orders\",\"pid\":"));
}
END_TEST

START_TEST(odd_host_names_are_shown_as_json)
{
    static const struct {
        const char *name;
        const char *shown;
    } hosts[] = {
        {"a\"b\\c", "\"host\":\"a\\\"b\\\\c\","},
        {"a\nb\x1b[1m", "\"host\":\"a\\u000ab\\u001b[1m\","},
        {"caf\xc3\xa9", "\"host\":\"caf\xc3\xa9\","},
        {"", "\"host\":null,"},
        {NULL, "\"host\":null,"},
    };
    char got[4096];

    host = hosts[_i].name;
    stderr_is_a_pipe();
    seal("", got, sizeof(got));
    ck_assert_msg(strstr(got, hosts[_i].shown) != NULL, "%s", got);
    ck_assert_ptr_nonnull(strstr(got, "\"application\":null,"));
}
END_TEST

START_TEST(a_host_name_that_is_no_text_stays_json)
{
    char got[4096];

    host = "a\xff\xfe.b";
    stderr_is_a_pipe();
    seal("", got, sizeof(got));
    ck_assert_msg(strstr(got, "\"host\":\"a") != NULL && strchr(got, '\xff') == NULL, "%s", got);
}
END_TEST

/* ---- nobody reads ---- */

START_TEST(a_reader_that_goes_is_an_error_and_no_signal)
{
    struct bytes plain, sealed;
    OSSL_LIB_CTX *libctx;

    (void)signal(SIGPIPE, SIG_DFL);
    be_place(_i);
    libctx = configure("");
    plain = bytes_plain(10, 1);
    sealed = caller_seal(libctx, plain);
    bytes_free(&sealed);
    bytes_free(&plain);
    (void)close(reader);
    reader = -1;
    expect_refusal(libctx);
    OSSL_LIB_CTX_free(libctx);
}
END_TEST

START_TEST(a_reader_that_reads_nothing_is_an_error_after_a_while)
{
    char line[3001];
    unsigned n = 0;

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 2] = '\n';
    line[sizeof(line) - 1] = '\0';
    if (_i == STREAM)
        listen_at(SOCK_STREAM, 1);
    else
        be_place(_i);
    while (write_line(line) && n < 100000)
        n++;
    ck_assert_uint_lt(n, 100000);
    ck_assert_msg(strstr(why, "Connection timed out") != NULL, "%s", why);
    if (_i == PIPE) { /* nothing of a line that had no room */
        char got[sizeof(line)];
        size_t left;

        for (unsigned i = 0; i < n; i++) {
            for (left = 0; left < sizeof(line) - 1;) {
                ssize_t came = read(reader, got + left, sizeof(line) - 1 - left);

                ck_demand(came > 0, "a line is missing");
                left += (size_t)came;
            }
            ck_demand(memcmp(got, line, left) == 0, "a torn line");
        }
        ck_assert_int_eq(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
        ck_assert_int_eq(read(reader, got, sizeof(got)), -1);
        ck_assert_int_eq(errno, EAGAIN);
    }
}
END_TEST

START_TEST(a_socket_that_nobody_has_is_an_error)
{
    (void)snprintf(value, sizeof(value), "unix:/proc/self/cwd/%s", socket_path);
    ck_assert(!write_line("x\n"));
    ck_assert_msg(strstr(why, "log: connect: No such file or directory") != NULL, "%s", why);
    (void)snprintf(value, sizeof(value), "unix:/%0200d", 0);
    ck_assert(!write_line("x\n"));
    ck_assert_msg(strstr(why, "connect: File name too long") != NULL, "%s", why);
}
END_TEST

/* ---- what is no log ---- */

START_TEST(another_thing_on_descriptor_2_gets_no_line)
{
    char name[64];
    struct stat st;
    int fd;

    (void)snprintf(name, sizeof(name), "%s/table", directory);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    stderr_is(fd);
    ck_assert(!write_line("x\n"));
    ck_assert_str_eq(why, "stderr: descriptor 2 is a file that the program also reads");
    ck_assert_int_eq(stat(name, &st), 0);
    ck_assert_int_eq(st.st_size, 0);

    stderr_is(open(name, O_WRONLY | O_APPEND));
    ck_assert_msg(write_line("x\n"), "%s", why);
    ck_assert_int_eq(stat(name, &st), 0);
    ck_assert_int_eq(st.st_size, 2);

    stderr_is(socket(AF_INET, SOCK_STREAM, 0));
    ck_assert(!write_line("x\n"));
    ck_assert_str_eq(why, "stderr: descriptor 2 is a network connection");
    stderr_is(open(directory, O_RDONLY | O_DIRECTORY));
    ck_assert(!write_line("x\n"));
    ck_assert_str_eq(why, "stderr: descriptor 2 cannot be logged to");
    (void)close(STDERR_FILENO);
    ck_assert(!write_line("x\n"));
    ck_assert_str_eq(why, "stderr: fstat: Bad file descriptor");
    ck_assert_int_eq(unlink(name), 0);
}
END_TEST

/* ---- many at once ---- */

#define WRITERS 8
#define LINES 100

static void write_many(char letter)
{
    char line[301];
    char reason[WHY];

    memset(line, letter, sizeof(line) - 1);
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < LINES; i++) {
        bool done = env_audit_sink_write(value, line, sizeof(line), reason, sizeof(reason));

        ck_demand(done, "%s", reason);
    }
}

static void *write_in_a_thread(void *arg)
{
    write_many(*(const char *)arg);
    return NULL;
}

/* Counts the lines of each letter until there are all of them. */
static void count_lines(unsigned counts[WRITERS])
{
    char got[512];
    size_t have = 0;
    unsigned all = 0;

    while (all < WRITERS * LINES) {
        int type = 0;
        socklen_t len = sizeof(type);
        bool socket = getsockopt(reader, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
        int from = socket && type == SOCK_STREAM ? accept(reader, NULL, NULL) : reader;
        ssize_t n;

        do {
            n = read(from, got + have, (socket ? sizeof(got) : 301) - have);
            ck_demand(n >= 0, "read");
            have += (size_t)n;
        } while (n > 0 && have < 301);
        if (from != reader)
            (void)close(from);
        ck_demand(have == 301 && got[300] == '\n' && strspn(got, (char[]){got[0], '\0'}) == 300,
                  "a torn line");
        counts[got[0] - 'a']++;
        all++;
        have = 0;
    }
}

START_TEST(lines_of_threads_and_children_stay_whole)
{
    static const char letters[] = "abcdefgh";
    unsigned counts[WRITERS] = {0};
    pthread_t threads[WRITERS / 2];
    pid_t children[WRITERS / 2];

    be_place(_i);
    for (size_t i = 0; i < WRITERS / 2; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            write_many(letters[WRITERS / 2 + i]);
            _exit(0);
        }
    }
    for (size_t i = 0; i < WRITERS / 2; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, write_in_a_thread, (void *)(letters + i)), 0);
    count_lines(counts);
    for (size_t i = 0; i < WRITERS / 2; i++) {
        int status = -1;

        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    for (size_t i = 0; i < WRITERS; i++)
        ck_assert_uint_eq(counts[i], LINES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message: places of the audit log");
    TCase *tcase = tcase_create("places");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, every_place_gets_whole_lines, 0, PLACES);
    tcase_add_loop_test(tcase, odd_host_names_are_shown_as_json, 0, 5);
    tcase_add_test(tcase, a_host_name_that_is_no_text_stays_json);
    tcase_add_loop_test(tcase, a_reader_that_goes_is_an_error_and_no_signal, 0, PLACES);
    tcase_add_loop_test(tcase, a_reader_that_reads_nothing_is_an_error_after_a_while, 0, PLACES);
    tcase_add_test(tcase, a_socket_that_nobody_has_is_an_error);
    tcase_add_test(tcase, another_thing_on_descriptor_2_gets_no_line);
    tcase_add_loop_test(tcase, lines_of_threads_and_children_stay_whole, 0, PLACES);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
