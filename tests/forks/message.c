/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "envelope/base/reasons.h"

static unsigned char plain[PLAIN_SIZE];
static EVP_CIPHER *kept;

void message_prepare(void)
{
    for (int i = 0; i < PLAIN_SIZE; i++)
        plain[i] = (unsigned char)(i * 7 + i / 256);
}

_Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "process %d, %s: %s\n", (int)getpid(), child_stage(), what);
    ERR_print_errors_fp(stderr);
    _exit(1);
}

void need(int ok, const char *what)
{
    if (ok != 1)
        fail(what);
}

void message_keep_cipher(void)
{
    kept = EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    if (kept == NULL)
        fail("no cipher");
}

static EVP_CIPHER *get_cipher(void)
{
    if (kept == NULL)
        return EVP_CIPHER_fetch(NULL, "ENVELOPE", NULL);
    (void)EVP_CIPHER_up_ref(kept);
    return kept;
}

void message_begin(struct message *m, int sealing)
{
    EVP_CIPHER *cipher = get_cipher();

    m->len = 0;
    m->ctx = EVP_CIPHER_CTX_new();
    if (cipher == NULL || m->ctx == NULL)
        fail("no cipher");
    need(EVP_CipherInit_ex2(m->ctx, cipher, NULL, NULL, sealing, NULL), "an init");
    EVP_CIPHER_free(cipher);
}

void message_add(struct message *m, const unsigned char *in, int len)
{
    int n = 0;

    need(EVP_CipherUpdate(m->ctx, m->out + m->len, &n, in, len), "an update");
    m->len += n;
}

void message_free(struct message *m)
{
    EVP_CIPHER_CTX_free(m->ctx);
    m->ctx = NULL;
}

void message_finish(struct message *m)
{
    int n = 0;

    need(EVP_CipherFinal_ex(m->ctx, m->out + m->len, &n), "a final");
    m->len += n;
    message_free(m);
}

void message_seal_half(struct message *m)
{
    message_begin(m, 1);
    message_add(m, plain, PLAIN_HALF);
}

void message_seal_rest(struct message *m)
{
    message_add(m, plain + PLAIN_HALF, PLAIN_SIZE - PLAIN_HALF);
    message_finish(m);
}

void message_seal(struct message *sealed)
{
    message_seal_half(sealed);
    message_seal_rest(sealed);
}

void message_open_half(struct message *m, const struct message *sealed)
{
    message_begin(m, 0);
    message_add(m, sealed->out, PLAIN_HALF);
}

void message_open_rest(struct message *m, const struct message *sealed)
{
    message_add(m, sealed->out + PLAIN_HALF, sealed->len - PLAIN_HALF);
    message_finish(m);
    if (m->len != PLAIN_SIZE || memcmp(m->out, plain, PLAIN_SIZE) != 0)
        fail("a message is not what was sealed");
}

void message_open(const struct message *sealed)
{
    struct message opened;

    message_open_half(&opened, sealed);
    message_open_rest(&opened, sealed);
}

/* Twice: neither an update nor final, and nothing comes out. */
void message_must_not_go_on(struct message *m)
{
    for (int i = 0; i < 2; i++) {
        int n = 0;
        int ok = i == 0 ? EVP_CipherUpdate(m->ctx, m->out + m->len, &n, plain, PLAIN_HALF)
                        : EVP_CipherFinal_ex(m->ctx, m->out + m->len, &n);

        if (ok == 1 || n != 0)
            fail("a message of another process was continued");
        if (i == 0 && ERR_GET_REASON(ERR_peek_last_error()) != ENV_R_FORKED_WHILE_SEALING)
            fail("unexpected reason for refusing the message of another process");
        ERR_clear_error();
    }
    message_free(m);
}
