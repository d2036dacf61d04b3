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

#include "envelope/base/dates.h"
#include "envelope/base/result.h"
#include "envelope/format/wrapped.h"

#define ENV_KEY_WRAP_MAX 4096u /* longest data that key wrap takes */
#define ENV_KEY_WRAP_SLACK 32u /* more than wrapping adds */

/* Key wrap of whatever the caller brings, for the ciphers ENVELOPE-AES-*-WRAP. */
enum env_key_wrap_kind {
    ENV_KEY_WRAP_KW,  /* RFC 3394: a multiple of 8 bytes from 16 */
    ENV_KEY_WRAP_KWP, /* RFC 5649: from 1 byte */
};

struct env_kek; /* starts with its vtable pointer */

/* ---- KEKs as they are shown ---- */

enum env_kek_type { ENV_KEK_AES, ENV_KEK_RSA };

#define ENV_KEK_TEXT 256u /* room for a label or the like */
#define ENV_KEK_URI 1280u /* room for a reference */
#define ENV_KEK_CHOSEN 512u
#define ENV_KEK_MODULUS 1024u /* bytes of the longest RSA modulus */

struct env_kek_info {
    enum env_kek_type type;
    size_t bits;
    struct env_kek_id id; /* len 0: it has none that could be a reference */
    char token[ENV_KEK_TEXT];
    char serial[20]; /* the token's: labels of tokens need not differ */
    char label[ENV_KEK_TEXT];
    char uri[ENV_KEK_URI];         /* finds it again; without a PIN */
    char mechanisms[ENV_KEK_TEXT]; /* the ways to wrap that token and key allow */
    char chosen[ENV_KEK_CHOSEN];   /* the one that it was found to wrap by, and what did not work
                                      before; empty: it has not been tried */
    bool encrypt;
    bool decrypt;
    bool wrap;
    bool unwrap;
    bool sensitive;
    bool always_sensitive;
    bool extractable;
    bool never_extractable;
    bool private_object;
    bool local;              /* the token made it */
    struct env_dates dates;  /* on which it may seal */
    enum env_reason refusal; /* why the configuration lets it not open: KEK_NOT_ALLOWED,
                                KEK_NOT_NAMED; NONE: it may */
    size_t modulus_len;      /* the public half, of RSA */
    uint8_t modulus[ENV_KEK_MODULUS];
    size_t exponent_len;
    uint8_t exponent[8];
};

/* What a KEK is called that was found and refused: for the audit log, and whoever asks why. */
struct env_refused_kek {
    bool known;
    struct env_kek_id id; /* len 0: it has none that could be a reference */
    char label[ENV_KEK_TEXT];
    char token[ENV_KEK_TEXT];
};

/* What a new KEK is to be like. */
struct env_kek_request {
    enum env_kek_type type;
    size_t bits;
    const char *label;      /* UTF-8, 1 to 255 bytes */
    const char *token;      /* a label or a pkcs11: URI that chooses the token, or NULL */
    struct env_kek_id id;   /* len 0: 16 random bytes */
    bool same_label;        /* whether another KEK may have the label */
    const char *copy_of;    /* the label or pkcs11: URI of the AES KEK that it copies, or NULL */
    bool unwraps_alone;     /* of a copy: it opens, and nobody can make it seal */
    struct env_dates dates; /* on which it may seal */
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
    /* Whether unwrap can work at all: not with a public half alone, nor where the configuration
     * does not let the key open. NULL: it can. */
    bool (*can_unwrap)(const struct env_kek *kek);
    /*
     * Key wrap of in_len bytes that the caller has judged by the standard; out has room for in_len
     * + ENV_KEY_WRAP_SLACK bytes, of which the caller wipes all. What the token does not do as the
     * standard says is refused: WRAP_LENGTH, raised. A ciphertext that does not verify is
     * ENV_FAIL(ENV_R_WRAPPED_KEY), not raised, with no detail.
     */
    ENV_RESULT(*key_wrap)
    (struct env_kek *kek, enum env_key_wrap_kind alg, const uint8_t *in, size_t in_len,
     uint8_t *out, size_t *out_len);
    ENV_RESULT(*key_unwrap)
    (struct env_kek *kek, enum env_key_wrap_kind alg, const uint8_t *in, size_t in_len,
     uint8_t *out, size_t *out_len);
    /* All that is known of it, from memory: no token is asked. */
    void (*describe)(const struct env_kek *kek, struct env_kek_info *info);
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
    const char *marked; /* a label from the key bytes of EVP_CipherInit */
    bool all;           /* of the configured KEKs none is optional */
    bool again;         /* what is known of versions is not so any more: they are looked for */
};

struct env_kek_list {
    size_t count;
    struct env_kek *keks[ENV_KEK_RECIPIENTS_MAX];
    /* Sealing goes on without it when it is out of reach (env_kek_out_of_reach). */
    bool optional[ENV_KEK_RECIPIENTS_MAX];
    bool by_version;                /* one is the newest version of several */
    struct env_refused_kek refused; /* where selecting failed */
};

/* What a list has to be before env_keyring.select fills it: long, so it is not zeroed whole. */
static inline void env_kek_list_init(struct env_kek_list *list)
{
    list->count = 0;
    list->by_version = false;
    list->refused.known = false;
}

/* Where KEKs come from. Failures are raised with their details. */
struct env_keyring;

typedef ENV_RESULT env_take_kek_fn(void *arg, struct env_kek *kek);

struct env_keyring_vtable {
    void (*free)(struct env_keyring *keyring);
    /* The KEKs to seal with; the caller frees each with env_kek_list_clear. Selecting runs the
     * first-use self-test, so that nothing is sealed to a key that cannot open it. */
    ENV_RESULT(*select)
    (struct env_keyring *keyring, const struct env_selector *selector, struct env_kek_list *out);
    /*
     * The KEK that a header names. ENV_FAIL(ENV_R_KEK_NOT_HERE), not raised, when no configured
     * token has it; everything else (wrong PIN, a token that failed, policy) is raised. refused
     * (NULL: nobody asks) is filled when it fails.
     */
    ENV_RESULT(*lookup)
    (struct env_keyring *keyring, const struct env_kek_id *id, enum env_wrap_alg alg,
     struct env_kek **out, struct env_refused_kek *refused);
    /* Whether lookup would answer from memory. NULL: not. */
    bool (*knows)(struct env_keyring *keyring, const struct env_kek_id *id, enum env_wrap_alg alg);
    /*
     * The one AES KEK of so many bits that the selector names, for key_wrap and key_unwrap: it may
     * be weaker than a DEK, everything else is as with select and lookup. ONE_KEK, KEK_LENGTH.
     */
    ENV_RESULT(*select_for_key_wrap)
    (struct env_keyring *keyring, const struct env_selector *selector, size_t bits,
     struct env_kek **out, struct env_refused_kek *refused);
    /*
     * One KEK by its label or pkcs11: URI, fit for use or not, of any kind: KEK_NOT_FOUND,
     * KEK_AMBIGUOUS and the like are raised.
     */
    ENV_RESULT(*find)
    (struct env_keyring *keyring, const char *name, struct env_kek **out);
    /* Hands each KEK that a pkcs11: URI matches (NULL: all of them) to take, which keeps a
     * reference of its own. */
    ENV_RESULT(*list)
    (struct env_keyring *keyring, const char *uri, env_take_kek_fn *take, void *arg);
    /*
     * Whether text is a list of names of KEKs, as key of the configuration has it: CONFIG_VALUE,
     * CONFIG_BAD_URI, raised. No token is asked. NULL: any text is.
     */
    ENV_RESULT(*judge_names)
    (struct env_keyring *keyring, const char *key, const char *text);
    /* Makes one in a token. */
    ENV_RESULT(*generate)
    (struct env_keyring *keyring, const struct env_kek_request *request, struct env_kek **out);
    /* Destroys a key on one token that generate of this process gave, and that nothing was sealed
     * with. NULL: there is no such thing. */
    ENV_RESULT (*destroy)(struct env_keyring *keyring, struct env_kek *kek);
};

struct env_audit;
struct env_state_watch;

struct env_keyring {
    const struct env_keyring_vtable *vtable;
    const struct env_audit *audit;  /* where each use is recorded, or NULL; outlives the keyring */
    struct env_state_watch *states; /* what state-file takes away, or NULL; the same */
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

/* Whether another version of the KEK may do what this one does not any more. */
static inline bool env_kek_was_replaced(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_KEK_DISABLED:
    case ENV_R_KEK_OPENS_ONLY:
    case ENV_R_KEK_NOT_YET:
    case ENV_R_KEK_EXPIRED:
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
