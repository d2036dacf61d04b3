/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child works with secrets, its parent alone computes what they are and looks for them. What they
 * have in common: a board that both see, the KEKs and the message, the needles.
 */
#ifndef ENVELOPE_TESTS_SECRETS_H
#define ENVELOPE_TESTS_SECRETS_H

#include "arena.h"
#include "caller.h"
#include "hmac_state.h"
#include "memory_search.h"

#define PLAIN_LEN 9000u
#define ROOM 20000u
#define NEEDLES_MAX 120u
#define PIN_LEN 24u

/* What both processes see. It belongs to the caller and is not searched. */
struct board {
    const char *stage;
    bool ended; /* nothing may be left, wherever */
    bool half_way;
    uint8_t plain[PLAIN_LEN];
    uint8_t message[ROOM];
    size_t message_len;
    uint8_t sealed_key[1000];
    size_t sealed_key_len;
    uint8_t secret[32];
    uint8_t opened[ROOM];
    char pin[PIN_LEN + 1];
    struct arena arena;
};

extern struct board *board;
extern OSSL_LIB_CTX *provider_ctx;

/* Checked fixtures: a message that others have sealed for a fake KEK, or for one in a token. */
void secrets_set_up(void);
void secrets_tear_down(void);
void secrets_set_up_token(void);
void secrets_tear_down_token(void);

/* For a child of the child: writes a PIN that is not the token's where it is read. */
int secrets_forget_pin(void *arg);

/* For the child: a context without key and parameters; one update, or final when in is NULL. */
EVP_CIPHER_CTX *begin(const char *name, int sealing);
bool feed(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len);

struct secrets {
    struct needle needles[NEEDLES_MAX];
    size_t count;
    uint8_t dek[32];
    uint8_t mac_key[32];
    uint8_t message_key[48];
    uint8_t aes_key[32]; /* of the first 2^20 segments */
    /* What an HMAC context has of its key, and what one has that a key was derived with. */
    struct hmac_state dek_hmac;
    struct hmac_state mac_hmac;
    struct hmac_state message_hmac;
    uint8_t derived[3][48];
};

/* For the parent: from the message as it is so far, which the KEK opens. */
void secrets_compute(struct secrets *secrets);

/* Adds bytes that are looked for in pieces. */
void secrets_add(struct secrets *secrets, const char *name, const void *bytes, size_t len);
void secrets_add_state(struct secrets *secrets, const char *name, const struct hmac_state *state);

/* The AES key of a message half way: libcrypto's context has it. */
#define AES_KEY "AES key"

#endif
