/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that keeps running while something happens to its token. It does what each line of
 * stdin says and answers in one line, "good" or what failed with the reasons of the error stack:
 *
 *     seal    seals a text and keeps the message
 *     open    opens the message kept
 *     fork    a child does both; the answer is the child's
 *     use     encrypts by AES-256-CBC with the 32 bytes in the file that the argument names, a
 *             stand-in; it is read once, and the result is always the same
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 4128

static const unsigned char text[] = "what is to be sealed";
static unsigned char message[3 * BLOCK];
static int message_len;

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

static bool seal(void)
{
    unsigned char made[sizeof(message)];
    int len = process(1, text, sizeof(text), made);

    if (len < 0)
        return false;
    memcpy(message, made, (size_t)len);
    message_len = len;
    return true;
}

static bool open_again(void)
{
    unsigned char opened[sizeof(message) + (size_t)2 * BLOCK];

    return process(0, message, message_len, opened) == (int)sizeof(text) &&
           memcmp(opened, text, sizeof(text)) == 0;
}

/* 32 zeros under the key, as any program of OpenSSL does it. */
static bool encrypt(const unsigned char key[32], unsigned char out[32])
{
    static const unsigned char zeros[32];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    bool good = ctx != NULL && EVP_EncryptInit_ex2(ctx, EVP_aes_256_cbc(), key, zeros, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
                EVP_EncryptUpdate(ctx, out, &len, zeros, sizeof(zeros)) == 1 && len == 32;

    EVP_CIPHER_CTX_free(ctx);
    return good;
}

static bool use(const char *key_file)
{
    static unsigned char key[32];
    static unsigned char first[32];
    static bool is_read;
    static bool is_used;
    unsigned char now[32];

    if (!is_read) {
        FILE *file = key_file != NULL ? fopen(key_file, "rb") : NULL;

        is_read = file != NULL && fread(key, 1, sizeof(key), file) == sizeof(key);
        if (file != NULL)
            (void)fclose(file);
    }
    if (!is_read || !encrypt(key, now))
        return false;
    if (!is_used)
        memcpy(first, now, sizeof(first));
    is_used = true;
    return memcmp(first, now, sizeof(first)) == 0;
}

static void answer(const char *what, bool good)
{
    const char *data;
    unsigned long e;
    int flags;

    fputs(good ? "good" : what, stdout);
    while ((e = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0)
        printf(": %s: %s", ERR_reason_error_string(e), (flags & ERR_TXT_STRING) != 0 ? data : "");
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void in_child(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        answer("child", seal() && open_again());
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        printf("the child: status %d\n", status);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[16];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (strcmp(line, "seal\n") == 0)
            answer("seal", seal());
        else if (strcmp(line, "open\n") == 0)
            answer("open", open_again());
        else if (strcmp(line, "fork\n") == 0)
            in_child();
        else if (strcmp(line, "use\n") == 0)
            answer("use", use(argc > 1 ? argv[1] : NULL));
        else
            return 2;
    }
    return 0;
}
