/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, whole and half done, through nothing but EVP. What does not succeed ends the process.
 */
#ifndef FORKS_MESSAGE_H
#define FORKS_MESSAGE_H

#include <openssl/evp.h>

#define PLAIN_SIZE 10000
#define PLAIN_HALF 5000
#define MESSAGE_ROOM (PLAIN_SIZE + 2 * 4128)

/* A message on its way: what came out so far. */
struct message {
    EVP_CIPHER_CTX *ctx;
    int len;
    unsigned char out[MESSAGE_ROOM];
};

/* Says what failed and where this process was, and ends it. */
_Noreturn void fail(const char *what);
void need(int ok, const char *what);

/* Before all else. */
void message_prepare(void);

/*
 * Fetches the cipher, which loads the provider, and later messages do not. While one thread is at
 * a fetch, a child inherits libcrypto's own locks as they are, and cannot fetch what it never did.
 */
void message_keep_cipher(void);

void message_begin(struct message *m, int sealing);
void message_add(struct message *m, const unsigned char *in, int len);
void message_finish(struct message *m);

/* A whole one; the context is freed. */
void message_seal(struct message *sealed);
void message_open(const struct message *sealed);

/* Half of one, and the other half. */
void message_seal_half(struct message *m);
void message_seal_rest(struct message *m);
void message_open_half(struct message *m, const struct message *sealed);
void message_open_rest(struct message *m, const struct message *sealed);

/* The rest of a message that another process began to seal is refused, for the reason that it is.
 */
void message_must_not_go_on(struct message *m);

/* Of a message that is given up. */
void message_free(struct message *m);

#endif
