/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that takes its answers from an input: a byte below 0x80 (and the end of the
 * input) is an honest answer, one from there on a return code, one from 0xC0 on a lie with CKR_OK.
 * It never writes past the buffers that it gets: what a module does in our
 * memory nobody can defend against, but its lengths, counts and handles must do no
 * harm.
 */
#ifndef ENVELOPE_TESTS_HOSTILE_TOKEN_H
#define ENVELOPE_TESTS_HOSTILE_TOKEN_H

#include "fuzz.h"
#include "hostile_crypto.h"

#define HOSTILE_LABEL "kek"         /* of an AES-256 key */
#define HOSTILE_RSA_LABEL "rsa kek" /* of an RSA-2048 one, which needs allow-weak-kek */
#define HOSTILE_PIN "never to be told"
#define HOSTILE_ID_LEN 16u

/* What the token is like when it is honest. */
enum hostile_profile {
    HOSTILE_NO_KW = 1,
    HOSTILE_NO_KWP = 2,
    HOSTILE_NO_GCM = 4,
    HOSTILE_BY_WRAP_KEY = 8,     /* C_WrapKey and C_UnwrapKey, instead of C_Encrypt and C_Decrypt */
    HOSTILE_NO_LOGIN = 16,       /* needs none */
    HOSTILE_TWO_TOKENS = 32,     /* the same keys on both */
    HOSTILE_SHORT_TEMPLATE = 64, /* refuses a template that makes a key readable */
};

/* Starts afresh: the module is not initialised, and answers from in. */
void hostile_begin(unsigned profile, struct fuzz_input in);

/* How often it did not answer honestly so far. */
unsigned hostile_lies(void);

/* Session objects that are still there. */
unsigned hostile_objects(void);

/* Demands that nothing of it is in use any more. */
void hostile_check_end(void);

#endif
