/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in which programs come to an end, or let go of the provider. Each begins with a message
 * sealed and opened, and with one of each kind half done.
 *
 *     end_of_life CASE [MODULE]     openssl.cnf from OPENSSL_CONF; MODULE is the provider's file
 *
 * What it writes ends in a line "CASE: at the end": whatever happens after it is not ours to say.
 */
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 10000
#define HALF 5000
#define ROOM (SIZE + 2 * 4128)
#define THREADS 3

static const char *module;
static unsigned char plain[SIZE];

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "end_of_life: %s\n", what);
    ERR_print_errors_fp(stderr);
    _exit(1);
}

static void need(int ok, const char *what)
{
    if (ok != 1)
        fail(what);
}

/* A message on its way: what came out so far. */
struct message {
    EVP_CIPHER_CTX *ctx;
    unsigned char out[ROOM];
    int len;
};

static void add(struct message *m, const unsigned char *in, int len)
{
    int n = 0;

    need(EVP_CipherUpdate(m->ctx, m->out + m->len, &n, in, len), "an update");
    m->len += n;
}

static void begin(struct message *m, OSSL_LIB_CTX *libctx, int sealing)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);

    memset(m, 0, sizeof(*m));
    m->ctx = EVP_CIPHER_CTX_new();
    if (cipher == NULL || m->ctx == NULL)
        fail("no cipher");
    need(EVP_CipherInit_ex2(m->ctx, cipher, NULL, NULL, sealing, NULL), "an init");
    EVP_CIPHER_free(cipher);
}

static void finish(struct message *m)
{
    int n = 0;

    need(EVP_CipherFinal_ex(m->ctx, m->out + m->len, &n), "a final");
    m->len += n;
}

static void let_go(struct message *m)
{
    EVP_CIPHER_CTX_free(m->ctx);
    m->ctx = NULL;
}

static void is_plain(const struct message *m)
{
    if (m->len != SIZE || memcmp(m->out, plain, SIZE) != 0)
        fail("a message is not what was sealed");
}

struct work {
    struct message sealed; /* done, for the others */
    struct message sealing;
    struct message opening;
};

static void open_whole(OSSL_LIB_CTX *libctx, const struct message *sealed)
{
    struct message opened;

    begin(&opened, libctx, 0);
    add(&opened, sealed->out, sealed->len);
    finish(&opened);
    is_plain(&opened);
    let_go(&opened);
}

static void begin_work(struct work *w, OSSL_LIB_CTX *libctx)
{
    begin(&w->sealed, libctx, 1);
    add(&w->sealed, plain, SIZE);
    finish(&w->sealed);
    let_go(&w->sealed);
    open_whole(libctx, &w->sealed);
    begin(&w->sealing, libctx, 1);
    add(&w->sealing, plain, HALF);
    begin(&w->opening, libctx, 0);
    add(&w->opening, w->sealed.out, HALF);
}

/* The halves are still good for their other halves. */
static void go_on_with_work(struct work *w)
{
    add(&w->sealing, plain + HALF, SIZE - HALF);
    finish(&w->sealing);
    add(&w->opening, w->sealed.out + HALF, w->sealed.len - HALF);
    finish(&w->opening);
    is_plain(&w->opening);
}

static void end_work(struct work *w)
{
    let_go(&w->sealing);
    let_go(&w->opening);
}

static void say(const char *name)
{
    if (ERR_peek_error() != 0)
        fail("something was left on the error stack");
    printf("%s: at the end\n", name);
    (void)fflush(stdout);
}

static OSSL_LIB_CTX *new_libctx(void)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    if (libctx == NULL || OSSL_LIB_CTX_load_config(libctx, getenv("OPENSSL_CONF")) != 1)
        fail("no library context");
    return libctx;
}

/* ---- the end of the process, with contexts alive ---- */

static struct work work;

static void by_exit(const char *name)
{
    begin_work(&work, NULL);
    say(name);
    exit(0);
}

static void by_underscore_exit(const char *name)
{
    begin_work(&work, NULL);
    say(name);
    _exit(0);
}

static void by_quick_exit(const char *name)
{
    begin_work(&work, NULL);
    say(name);
    quick_exit(0);
}

static void by_cleanup(const char *name)
{
    begin_work(&work, NULL);
    say(name);
    OPENSSL_cleanup();
}

static void by_cleanup_when_all_is_freed(const char *name)
{
    begin_work(&work, NULL);
    end_work(&work);
    say(name);
    OPENSSL_cleanup();
}

/* As a C++ program does it whose globals have contexts. */
static void free_work(void)
{
    end_work(&work);
}

static void by_freeing_after_main(const char *name)
{
    if (atexit(free_work) != 0) /* before libcrypto registers its own: so it runs after that */
        fail("atexit");
    begin_work(&work, NULL);
    say(name);
}

static void by_freeing_before_cleanup(const char *name)
{
    begin_work(&work, NULL);
    if (atexit(free_work) != 0)
        fail("atexit");
    say(name);
}

/* ---- threads that go on ---- */

static pthread_barrier_t all_work;

static void *seal_for_ever(void *arg)
{
    struct work *w = calloc(1, sizeof(*w));
    int n = 0;

    (void)arg;
    if (w == NULL)
        fail("no memory");
    begin_work(w, NULL);
    end_work(w);
    begin(&w->sealing, NULL, 1); /* before the end: who fetches after it has libcrypto crash */
    (void)pthread_barrier_wait(&all_work);
    /* When the process ends this fails at some time: no call of a token is made any more. */
    do {
        w->sealing.len = 0;
    } while (EVP_CipherInit_ex2(w->sealing.ctx, NULL, NULL, NULL, 1, NULL) == 1 &&
             EVP_CipherUpdate(w->sealing.ctx, w->sealing.out, &n, plain, SIZE) == 1 &&
             EVP_CipherFinal_ex(w->sealing.ctx, w->sealing.out, &n) == 1);
    let_go(&w->sealing);
    for (;;)
        (void)pause();
    return NULL;
}

static void start(void *(*run)(void *), void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, arg) != 0)
        fail("no thread");
}

static void while_threads_seal(const char *name)
{
    (void)pthread_barrier_init(&all_work, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        start(seal_for_ever, NULL);
    (void)pthread_barrier_wait(&all_work);
    (void)usleep(20000);
    say(name);
    exit(0);
}

static void *end_process(void *arg)
{
    (void)pthread_barrier_wait(&all_work);
    (void)usleep(20000);
    say(arg);
    exit(0);
}

static void from_another_thread(const char *name)
{
    (void)pthread_barrier_init(&all_work, NULL, 2);
    start(end_process, (void *)(size_t)name);
    (void)seal_for_ever(NULL);
}

/* ---- the provider is unloaded, the process continues ---- */

static void unloaded(const char *name)
{
    for (int i = 0; i < 3; i++) {
        OSSL_LIB_CTX *libctx = new_libctx();
        OSSL_PROVIDER *provider = OSSL_PROVIDER_load(libctx, "envelope");

        if (provider == NULL)
            fail("the provider does not load");
        begin_work(&work, libctx);
        need(OSSL_PROVIDER_unload(provider), "unload");
        if (i < 2)
            go_on_with_work(&work);
        end_work(&work);
        OSSL_LIB_CTX_free(libctx);
    }
    say(name);
}

static void libctx_freed(const char *name)
{
    for (int i = 0; i < 5; i++) {
        OSSL_LIB_CTX *libctx = new_libctx();

        begin_work(&work, libctx);
        end_work(&work);
        OSSL_LIB_CTX_free(libctx);
    }
    say(name);
}

static void two_libctx(const char *name)
{
    for (int i = 0; i < 4; i++) {
        struct work other;
        OSSL_LIB_CTX *first = new_libctx();
        OSSL_LIB_CTX *second = new_libctx();

        begin_work(&work, first);
        begin_work(&other, second);
        open_whole(second, &work.sealed);
        open_whole(first, &other.sealed);
        if (i % 2 == 0) {
            end_work(&work);
            OSSL_LIB_CTX_free(first);
            go_on_with_work(&other);
            open_whole(second, &other.sealing);
            end_work(&other);
            OSSL_LIB_CTX_free(second);
        } else {
            end_work(&other);
            OSSL_LIB_CTX_free(second);
            go_on_with_work(&work);
            open_whole(first, &work.sealing);
            end_work(&work);
            OSSL_LIB_CTX_free(first);
        }
    }
    say(name);
}

/* ---- dlclose ---- */

static void *nothing(void *arg)
{
    return arg;
}

/* Forks and threads run handlers that the module left, if it did; and there is text in errors. */
static void shake_what_is_left(void)
{
    pthread_t thread;
    pid_t pid;
    int status = 1;

    if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        fail("no thread");
    pid = fork();
    if (pid == 0)
        exit(0);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        fail("a child failed");
    ERR_raise(ERR_LIB_USER, 1);
    (void)ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
}

static void handle_closed(const char *name)
{
    void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    OSSL_LIB_CTX *libctx;

    if (handle == NULL || dlsym(handle, "OSSL_provider_init") == NULL)
        fail(dlerror());
    for (int i = 0; i < 3; i++) {
        libctx = new_libctx();
        begin_work(&work, libctx);
        if (i == 1 && dlclose(handle) != 0) /* while it is in use */
            fail("dlclose");
        go_on_with_work(&work);
        end_work(&work);
        OSSL_LIB_CTX_free(libctx);
        if (i == 0) { /* the last one, so far as the caller knows */
            if (dlclose(handle) != 0)
                fail("dlclose");
            shake_what_is_left();
            handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
        }
    }
    shake_what_is_left();
    say(name);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const char *name);
    } cases[] = {
        {"exit", by_exit},
        {"_exit", by_underscore_exit},
        {"quick_exit", by_quick_exit},
        {"cleanup", by_cleanup},
        {"cleanup-freed", by_cleanup_when_all_is_freed},
        {"freed-after-cleanup", by_freeing_after_main},
        {"freed-before-cleanup", by_freeing_before_cleanup},
        {"threads", while_threads_seal},
        {"exit-from-thread", from_another_thread},
        {"unload", unloaded},
        {"libctx", libctx_freed},
        {"two", two_libctx},
        {"dlclose", handle_closed},
    };

    memset(plain, 'e', sizeof(plain));
    module = argc > 2 ? argv[2] : NULL;
    for (size_t i = 0; argc > 1 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run(cases[i].name);
            return 0;
        }
    }
    fail("no such case");
}
