/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that fork and go on, as servers do. Nothing but EVP; openssl.cnf from OPENSSL_CONF.
 *
 *     fork_load CASE COUNT
 *
 * COUNT is how many children there are, or how often there are eight. The last line that it writes
 * is "CASE: N forks, the longest of M ms".
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "family.h"

#define WORKERS 3
#define FORKERS 2u
#define AT_ONCE 3u
#define SERVERS 8u
#define REQUESTS 5
#define KEPT "sealed.before" /* in the current directory, for what is started by exec */

static struct message sealed;
static atomic_bool stop;
static atomic_ulong done; /* messages by the workers */
static pthread_t workers[WORKERS];

static void make_message(void)
{
    FILE *f = fopen(KEPT, "wb");

    message_seal(&sealed);
    if (f == NULL || fwrite(sealed.out, 1, (size_t)sealed.len, f) != (size_t)sealed.len ||
        fclose(f) != 0)
        fail("a file");
}

/* ---- while threads seal and open ---- */

static void *work(void *arg)
{
    child_at("a worker");
    while (!atomic_load(&stop)) {
        family_seal_and_open(&sealed);
        (void)atomic_fetch_add(&done, 1);
    }
    if (ERR_peek_error() != 0)
        fail("something was left on the error stack");
    return arg;
}

static void begin_load(void)
{
    make_message();
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&workers[i], NULL, work, NULL) != 0)
            fail("no thread");
    }
}

static void end_load(void)
{
    atomic_store(&stop, true);
    for (int i = 0; i < WORKERS; i++)
        (void)pthread_join(workers[i], NULL);
    if (atomic_load(&done) == 0)
        fail("the workers did nothing");
}

struct forker {
    pthread_t thread;
    unsigned first;
    unsigned count;
    struct message *shared; /* AT_ONCE of them */
};

static void *fork_often(void *arg)
{
    const struct forker *forker = arg;
    struct family families[AT_ONCE];

    child_at("a forking thread");
    for (unsigned i = 0; i < forker->count;) {
        unsigned n;

        for (n = 0; n < AT_ONCE && i < forker->count; n++, i++) {
            families[n] = (struct family){.sealed = &sealed,
                                          .of_child = &forker->shared[n],
                                          .number = forker->first + i,
                                          .end = (forker->first + i) % CHILD_ENDS};
            family_begin(&families[n]);
        }
        for (unsigned k = 0; k < n; k++)
            family_go_on(&families[k]);
        for (unsigned k = 0; k < n; k++)
            family_end(&families[k]);
    }
    return NULL;
}

static void under_load(unsigned count)
{
    struct forker forkers[FORKERS];

    begin_load();
    for (unsigned i = 0; i < FORKERS; i++) {
        forkers[i].first = 100001 * i;
        forkers[i].count = count / FORKERS;
        forkers[i].shared = child_shared(AT_ONCE * sizeof(struct message));
        if (pthread_create(&forkers[i].thread, NULL, fork_often, &forkers[i]) != 0)
            fail("no thread");
    }
    for (unsigned i = 0; i < FORKERS; i++)
        (void)pthread_join(forkers[i].thread, NULL);
    end_load();
}

/* No threads: what is left is what a child inherits. */
static void one_after_the_other(unsigned count)
{
    struct forker forker = {.count = count,
                            .shared = child_shared(AT_ONCE * sizeof(struct message))};

    make_message();
    (void)fork_often(&forker);
}

static void programs(unsigned count)
{
    begin_load();
    for (unsigned i = 0; i < count; i++) {
        struct family f = {.sealed = &sealed};
        pid_t pid;

        message_seal_half(&f.sealing);
        message_open_half(&f.opening, &sealed);
        pid = child_start_program(i % 2 != 0);
        family_go_on(&f);
        child_wait(pid);
    }
    end_load();
}

/* ---- the processes of a server ---- */

struct server {
    int go[2]; /* a pipe: it is closed when all are there */
    struct message *answer;
};

static void be_server(void *arg)
{
    const struct server *server = arg;
    char nothing;

    child_at("a server, waiting for the others");
    (void)close(server->go[1]);
    if (read(server->go[0], &nothing, 1) != 0)
        fail("read");
    (void)close(server->go[0]);
    child_at("a server, at its first request");
    for (int i = 0; i < REQUESTS; i++) {
        if (sealed.len > 0)
            message_open(&sealed);
        message_seal(server->answer);
        message_open(server->answer);
        child_at("a server, at a later request");
    }
}

static void eight_servers(struct message *answers, unsigned number)
{
    struct server server;
    pid_t pids[SERVERS];

    if (pipe(server.go) != 0)
        fail("pipe");
    for (unsigned i = 0; i < SERVERS; i++) {
        server.answer = &answers[i];
        pids[i] = child_start(be_server, &server, (number + i) % CHILD_ENDS);
    }
    (void)close(server.go[0]);
    (void)close(server.go[1]);
    for (unsigned i = 0; i < REQUESTS && sealed.len > 0; i++)
        family_seal_and_open(&sealed);
    for (unsigned i = 0; i < SERVERS; i++)
        child_wait(pids[i]);
    for (unsigned i = 0; i < SERVERS && sealed.len > 0; i++)
        message_open(&answers[i]);
}

/* Loaded and used by the parent, and then by eight children at once. */
static void servers(unsigned count)
{
    struct message *answers = child_shared(SERVERS * sizeof(struct message));

    make_message();
    for (unsigned i = 0; i < count; i++)
        eight_servers(answers, i);
}

/* Loaded by the parent, first used by the children; the parent itself comes last. */
static void servers_first(unsigned count)
{
    struct message *answers = child_shared(SERVERS * sizeof(struct message));

    message_keep_cipher();
    for (unsigned i = 0; i < count; i++)
        eight_servers(answers, i);
    make_message();
    for (unsigned i = 0; i < SERVERS; i++)
        message_open(&answers[i]);
}

/* ---- while another thread is at the first operation of all ---- */

static pthread_barrier_t both;

static void *be_first(void *arg)
{
    child_at("the first operation");
    (void)pthread_barrier_wait(&both);
    message_seal(&sealed);
    message_open(&sealed);
    (void)pthread_barrier_wait(&both); /* see be_beginner */
    return arg;
}

static void seal_in_child(void *of_child)
{
    child_at("a child, sealing");
    message_seal(of_child);
    child_at("a child, opening");
    message_open(of_child);
}

struct beginner {
    struct message *of_child;
    unsigned number;
};

static void be_beginner(void *arg)
{
    const struct beginner *beginner = arg;
    pthread_t thread;
    pid_t pid;

    message_keep_cipher();
    (void)pthread_barrier_init(&both, NULL, 2);
    if (pthread_create(&thread, NULL, be_first, NULL) != 0)
        fail("no thread");
    (void)pthread_barrier_wait(&both);
    (void)usleep(beginner->number % 50 * 100);
    pid = child_start(seal_in_child, beginner->of_child, beginner->number % CHILD_ENDS);
    /*
     * No thread ends while this process forks: libcrypto cleans up after it with a lock that the
     * child's exit would wait for, whatever the providers (docs/SECURITY.md).
     */
    (void)pthread_barrier_wait(&both);
    (void)pthread_join(thread, NULL);
    child_wait(pid);
    message_open(beginner->of_child);
}

/* A process of its own each time, since there is one first operation in each. */
static void beginners(unsigned count)
{
    struct beginner beginner = {.of_child = child_shared(sizeof(struct message))};

    for (; beginner.number < count; beginner.number++)
        child_wait(child_start(be_beginner, &beginner, CHILD_EXIT));
}

/* ---- all ---- */

/* What is started by exec has inherited nothing that it could use. */
static int after_exec(void)
{
    FILE *f = fopen(KEPT, "rb");

    child_at("a program started by a child");
    if (f != NULL) {
        sealed.len = (int)fread(sealed.out, 1, sizeof(sealed.out), f);
        (void)fclose(f);
        message_open(&sealed);
    }
    message_seal(&sealed);
    message_open(&sealed);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(unsigned count);
    } cases[] = {
        {"load", under_load}, {"alone", one_after_the_other},   {"programs", programs},
        {"servers", servers}, {"servers-first", servers_first}, {"first", beginners},
    };
    const char *limit = getenv("FORK_SECONDS");

    message_prepare();
    child_watch_parent(limit != NULL ? (unsigned)atoi(limit) : 60);
    child_at("main");
    if (argc == 2 && strcmp(argv[1], "--after-exec") == 0)
        return after_exec();
    for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, argv[1]) != 0)
            continue;
        cases[i].run((unsigned)strtoul(argv[2], NULL, 10));
        if (ERR_peek_error() != 0)
            fail("something was left on the error stack");
        printf("%s: %u forks, the longest of %.0f ms\n", argv[1], child_forks(),
               child_longest_fork());
        return 0;
    }
    fail("no such case");
}
