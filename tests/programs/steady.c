/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that seals and opens all the time, and knows nothing but EVP:
 *
 *     steady OWN OTHER
 *
 * Each round it seals a text into OWN/now, and opens that and what the other one of two has in
 * OTHER/now. OWN/rounds says how many went well. It ends when OWN/stop is there, or with the first
 * operation that fails.
 */
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4128
#define MESSAGE (3 * BLOCK)

static const unsigned char text[] = "what is to be sealed";

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "steady: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int process(int sealing, const unsigned char *in, int in_len, unsigned char *out)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    int last = 0;
    bool good = cipher != NULL && ctx != NULL &&
                EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL) == 1 &&
                EVP_CipherUpdate(ctx, out, &len, in, in_len) == 1 &&
                EVP_CipherFinal_ex(ctx, out + len, &last) == 1;

    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return good ? len + last : -1;
}

/* A file is there whole, or as it was before. */
static void put(const char *folder, const char *name, const void *data, size_t len)
{
    char path[2][4096];
    FILE *file;

    (void)snprintf(path[0], sizeof(path[0]), "%s/.%s", folder, name);
    (void)snprintf(path[1], sizeof(path[1]), "%s/%s", folder, name);
    file = fopen(path[0], "w");
    if (file == NULL || fwrite(data, 1, len, file) != len || fclose(file) != 0 ||
        rename(path[0], path[1]) != 0)
        fail("a file cannot be written");
}

/* False: there is none yet. */
static bool open_what_is_in(const char *folder)
{
    static unsigned char message[MESSAGE];
    static unsigned char opened[MESSAGE + 2 * BLOCK];
    char path[4096];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/now", folder);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    len = fread(message, 1, sizeof(message), file);
    (void)fclose(file);
    if (process(0, message, (int)len, opened) != (int)sizeof(text) ||
        memcmp(opened, text, sizeof(text)) != 0)
        fail(path);
    return true;
}

int main(int argc, char **argv)
{
    const struct timespec pause = {0, 10000000};
    static unsigned char message[MESSAGE];
    char stop[4096];
    char count[32];

    if (argc != 3)
        return 2;
    (void)snprintf(stop, sizeof(stop), "%s/stop", argv[1]);
    for (unsigned long rounds = 1; access(stop, F_OK) != 0; rounds++) {
        int len = process(1, text, sizeof(text), message);

        if (len < 0)
            fail("sealing");
        put(argv[1], "now", message, (size_t)len);
        if (!open_what_is_in(argv[1]))
            fail("data that was just written is gone");
        (void)open_what_is_in(argv[2]);
        (void)snprintf(count, sizeof(count), "%lu\n", rounds);
        put(argv[1], "rounds", count, strlen(count));
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}
