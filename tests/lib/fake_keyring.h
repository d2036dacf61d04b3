/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring without tokens, behind kek.h: KEKs in memory that wrap with libcrypto's AES-256 key
 * wrap (or RSA-OAEP) and fail on demand. It also has a built-in provider that uses it, so that unit
 * tests go through EVP.
 */
#ifndef ENVELOPE_TESTS_FAKE_KEYRING_H
#define ENVELOPE_TESTS_FAKE_KEYRING_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdatomic.h>

#include "envelope/message/kek.h"
#include "provider/init.h"

#define FAKE_KEKS 40u

struct fake_keyring_now;

struct fake_kek {
    struct env_kek base;
    char label[33];
    uint8_t key[32];
    struct env_kek_id id;
    const struct fake_keyring_now *_Atomic keyring; /* the one that gave it out last */
    bool fail_wrap;                                 /* WRAP_FAILED, raised */
    bool fail_unwrap;                               /* TOKEN_FAILED, raised */
    bool absent;                                    /* not found by lookup; the next to be made */
    bool optional;                       /* of the default ones: as kek-optional has it */
    bool public_half;                    /* can_unwrap says no, and unwrap must not be asked */
    const uint8_t *_Atomic unwrapped_to; /* where the last unwrap was to put it */
    enum env_reason refusal;             /* what accept raises, or ENV_R_NONE */
    unsigned bits; /* for key wrap: so much of the key; 256 after fake_reset */
    EVP_PKEY *rsa; /* instead of the key: see fake_make_rsa */
    enum env_wrap_alg rsa_alg;
    atomic_int references;
    atomic_int wraps;
    atomic_int unwraps;
};

/*
 * KEK i is labelled "kek<i>", its id is 16 bytes of 0xA0 + i, its key 32 bytes of i + 1. They
 * outlive every keyring: tests reach into them. fake_reset puts them back.
 */
extern struct fake_kek fake_keks[FAKE_KEKS];
/* What select gives without a selector: the first so many. 1 after fake_reset. */
extern size_t fake_default_count;

void fake_reset(void);
/* Makes KEK i an RSA one: its key is the file's (PEM, below tests/vectors). */
void fake_make_rsa(size_t i, enum env_wrap_alg alg, const char *file);
/* Makes KEK `first` and those behind it the default ones; the first `count` take their places. */
void fake_switch_to(size_t first, size_t count);
/* References that are still held: 0 when nothing leaks. */
int fake_references(void);

/* OSSL_provider_init over the fake keyring. */
OSSL_provider_init_fn fake_provider_init;

/* A library context with the default provider and the envelope provider over the fake keyring. */
OSSL_LIB_CTX *fake_libctx_new(void);
/* The same, envelope alone. */
OSSL_LIB_CTX *fake_libctx_new_without_default(void);
/* Both, from a configuration: lines are what our section has besides, and we come first or last. */
OSSL_LIB_CTX *fake_libctx_new_configured(const char *lines, bool first);
/* The same with another start of our provider, NULL: over the keyring of PKCS#11 tokens. */
OSSL_LIB_CTX *libctx_new_configured(OSSL_provider_init_fn *init, const char *lines, bool first);
/* The same without the default provider, which a test activates when it likes. */
OSSL_LIB_CTX *libctx_new_configured_alone(OSSL_provider_init_fn *init, const char *lines);
/* For one without a configuration; the others go by OSSL_LIB_CTX_free. */
/* Makes the provider known to a context that loads it later, from a configuration. */
int fake_add_builtin(OSSL_LIB_CTX *libctx);
void fake_libctx_free(OSSL_LIB_CTX *libctx);

/* The reason of the newest error that the envelope provider put on the stack, 0 for none. */
int fake_last_reason(void);

#endif
