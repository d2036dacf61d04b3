/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that goes on although its token refuses the PIN: threads seal, open a key and begin
 * again, in two library contexts, and then in a child of fork.
 *
 *     token_pin MODULE CNF FLAGS THREADS
 *
 * FLAGS (hexadecimal) are what C_GetTokenInfo of faulty_p11.so adds. Prints how often C_Login was
 * called, how many operations succeeded, and the reason for which all others failed.
 */
#include <dlfcn.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty_p11.h"

#define THREADS_MAX 32u
#define ROUNDS 8u
#define CONTEXTS 2u

static OSSL_LIB_CTX *contexts[CONTEXTS];
static _Atomic unsigned succeeded;
static _Atomic unsigned failed;
static _Atomic int reason; /* of all failures */
static _Atomic bool mixed; /* they have more than one */

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "token_pin: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(2);
}

static struct faulty_control *control_of(const char *module)
{
    struct faulty_control *(*control)(void) = NULL;
    void *handle = dlopen(module, RTLD_NOW);

    if (handle != NULL)
        *(void **)&control = dlsym(handle, "faulty_p11_control");
    if (control == NULL)
        fail(module);
    return control();
}

/* The newest entry of the provider counts. */
static void note(bool ok)
{
    unsigned long e;
    int why = 0;
    int none = 0;

    while ((e = ERR_get_error()) != 0) {
        if (ERR_GET_LIB(e) >= ERR_LIB_USER)
            why = ERR_GET_REASON(e);
    }
    (void)atomic_fetch_add(ok ? &succeeded : &failed, 1);
    if (!ok && !atomic_compare_exchange_strong(&reason, &none, why) && none != why)
        atomic_store(&mixed, true);
}

static void seal(OSSL_LIB_CTX *libctx)
{
    static const unsigned char plain[10];
    unsigned char out[8192];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    note(cipher != NULL && ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1 &&
         EVP_EncryptUpdate(ctx, out, &n, plain, sizeof(plain)) == 1 &&
         EVP_EncryptFinal_ex(ctx, out + n, &n) == 1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

static void load(OSSL_LIB_CTX *libctx)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex("envelope:object=orders", libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store != NULL ? OSSL_STORE_load(store) : NULL;

    note(info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY);
    OSSL_STORE_INFO_free(info);
    if (store != NULL)
        (void)OSSL_STORE_close(store);
}

static void *work(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        seal(contexts[i % CONTEXTS]);
        load(contexts[(i + 1) % CONTEXTS]);
    }
    return NULL;
}

static void in_threads(unsigned count)
{
    pthread_t threads[THREADS_MAX];

    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            fail("no thread");
    }
    for (unsigned i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
}

/* A child inherits what its parent knows of the PIN. */
static unsigned logins_in_child(const struct faulty_control *control)
{
    unsigned before = atomic_load(&control->counts[FAULTY_C_Login]);
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        (void)work(NULL);
        _exit((int)(atomic_load(&control->counts[FAULTY_C_Login]) - before));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        fail("the child");
    return (unsigned)WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    unsigned threads = argc == 5 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
    struct faulty_control *control;
    unsigned in_child;

    if (threads == 0 || threads > THREADS_MAX)
        fail("MODULE CNF FLAGS THREADS");
    control = control_of(argv[1]);
    control->token_flags = strtoul(argv[3], NULL, 16);
    for (unsigned i = 0; i < CONTEXTS; i++) {
        contexts[i] = OSSL_LIB_CTX_new();
        if (contexts[i] == NULL || OSSL_LIB_CTX_load_config(contexts[i], argv[2]) != 1)
            fail(argv[2]);
    }
    in_threads(threads);
    in_child = logins_in_child(control);
    printf("logins %u, in a child %u; succeeded %u, failed %u, reason %d%s\n",
           atomic_load(&control->counts[FAULTY_C_Login]), in_child, atomic_load(&succeeded),
           atomic_load(&failed), atomic_load(&reason), atomic_load(&mixed) ? " and others" : "");
    for (unsigned i = 0; i < CONTEXTS; i++)
        OSSL_LIB_CTX_free(contexts[i]);
    return 0;
}
