/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that the ciphers see of key-encryption keys. Behind it stand PKCS#11 tokens (keymgmt/), or in
 * tests a fake or a failing KEK. Every object may be used by several threads at once.
 */
#ifndef ENVELOPE_KEK_H
#define ENVELOPE_KEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/base/result.h"

#define ENV_DEK_LEN 32u            /* bytes of a data key */
#define ENV_KEK_ID_MAX 64u         /* longest KEK reference (CKA_ID) in bytes */
#define ENV_WRAPPED_MAX 1024u      /* longest wrapped DEK in bytes (RSA-8192) */
#define ENV_RSA_WRAPPED_MIN 256u   /* shortest one of RSA (2048 bits, with allow-weak-kek) */
#define ENV_KEK_RECIPIENTS_MAX 32u /* most KEKs of one message */
#define ENV_GCM_NONCE_LEN 12u
#define ENV_RAW_MAX 4096u /* longest data that key wrap takes */
#define ENV_RAW_SLACK 32u /* more than wrapping adds */

/* How a DEK is wrapped, as the header says it. The AES key's length is part of the OID. */
enum env_wrap_alg {
    ENV_WRAP_NONE = 0,
    ENV_WRAP_AES128_KW, /* RFC 3394: 40 bytes for a DEK */
    ENV_WRAP_AES192_KW,
    ENV_WRAP_AES256_KW,
    ENV_WRAP_AES128_KWP, /* RFC 5649: 40 bytes */
    ENV_WRAP_AES192_KWP,
    ENV_WRAP_AES256_KWP,
    ENV_WRAP_AES128_GCM, /* 12-byte nonce, 16-byte tag appended, no AAD: 48 bytes */
    ENV_WRAP_AES192_GCM,
    ENV_WRAP_AES256_GCM,
    ENV_WRAP_RSA_OAEP_SHA1, /* RSAES-OAEP, MGF1 of the same hash, no label: as long as the modulus
                             */
    ENV_WRAP_RSA_OAEP_SHA256,
};

static inline bool env_wrap_is_rsa(enum env_wrap_alg alg)
{
    return alg == ENV_WRAP_RSA_OAEP_SHA1 || alg == ENV_WRAP_RSA_OAEP_SHA256;
}

/* Key wrap of whatever the caller brings, for the ciphers ENVELOPE-AES-*-WRAP. */
enum env_raw_wrap {
    ENV_RAW_KW,  /* RFC 3394: a multiple of 8 bytes from 16 */
    ENV_RAW_KWP, /* RFC 5649: from 1 byte */
};

struct env_wrapped {
    enum env_wrap_alg alg;
    uint8_t nonce[ENV_GCM_NONCE_LEN]; /* GCM only */
    size_t len;
    uint8_t data[ENV_WRAPPED_MAX];
};

struct env_kek_id {
    size_t len; /* 1 to ENV_KEK_ID_MAX */
    uint8_t bytes[ENV_KEK_ID_MAX];
};

struct env_kek; /* starts with its vtable pointer */

/* ---- KEKs as they are shown ---- */

enum env_kek_type { ENV_KEK_AES, ENV_KEK_RSA };

#define ENV_KEK_TEXT 256u     /* room for a label or the like */
#define ENV_KEK_URI 1280u     /* room for a reference */
#define ENV_KEK_MODULUS 1024u /* bytes of the longest RSA modulus */

struct env_kek_facts {
    enum env_kek_type type;
    size_t bits;
    struct env_kek_id id; /* len 0: it has none that could be a reference */
    char token[ENV_KEK_TEXT];
    char label[ENV_KEK_TEXT];
    char uri[ENV_KEK_URI];         /* finds it again; without a PIN */
    char mechanisms[ENV_KEK_TEXT]; /* the ways to wrap that token and key allow */
    bool encrypt;
    bool decrypt;
    bool wrap;
    bool unwrap;
    bool sensitive;
    bool always_sensitive;
    bool extractable;
    bool never_extractable;
    bool private_object;
    bool local;         /* the token made it */
    bool may_open;      /* open-kek allows it */
    size_t modulus_len; /* the public half, of RSA */
    uint8_t modulus[ENV_KEK_MODULUS];
    size_t exponent_len;
    uint8_t exponent[8];
};

/* What a new KEK is to be like. */
struct env_kek_request {
    enum env_kek_type type;
    size_t bits;
    const char *label;    /* UTF-8, 1 to 255 bytes */
    const char *token;    /* a label or a pkcs11: URI that chooses the token, or NULL */
    struct env_kek_id id; /* len 0: 16 random bytes */
    bool same_label;      /* whether another KEK may have the label */
};

/*
 * Says whether what an unwrap gave is the message's data key: what a key made of a ciphertext
 * counts only when this holds. dek is NULL where an RSA ciphertext is bad: that takes as long then,
 * and does not hold. It is asked within the operation, before anything is done about a failure, so
 * that what the token is asked afterwards is the same whichever of the two it was.
 */
struct env_dek_check {
    bool (*holds)(void *arg, const uint8_t *dek);
    void *arg;
};

struct env_kek_vtable {
    void (*up_ref)(struct env_kek *kek);
    void (*free)(struct env_kek *kek);
    const struct env_kek_id *(*id)(const struct env_kek *kek);
    /* Wraps dek; fills all of *out. */
    ENV_RESULT(*wrap)
    (struct env_kek *kek, const uint8_t dek[ENV_DEK_LEN], struct env_wrapped *out);
    /*
     * Unwraps into dek what check (NULL: none) holds of. A ciphertext that does not verify, or that
     * it does not hold of, is ENV_FAIL(ENV_R_NOT_AUTHENTIC), not raised, with no detail. dek is as
     * it was then.
     */
    ENV_RESULT(*unwrap)
    (struct env_kek *kek, const struct env_wrapped *wrapped, const struct env_dek_check *check,
     uint8_t dek[ENV_DEK_LEN]);
    /* Whether unwrap can work at all: with a public half alone it can not. NULL: it can. */
    bool (*can_unwrap)(const struct env_kek *kek);
    /*
     * Key wrap of in_len bytes that the caller has judged by the standard; out has room for in_len
     * + ENV_RAW_SLACK bytes, of which the caller wipes all. What the token does not do as the
     * standard says is refused: WRAP_LENGTH, raised. A ciphertext that does not verify is
     * ENV_FAIL(ENV_R_WRAPPED_KEY), not raised, with no detail.
     */
    ENV_RESULT(*raw_wrap)
    (struct env_kek *kek, enum env_raw_wrap alg, const uint8_t *in, size_t in_len, uint8_t *out,
     size_t *out_len);
    ENV_RESULT(*raw_unwrap)
    (struct env_kek *kek, enum env_raw_wrap alg, const uint8_t *in, size_t in_len, uint8_t *out,
     size_t *out_len);
    /* All that is known of it, from memory: no token is asked. */
    void (*describe)(const struct env_kek *kek, struct env_kek_facts *facts);
    /*
     * Judges it by the policy, as select and lookup do: what find, list and generate of the keyring
     * gave may be unfit for use. Failures are raised.
     */
    ENV_RESULT (*accept)(struct env_kek *kek);
};

struct env_kek {
    const struct env_kek_vtable *vtable;
};

/* What names the KEKs to seal with: at most one of the two is set; none means the configured ones.
 */
struct env_selector {
    const char *name;   /* a label or a pkcs11: URI (from a parameter: shown in errors) */
    const char *marked; /* a label from the key bytes of EVP_CipherInit: never shown in errors */
    bool all;           /* of the configured KEKs none is optional */
};

struct env_kek_list {
    size_t count;
    struct env_kek *keks[ENV_KEK_RECIPIENTS_MAX];
    /* Sealing goes on without it when it is out of reach (env_kek_out_of_reach). */
    bool optional[ENV_KEK_RECIPIENTS_MAX];
};

/* Where KEKs come from. Failures are raised with their details. */
struct env_keyring;

typedef ENV_RESULT env_take_kek_fn(void *arg, struct env_kek *kek);

struct env_keyring_vtable {
    void (*free)(struct env_keyring *ring);
    /* The KEKs to seal with; the caller frees each with env_kek_list_clear. Selecting runs the
     * first-use self-test, so that nothing is sealed to a key that can not open it. */
    ENV_RESULT(*select)
    (struct env_keyring *ring, const struct env_selector *selector, struct env_kek_list *out);
    /*
     * The KEK that a header names. ENV_FAIL(ENV_R_KEK_NOT_HERE), not raised, when no configured
     * token has it; everything else (wrong PIN, a token that failed, policy) is raised.
     */
    ENV_RESULT(*lookup)
    (struct env_keyring *ring, const struct env_kek_id *id, enum env_wrap_alg alg,
     struct env_kek **out);
    /*
     * The one AES KEK of so many bits that the selector names, for raw_wrap and raw_unwrap: it may
     * be weaker than a DEK, everything else is as with select. ONE_KEK, KEK_LENGTH.
     */
    ENV_RESULT(*select_raw)
    (struct env_keyring *ring, const struct env_selector *selector, size_t bits,
     struct env_kek **out);
    /*
     * One KEK by its label or pkcs11: URI, fit for use or not, of any kind: KEK_NOT_FOUND,
     * KEK_AMBIGUOUS and the like are raised.
     */
    ENV_RESULT(*find)
    (struct env_keyring *ring, const char *name, struct env_kek **out);
    /* Hands each KEK that a pkcs11: URI matches (NULL: all of them) to take, which keeps a
     * reference of its own. */
    ENV_RESULT(*list)
    (struct env_keyring *ring, const char *uri, env_take_kek_fn *take, void *arg);
    /* Makes one in a token. */
    ENV_RESULT(*generate)
    (struct env_keyring *ring, const struct env_kek_request *request, struct env_kek **out);
};

struct env_audit;

struct env_keyring {
    const struct env_keyring_vtable *vtable;
    const struct env_audit *audit; /* where each use is recorded, or NULL; outlives the keyring */
};

/* Whether the token or the key could not be had, by the reason of a failure; never a refusal. */
static inline bool env_kek_out_of_reach(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_WRAP_FAILED:
    case ENV_R_UNWRAP_FAILED:
    case ENV_R_NO_MODULE:
    case ENV_R_NO_TOKEN:
    case ENV_R_TOKEN_FAILED:
    case ENV_R_PIN_WRONG:
    case ENV_R_PIN_MISSING:
    case ENV_R_PIN_LOCKED:
    case ENV_R_PIN_FINAL_TRY:
    case ENV_R_SESSIONS_EXHAUSTED:
        return true;
    default:
        return false;
    }
}

static inline void env_kek_free(struct env_kek *kek)
{
    if (kek != NULL)
        kek->vtable->free(kek);
}

static inline void env_kek_list_clear(struct env_kek_list *list)
{
    while (list->count > 0)
        env_kek_free(list->keks[--list->count]);
}

#endif
